"""Health over a small estate, counted by hand, on every store."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from cmdb.entities import Kind
from cmdb.errors import Invalid
from cmdb.formats.batch import Batch
from cmdb.formats.graph_reader import read_graph
from cmdb.health.answers import health_document
from cmdb.health.assessment import Assessment, assess
from cmdb.health.audits import Severity, load_audits
from cmdb.health.keeping import Daily, keep, kept
from cmdb.health.services import parts_of
from cmdb.ingest import Ingest
from cmdb.lookup import find_ci
from cmdb.observation import Observation
from cmdb.reconcile.plan import Reconciler
from cmdb.reconcile.precedence import Policy
from cmdb.registry import default_registry
from cmdb.store.protocol import Store
from cmdb.values import Value

REGISTRY = default_registry()
NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
OLD = NOW - dt.timedelta(days=31)
FRESH: list[dict[str, Value]] = [
    {"ci": {"id": "shop", "class": "business_service", "name": "Shop", "attributes": {"owner": "sales"}}},
    {"ci": {"id": "web", "class": "application", "name": "web"}},
    {"ci": {"id": "s1", "class": "server", "name": "s1", "attributes": {"serial_number": "S1", "site": "b"}}},
    {
        "ci": {
            "id": "s2",
            "class": "server",
            "name": "s2",
            "attributes": {"ip_addresses": ["10.0.0.2"], "os_name": "CentOS", "os_version": "7.9"},
        }
    },
    {"relationship": {"source": "shop", "type": "DEPENDS_ON", "target": "web"}},
    {"relationship": {"source": "web", "type": "RUNS_ON", "target": "s1"}},
]
STALE: list[dict[str, Value]] = [
    {"ci": {"id": "old", "class": "server", "name": "old", "attributes": {"serial_number": "OLD"}}}
]


def imported(store: Store, rows: Sequence[Mapping[str, Value]], at: dt.datetime, source: str) -> None:
    batch = Batch()
    text = "\n".join(json.dumps(row) for row in rows)
    read_graph(io.BytesIO(text.encode()), name="estate.jsonl", into=batch)
    observation = Observation(source=source, run_id="run", at=at, drafts=tuple(batch.drafts), links=tuple(batch.links))
    done = Ingest(store, Reconciler(REGISTRY, Policy()), clock=lambda: NOW).submit(observation, by="tester")
    assert done.plan.problems == ()


@pytest.fixture
def estate(store: Store) -> Store:
    imported(store, FRESH, NOW, "graph")
    imported(store, STALE, OLD, "other")
    return store


def assessed(store: Store, **rest: object) -> Assessment:
    return assess(store, REGISTRY, load_audits(REGISTRY), now=NOW, **rest)  # type: ignore[arg-type]


def test_everything_is_counted(estate: Store) -> None:
    done = assessed(estate)
    assert done.cis == 5
    assert sorted(ci.name for ci in done.orphans) == ["old", "s2"]
    assert [ci.name for ci in done.stale] == ["old"]
    assert done.duplicates.surplus == 0
    assert done.correctness == 1 - 2 / 5
    results = {result.audit.name: (result.judged, result.failing) for result in done.audits}
    assert results["server-has-a-serial-number"] == (3, 1)
    assert results["server-has-a-place"] == (3, 2)
    assert results["machine-was-seen-in-thirty-days"] == (3, 1)
    assert results["operating-system-is-supported"] == (1, 1)
    assert results["application-runs-on-something"] == (1, 0)
    assert results["service-has-an-owner"] == (1, 0)
    assert results["business-service-says-how-critical-it-is"] == (1, 1)
    assert results["certificate-is-valid-for-thirty-days"] == (0, 0)
    assert done.classes["server"].tally.missing["fqdn"] == 3


def test_a_class_and_a_service_are_judged_by_themselves(estate: Store) -> None:
    servers = assessed(estate, class_name="server")
    assert (servers.cis, set(servers.classes)) == (3, {"server"})
    assert {"service-has-an-owner"} & {result.audit.name for result in servers.audits} == set()
    shop = find_ci(estate, REGISTRY, "Shop")
    ids, is_all = parts_of(estate, REGISTRY, shop)
    assert is_all
    found = assessed(estate, ids=ids)
    assert {name: one.tally.cis for name, one in found.classes.items()} == {
        "business_service": 1,
        "application": 1,
        "server": 1,
    }
    assert found.correctness == 1.0


def test_a_report_is_kept_for_each_day_and_replaced_within_it(estate: Store) -> None:
    document = health_document(assessed(estate))
    keep(estate, document, now=NOW)
    keep(estate, document, now=NOW + dt.timedelta(hours=1))
    keep(estate, document, now=NOW + dt.timedelta(days=1))
    days = kept(estate)
    assert [report["cis"] for report in days] == [5, 5]
    assert [one.id for one in estate.scan(Kind.HEALTH)] == ["2026-03-01", "2026-03-02"]
    audits = days[0]["audits"]
    assert isinstance(audits, dict)
    assert audits["server-has-a-serial-number"] == {"judged": 3, "failing": 1}


def test_of_two_servers_one_keeps_the_day(estate: Store) -> None:
    audits = load_audits(REGISTRY)
    one, other = (Daily(estate, REGISTRY, audits, owner=name, clock=lambda: NOW) for name in ("one", "other"))
    assert one.run()
    assert not other.run()
    assert len(kept(estate)) == 1


def test_an_empty_graph_is_healthy(store: Store) -> None:
    done = assessed(store)
    assert (done.cis, done.score) == (0, 1.0)


def test_twenty_audits_ship_and_a_site_changes_adds_and_drops_them(tmp_path: Path) -> None:
    site = tmp_path / "audits.yaml"
    site.write_text(
        "audits:\n"
        "  server-has-a-place: null\n"
        "  server-has-a-serial-number:\n    class: server\n    require: has(asset_tag)\n    severity: high\n"
        "  ours:\n    class: switch\n    when: has(site)\n    require: name.startsWith('sw')\n",
        encoding="utf-8",
    )
    assert len(load_audits(REGISTRY)) == 20
    audits = {audit.name: audit for audit in load_audits(REGISTRY, site)}
    assert len(audits) == 20
    assert "server-has-a-place" not in audits
    assert audits["server-has-a-serial-number"].severity is Severity.HIGH
    assert audits["ours"].class_name == "switch"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("audits:\n  a:\n    class: sever\n    require: has(name)\n", 3, "unknown class"),
        ("audits:\n  a:\n    class: server\n    require: has(serialnumber)\n", 4, "serial_number"),
        ("audits:\n  a:\n    class: server\n", 2, "lacks its require"),
        ("audits:\n  a:\n    class: server\n    require: has(name)\n    severty: low\n", 5, "unknown key"),
        ("audits:\n  a:\n    class: server\n    require: has(name)\n    severity: urgent\n", 5, "low, medium, high"),
        ("audits:\n  server-has-a-plaice: null\n", 2, "did you mean server-has-a-place"),
    ],
)
def test_a_file_of_audits_that_cannot_be_asked_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    site = tmp_path / "audits.yaml"
    site.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid, match=said) as caught:
        load_audits(REGISTRY, site)
    assert caught.value.place == f"{site}:{line}"
