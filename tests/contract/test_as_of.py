"""Answers as of then: what was shown, listed, exported and computed while a random history was written is answered again."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.travel import travel_rules
from cmdb import documents
from cmdb.amending import Amender
from cmdb.entities import Kind
from cmdb.errors import CmdbError, NotFound
from cmdb.formats.csv_writer import write_csv
from cmdb.formats.graph_writer import write_graph
from cmdb.history.past import Past
from cmdb.history.timeline import history
from cmdb.lifecycle.retirement import Retirement
from cmdb.lookup import find_ci
from cmdb.observation import Draft
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.retelling import Window
from cmdb.repairs.merging import Repair
from cmdb.repairs.withdrawal import Withdrawal
from cmdb.store.protocol import Store, Then
from cmdb.store.sqlite.store import SqliteStore
from cmdb.store.view import View
from impact.blast_radius import blast_radius
from impact.graph import ImpactGraph
from tests.contract.store.builders import Clock
from tests.contract.store.opening import neo4j_store
from tests.support.neo4j.server import Neo4jServer
from tests.unit.reconcile.builders import REGISTRY, START, World, all_of, draft, observation

UNHURRIED = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large)
TRAVEL = travel_rules(REGISTRY)
MACHINES = ("m1", "m2", "m3")
NAMES = ("db", "web", "WEB", "db.example.net")


@dataclass(frozen=True)
class Step:
    """One thing that happens to the estate; `pick` and `other` choose among what there is."""

    act: str
    source: str
    machine: str
    name: str
    version: str
    day: int
    pick: int
    other: int


steps = st.builds(
    Step,
    st.sampled_from(("see", "see", "see", "see", "all", "merge", "unmerge", "delete", "withdraw", "again")),
    st.sampled_from(("ssh", "snmp", "vcenter")),
    st.sampled_from(MACHINES),
    st.sampled_from(NAMES),
    st.sampled_from(("1", "2")),
    st.integers(0, 40),
    st.integers(0, 5),
    st.integers(0, 5),
)


def _drafts(step: Step) -> list[Draft]:
    host = draft("server", "h", name=step.name, serial=f"SN-{step.machine}", os_version=step.version)
    service = draft("application_service", "s", name="shop", key="shop")
    port = draft("interface", "i", name="eth0", host="h", mtu=1500 + int(step.version))
    return [host, service, port] if step.other % 2 else [host, service]


def do(step: Step, world: World, said: list[Step]) -> None:
    """The step; what cannot be done now is not."""
    amender = Amender(world.store, REGISTRY, Policy(), clock=lambda: START + dt.timedelta(days=60))
    cis = world.cis()
    merged = [ci.id for ci in world.store.scan(Kind.CI) if getattr(ci, "merged_into", None) is not None]
    one = cis[step.pick % len(cis)].id if cis else ""
    other = cis[step.other % len(cis)].id if cis else ""
    match step.act:
        case "see":
            said.append(step)
            links = [("s", "DEPENDS_ON", "h")] if step.pick % 2 else []
            world.tell(observation(step.source, step.day, _drafts(step), links=links))
        case "again" if said:
            again = said[step.pick % len(said)]
            world.tell(observation(again.source, again.day + 1, _drafts(again)))
        case "all":
            world.tell(observation(step.source, step.day, _drafts(step)[:1], scopes=[all_of("server")]))
        case "merge" if one != other:
            Repair(amender).merge(one, other, by="anna")
        case "unmerge" if merged:
            Repair(amender).unmerge(merged[step.pick % len(merged)], by="anna")
        case "delete" if one:
            Retirement(amender).delete(one, by="anna", reason="sold")
        case "withdraw" if cis:
            Withdrawal(amender).withdraw(step.source, Window(None, None), by="anna", reason="wrong")
        case _:
            pass


def answers(view: View, ids: list[str], impact: Callable[[], ImpactGraph]) -> dict[str, object]:
    """Every answer in its document, by question."""
    given: dict[str, object] = {}
    for text in [*ids, *NAMES, "shop"]:
        try:
            ci = find_ci(view, REGISTRY, text)
        except CmdbError as error:
            given[text] = type(error)
            continue
        given[text] = documents.show(view, ci)
        given[f"history of {text}"] = list(history(view, ci.id))
    given["list"] = documents.list_rows(view, view.list_cis(limit=1000).items)
    given["live servers"] = documents.list_rows(
        view, view.list_cis(class_names=["server"], has_retired=False, limit=1000).items
    )
    given["graph"] = list(write_graph(view, REGISTRY))
    given["csv"] = list(write_csv(view, REGISTRY))
    graph = impact()
    for id_ in ids:
        try:
            radius = blast_radius(graph, (id_,)).to_document()
        except NotFound:
            given[f"impact of {id_}"] = NotFound
        else:
            given[f"impact of {id_}"] = {**radius, "revision": None}
    return given


def _is_by_name_of_today(text: str, answer: object) -> bool:
    """In the past what nothing was called then is found by its name of today."""
    return answer is NotFound and text in (*NAMES, "shop")


def check_answers_stay(history_of_steps: list[Step], store: Store) -> None:
    world = World(store)
    said: list[Step] = []
    recorded: list[tuple[Then, list[str], dict[str, object]]] = []
    for step in history_of_steps:
        with contextlib.suppress(CmdbError):
            do(step, world, said)
        then = store.then(store.revision())
        ids = sorted(ci.id for ci in store.scan(Kind.CI))
        recorded.append((then, ids, answers(store, ids, lambda: ImpactGraph.build(store, TRAVEL))))
    for then, ids, expected in recorded:
        found = answers(Past(store, then), ids, lambda then=then: ImpactGraph.as_of(store, then, TRAVEL))  # type: ignore[misc]
        for question, answer in expected.items():
            if not _is_by_name_of_today(question, answer):
                assert found[question] == answer, (then, question)


@settings(max_examples=40, deadline=None, suppress_health_check=UNHURRIED)
@given(st.lists(steps, min_size=2, max_size=12))
def test_sqlite_answers_as_it_did_then(history_of_steps: list[Step]) -> None:
    with contextlib.closing(SqliteStore.in_memory(clock=Clock())) as store:
        check_answers_stay(history_of_steps, store)


@pytest.mark.neo4j
@settings(max_examples=4, deadline=None, suppress_health_check=UNHURRIED)
@given(st.lists(steps, min_size=2, max_size=8))
def test_neo4j_answers_as_it_did_then(neo4j_server: Neo4jServer, history_of_steps: list[Step]) -> None:
    with contextlib.closing(neo4j_store(neo4j_server, clock=Clock())) as store:
        check_answers_stay(history_of_steps, store)
