"""An input that takes several change sets lands as one that takes one, is rehearsed as it would land, and is told row by row."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json

import pytest

from cmdb.entities import CI, Kind, Relationship
from cmdb.errors import Invalid
from cmdb.formats.estate import generate_estate
from cmdb.formats.graph_reader import read_graph
from cmdb.importing import ImportOrder
from cmdb.observation import Observation
from cmdb.spool.intake import Spool
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from cmdb.values import Value
from tests.support.imports import REGISTRY, Imported, imported

AT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def ci(id_: str, class_: str = "server", **more: Value) -> str:
    return json.dumps({"ci": {"id": id_, "class": class_, **more}})


def link(source: str, target: str, type_: str = "DEPENDS_ON") -> str:
    return json.dumps({"relationship": {"source": source, "type": type_, "target": target}})


def landed(
    store: Store, lines: list[str], *, rows: int, at: dt.datetime = AT, dry: bool = False, strict: bool = False
) -> Imported:
    order = ImportOrder(source="graph", run_id="run", at=at, by="tester", is_dry_run=dry, is_strict=strict)
    text = "\n".join(lines).encode()
    return imported(
        store,
        lambda into: read_graph(io.BytesIO(text), name="estate.jsonl", into=into),
        order,
        clock=lambda: at,
        piece_rows=rows,
    )


def shape(store: Store) -> tuple[set[tuple[str, str]], set[tuple[str, str, str]]]:
    """CIs by class and name, relationships by the names of their ends."""
    cis = {entity.id: entity for entity in store.scan(Kind.CI) if isinstance(entity, CI)}
    edges = [entity for entity in store.scan(Kind.RELATIONSHIP) if isinstance(entity, Relationship)]
    return (
        {(one.class_name, one.name) for one in cis.values()},
        {(cis[edge.source].name, edge.type, cis[edge.target].name) for edge in edges},
    )


def test_an_estate_in_many_pieces_is_the_estate_in_one(store: Store) -> None:
    lines = list(generate_estate(120, seed=3))
    in_pieces = landed(store, lines, rows=25)
    with contextlib.closing(SqliteStore.in_memory()) as other:
        at_once = landed(other, lines, rows=5000)
        assert shape(store) == shape(other)
    assert (in_pieces.totals, in_pieces.links, in_pieces.refused) == (at_once.totals, at_once.links, [])
    assert in_pieces.totals["created"] == 120
    revision = store.revision()
    again = landed(store, lines, rows=25, at=AT + dt.timedelta(days=1))
    assert (again.totals["unchanged"], again.revision, store.revision()) == (120, None, revision)


def test_rows_are_told_in_the_order_of_the_input_whatever_order_they_landed_in(store: Store) -> None:
    lines = [
        ci("disk", "disk", name="sda", attributes={"host": "box"}),
        ci("app", "application", name="app"),
        ci("box", name="box"),
    ]
    done = landed(store, lines, rows=1)
    assert [(row.local_id, row.outcome) for row in done.rows] == [
        ("disk", "created"),
        ("app", "created"),
        ("box", "created"),
    ]


def test_rows_of_different_pieces_that_meet_in_one_ci_share_its_outcome(store: Store) -> None:
    serial = {"serial_number": "SN-77120-A"}
    lines = [ci("a", name="box", attributes=serial), ci("other", name="other"), ci("b", name="box", attributes=serial)]
    done = landed(store, lines, rows=1)
    assert [row.outcome for row in done.rows] == ["created", "created", "created"]
    assert (done.totals["created"], store.count(Kind.CI)) == (2, {"server": 2})


def test_a_dry_run_in_many_pieces_says_what_would_land_and_writes_nothing(store: Store) -> None:
    lines = list(generate_estate(60, seed=5))
    rehearsed = landed(store, lines, rows=10, dry=True)
    assert (store.revision(), store.count(Kind.CI)) == (0, {})
    real = landed(store, lines, rows=10)
    assert (rehearsed.totals, rehearsed.links) == (real.totals, real.links)
    assert not rehearsed.is_written
    assert [row.outcome for row in rehearsed.rows] == [row.outcome for row in real.rows]
    changed = [line.replace("site-0", "site-9") for line in lines]
    later = AT + dt.timedelta(days=1)
    rehearsed = landed(store, changed, rows=10, dry=True, at=later)
    assert rehearsed.totals == landed(store, changed, rows=10, at=later).totals


def test_strict_in_many_pieces_writes_nothing_for_one_pair_that_is_not_allowed(store: Store) -> None:
    lines = [ci("a", name="a"), ci("b", name="b"), ci("c", name="c"), link("a", "b"), link("a", "c", "NO_SUCH_TYPE")]
    done = landed(store, lines, rows=1, strict=True)
    assert (done.is_written, store.revision()) == (False, 0)
    assert [(item.line, "NO_SUCH_TYPE" in item.message) for item in done.refused] == [(5, True)]
    assert landed(store, lines[:4], rows=1, strict=True).totals["created"] == 3


def test_a_link_to_a_row_that_was_parked_in_another_piece_waits_with_it(store: Store) -> None:
    waiting = ci("disk", "disk", name="sda", attributes={"host": "later"})
    done = landed(store, [waiting, ci("app", "application", name="app"), link("app", "disk")], rows=1)
    assert (done.totals["parked"], done.links.parked, done.refused) == (1, 1, [])
    landed(store, [ci("later", name="later", native_key="later")], rows=1, at=AT + dt.timedelta(days=1))
    assert ("app", "DEPENDS_ON", "sda") in shape(store)[1]


def test_a_link_to_a_row_that_was_refused_or_never_there_says_which(store: Store) -> None:
    lines = [ci("a", name="a"), ci("bad", "no_such_class"), ci("c", name="c"), link("a", "bad"), link("a", "nobody")]
    done = landed(store, lines, rows=1)
    assert [(item.line, item.message.split(";")[0]) for item in done.refused[1:]] == [
        (4, "'bad' was refused, so nothing can refer to it"),
        (5, "'nobody' is no id of this input"),
    ]
    assert (done.links.refused, done.totals["refused"]) == (2, 1)


def test_an_id_that_stands_twice_refuses_the_second_row_however_far_apart(store: Store) -> None:
    lines = [ci("a", name="a"), *(ci(f"n{number}", name=f"n{number}") for number in range(1100)), ci("a", name="z")]
    done = landed(store, lines, rows=5000)
    assert [(item.line, item.local_id) for item in done.refused] == [(1102, "a")]
    assert (done.rows[0].outcome, done.rows[-1].outcome, done.totals["created"]) == ("created", "refused", 1101)


def test_an_input_beyond_the_limit_on_disk_is_refused_before_anything_lands() -> None:
    base = Observation(source="graph", run_id="run", at=AT)
    lines = "\n".join(ci(str(number), name="x" * 1000) for number in range(3000)).encode()
    with Spool(base, REGISTRY, limit_bytes=1024 * 1024) as spool, pytest.raises(Invalid, match="split it"):
        read_graph(io.BytesIO(lines), name="estate.jsonl", into=spool)
