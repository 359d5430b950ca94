"""`cmdb export csv` and `cmdb import csv` round-trip, and no cell of an export runs in a spreadsheet."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import json
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmdb.entities import Kind
from cmdb.formats.batch import Intake
from cmdb.formats.csv_writer import safe, write_csv
from cmdb.formats.graph_reader import read_graph
from cmdb.importing import ImportOrder
from cmdb.registry import default_registry
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from scanners.csv_import import CsvParser
from scanners.table_rows import safe_text
from tests.contract.test_round_trip import RICH
from tests.support.imports import Imported, imported

AT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
REGISTRY = default_registry()
CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12).map(str.strip)


def landed(store: Store, read: Callable[[Intake], None], source: str) -> Imported:
    order = ImportOrder(source=source, run_id="run", at=AT, by="tester")
    return imported(store, read, order, clock=lambda: AT)


def from_graph(store: Store, text: str) -> Imported:
    return landed(store, lambda into: read_graph(io.BytesIO(text.encode()), name="estate.jsonl", into=into), "graph")


def from_csv(store: Store, text: str) -> Imported:
    return landed(
        store,
        lambda into: CsvParser().read(io.BytesIO(text.encode()), name="estate.csv", into=into, options={}),
        "csv",
    )


def exported(store: Store) -> str:
    return "".join(line + "\n" for line in write_csv(store, REGISTRY))


def test_a_table_of_every_family_comes_back_as_it_was(store: Store) -> None:
    with contextlib.closing(SqliteStore.in_memory()) as first:
        assert from_graph(first, RICH).refused == []
        once = exported(first)
        kept = {kind: len(first.scan(kind)) for kind in (Kind.CI, Kind.RELATIONSHIP)}
    assert from_csv(store, once).refused == []
    assert {kind: len(store.scan(kind)) for kind in (Kind.CI, Kind.RELATIONSHIP)} == kept
    assert exported(store) == once
    revision = store.revision()
    assert (from_csv(store, once).revision, store.revision()) == (None, revision)
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(once))}
    assert rows["Größe-01"]["ip_addresses"] == "10.20.0.5; 2001:db8::5"
    assert rows["Größe-01"]["attribute:power_factor"] == "0.1"
    assert rows["retired-7"]["lifecycle"] == "retired"
    assert rows["eth0"]["host"] == rows["Größe-01"]["id"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"notes": CELLS, "tags": st.lists(CELLS, max_size=3), "own": st.none() | CELLS | st.integers(-9, 9)}
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_text_comes_back_from_a_table(rows: list[dict[str, object]]) -> None:
    lines = [
        json.dumps({"ci": {"id": f"c{number}", "class": "server", "native_key": f"k{number}", "attributes": row}})
        for number, row in enumerate(rows)
    ]
    with contextlib.closing(SqliteStore.in_memory()) as first, contextlib.closing(SqliteStore.in_memory()) as second:
        assert from_graph(first, "\n".join(lines)).refused == []
        once = exported(first)
        assert from_csv(second, once).refused == []
        assert [ci.attributes for ci in second.list_cis().items] == [ci.attributes for ci in first.list_cis().items]


@given(st.text(st.sampled_from("'=+-@\t a1"), max_size=6).map(str.strip))
def test_no_cell_runs_and_each_reads_back(text: str) -> None:
    cell = safe(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert safe_text(cell) == text
