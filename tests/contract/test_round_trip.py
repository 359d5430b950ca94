"""`cmdb import graph` and `cmdb export graph` round-trip: from one kind of store to another, and back into its own."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cmdb.entities import Kind
from cmdb.formats.estate import generate_estate
from cmdb.formats.graph_reader import read_graph
from cmdb.formats.graph_writer import write_graph
from cmdb.importing import ImportOrder
from cmdb.registry import default_registry
from cmdb.store.neo4j.store import Neo4jStore
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from cmdb.values import Value
from tests.support import imports
from tests.support.imports import Imported
from tests.support.neo4j.emptying import empty

AT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
REGISTRY = default_registry()
Opening = Callable[[], contextlib.closing[Store]]


@pytest.fixture(params=["sqlite", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Opening:
    """Opens an empty store of another kind than SQLite in memory."""
    if request.param == "sqlite":
        numbers = iter(range(1000))
        return lambda: contextlib.closing(SqliteStore(str(tmp_path / f"other-{next(numbers)}.db")))
    server = request.getfixturevalue("neo4j_server")

    def opened() -> contextlib.closing[Store]:
        empty(server)
        return contextlib.closing(
            Neo4jStore(
                server.url,
                user=server.user,
                password=server.password,
                database="neo4j",
                labels_of=REGISTRY.labels,
            )
        )

    return opened


def imported(store: Store, text: str, *, at: dt.datetime = AT, source: str = "graph") -> Imported:
    order = ImportOrder(source=source, run_id="run", at=at, by="tester")
    return imports.imported(
        store,
        lambda into: read_graph(io.BytesIO(text.encode()), name="estate.jsonl", into=into),
        order,
        clock=lambda: max(AT, at),
    )


def exported(store: Store) -> str:
    return "".join(line + "\n" for line in write_graph(store, REGISTRY))


def check_it_travels(text: str, opened: Opening) -> str:
    """The export of an imported file, after it was found to be the same from every store that it went through."""
    with contextlib.closing(SqliteStore.in_memory()) as first:
        assert imported(first, text).refused == []
        once = exported(first)
    with opened() as second:
        assert imported(second, once).refused == []
        assert exported(second) == once
        check_it_comes_back(second, once)
    with contextlib.closing(SqliteStore.in_memory()) as third:
        assert imported(third, once).refused == []
        assert exported(third) == once
    return once


def check_it_comes_back(store: Store, once: str) -> None:
    """Importing a store's own export changes nothing."""
    revision = store.revision()
    again = imported(store, once, at=AT + dt.timedelta(hours=1))
    assert (again.refused, again.revision, store.revision()) == ([], None, revision)
    assert exported(store) == once


def ci(id_: str, class_name: str, name: str | None = None, native_key: str | None = None, **attributes: Value) -> str:
    document: dict[str, Value] = {"id": id_, "class": class_name, "attributes": attributes}
    if name is not None:
        document["name"] = name
    if native_key is not None:
        document["native_key"] = native_key
    return json.dumps({"ci": document}, ensure_ascii=False)


def link(source: str, type_: str, target: str, confidence: float = 1.0, **attributes: Value) -> str:
    body = {"source": source, "type": type_, "target": target, "attributes": attributes, "confidence": confidence}
    return json.dumps({"relationship": body}, ensure_ascii=False)


def group(of: str, members: list[str], **rest: Value) -> str:
    return json.dumps({"redundancy": {"of": of, "members": members, **rest}}, ensure_ascii=False)


RICH = "\n".join(
    [
        ci(
            "srv",
            "server",
            "Größe-01",
            "VM-42 ✓",
            serial_number="SGH123XYZ9",
            chassis_serial="CH-77120",
            board_serial="BRD-88311",
            system_uuid="4c4c4544-0051-3510-8052-b4c04f4e3232",
            machine_id="0123456789abcdef0123456789abcdef",
            fqdn="groesse-01.example.net",
            mac_addresses=["00:25:90:ab:cd:01", "00:25:90:ab:cd:02"],
            ip_addresses=["10.20.0.5", "2001:db8::5"],
            asset_tag="INV-2001",
            ssh_host_keys=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q"],
            site="Köln",
            vrf="blue",
            manufacturer="Dell Inc.",
            model="PowerEdge R640",
            os_name="Debian",
            os_version="12",
            role="database",
            cpu_count=32,
            memory_bytes=274877906944,
            description="two\nlines and „quotes“ \\ 😀",
            rack_note={"row": 7, "shelf": [1, 2.5, True], "deep": {"é": "ß"}},
            power_factor=0.1,
        ),
        ci("old", "server", "retired-7", lifecycle="retired", serial_number="RET-7"),
        ci("plan", "virtual_machine", "planned-1", lifecycle="planned", ip_addresses=["10.20.0.9"]),
        ci("maint", "hypervisor", "esx-1", lifecycle="maintenance", serial_number="ESX-1-A"),
        ci("stock", "switch", lifecycle="in_stock", serial_number="STOCK-9"),
        ci(
            "stack",
            "switch",
            "stack-1",
            members=[{"position": 1, "serial_number": "FOC1"}, {"position": 2, "serial_number": "FOC2"}],
        ),
        ci("addr", "device", ip_addresses=["192.0.2.77"]),
        ci("key", "server", native_key="only a key"),
        ci("vs", "firewall", "fw-a", serial_number="FW-1", virtual_system="tenant-a", manufacturer="Palo Alto"),
        ci("vs2", "firewall", "fw-b", serial_number="FW-1", virtual_system="tenant-b", manufacturer="Palo Alto"),
        ci("bmc", "management_controller", "bmc", host="srv", mac_addresses=["00:25:90:ab:cd:99"]),
        ci("box", "container", "cache", host="srv"),
        ci("nic", "interface", "eth0", host="srv", mac_address="00:25:90:ab:cd:01", ip_addresses=["10.20.0.5"]),
        ci("fs", "file_system", "/var/lib", host="srv", device="/dev/sda1", size_bytes=10**13),
        ci("unit", "software_instance", "postgresql", host="srv", user="postgres"),
        ci("port", "network_service", "tcp/5432", "p-5432", host="srv", port=5432, protocol="tcp"),
        ci("part", "hardware_component", "PSU 1", host="stack", serial_number="PSU-1"),
        ci("pkg", "software_product", "PostgreSQL", version="16.2", package_type="dpkg"),
        ci("net", "subnet", "blue net", cidr="10.20.0.0/24"),
        ci("vlan", "vlan", "servers", vlan_id=20),
        ci("app", "application", "Shop", "app-1"),
        ci("svc", "business_service", "Ordering"),
        ci("free", "database", "orders"),
        ci("db", "database", "orders", host="srv"),
        ci("cl", "cluster", "db cluster", "cl-1"),
        link("app", "DEPENDS_ON", "db", 0.4, note="ünï", ports=[5432, 5433], nested={"a": [1, {"b": None}]}),
        link("svc", "DEPENDS_ON", "app"),
        link("pkg", "INSTALLED_ON", "srv"),
        link("port", "RUNS_ON", "unit"),
        link("stack", "CONNECTED_TO", "srv", 0.75, source_port="Gi1/0/1", target_port="eth0", protocol="lldp"),
        link("cl", "DEPENDS_ON", "srv"),
        group("app", ["srv", "maint"], min_up=1, name="hosts"),
        group("app", ["maint", "key"], min_up_percent=33.3),
        group("svc", ["app", "db", "free"], min_up=0),
        group("svc", ["app", "db"], min_up=9, name="Ümläut"),
    ]
)


def test_a_file_of_every_family_round_trips(other: Opening) -> None:
    once = check_it_travels(RICH, other)
    documents = [json.loads(line) for line in once.splitlines()]
    assert sum("ci" in document for document in documents) == 25
    assert sum("redundancy" in document for document in documents) == 4
    by_name = {document["ci"].get("name"): document["ci"] for document in documents if "ci" in document}
    server = by_name["Größe-01"]
    assert server["native_key"] == "VM-42 ✓"
    assert server["attributes"]["rack_note"] == {"row": 7, "shelf": [1, 2.5, True], "deep": {"é": "ß"}}
    assert server["attributes"]["memory_bytes"] == 274877906944
    assert by_name["retired-7"]["attributes"]["lifecycle"] == "retired"
    assert by_name["eth0"]["attributes"]["host"] == server["id"]
    weak = [d["relationship"] for d in documents if d.get("relationship", {}).get("confidence") == 0.4]
    assert [(one["type"], one["attributes"]["note"]) for one in weak] == [("DEPENDS_ON", "ünï")]


def test_an_export_that_is_imported_into_its_own_store_makes_no_revision(two: Store) -> None:
    imported(two, RICH)
    check_it_comes_back(two, exported(two))


def test_a_generated_estate_round_trips(other: Opening) -> None:
    once = check_it_travels("\n".join(generate_estate(1200, seed=3)), other)
    assert sum('{"ci":' in line for line in once.splitlines()) == 1200


NAMES = st.sampled_from(["web", "WEB", "db-1", "ß", "Ω x", "a|b", "10.0.0.1", "x" * 70])
CLASSES = st.sampled_from(
    ["server", "device", "host", "switch", "virtual_machine", "application", "database", "cluster"]
)
DISPUTES = ("shared_identifier", "conflicting_evidence", "ambiguous_match")
LOGICAL = ("application", "database", "cluster")
SCALARS: st.SearchStrategy[Value] = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=8),
)
ANYTHING: st.SearchStrategy[Value] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "serial_number": st.sampled_from(["AA11", "aa11", "BB22", "CC33"]),
        "mac_addresses": st.lists(st.sampled_from(["00:25:90:00:00:01", "0025.9000.0002"]), max_size=2),
        "ip_addresses": st.lists(st.sampled_from(["10.0.0.1", "10.0.0.2", "2001:DB8::1"]), max_size=2),
        "fqdn": st.sampled_from(["a.example.net", "B.example.net"]),
        "site": st.sampled_from(["north", "south"]),
        "lifecycle": st.sampled_from(["planned", "in_stock", "live", "maintenance", "retired"]),
        "anything": ANYTHING,
    },
)
NATIVE_KEYS = st.none() | st.sampled_from(["k1", "K1", "k 2", "native:k"])


@st.composite
def files(draw: st.DrawFn) -> str:
    """Small files whose rows often meet in one CI."""
    count = draw(st.integers(1, 5))
    ids = [f"r{number}" for number in range(count)]
    classes = [draw(CLASSES) for _ in ids]
    lines = []
    for id_, class_name in zip(ids, classes, strict=True):
        native_key = draw(NATIVE_KEYS)
        # one key is one thing: a source does not give an application's key to a machine
        if native_key is not None and class_name in LOGICAL:
            native_key = f"{class_name} {native_key}"
        lines.append(ci(id_, class_name, draw(st.none() | NAMES), native_key, **draw(ATTRIBUTES)))
    machines = [id_ for id_, class_name in zip(ids, classes, strict=True) if class_name not in LOGICAL]
    hosts = draw(st.lists(st.sampled_from(machines), max_size=2)) if machines else []
    lines += [ci(f"i{place}", "interface", draw(NAMES), host=host) for place, host in enumerate(hosts)]
    ends = st.sampled_from(ids)
    lines += [
        link(draw(ends), draw(st.sampled_from(["DEPENDS_ON", "DEPENDS_ON"])), draw(ends), draw(st.floats(0, 1)))
        for _ in range(draw(st.integers(0, 3)))
    ]
    lines += [
        group(draw(ends), draw(st.lists(ends, min_size=1, max_size=3)), min_up=draw(st.integers(0, 3)))
        for _ in range(draw(st.integers(0, 2)))
    ]
    return "\n".join(lines)


@given(text=files())
@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_any_small_file_round_trips(text: str) -> None:
    with contextlib.closing(SqliteStore.in_memory()) as store:
        imported(store, text)
        # a file says what is, not which of its values a store found to be shared or disputed
        assume(not store.find(Kind.REVIEW, "kind", DISPUTES))
    check_it_travels(text, lambda: contextlib.closing(SqliteStore.in_memory()))


@pytest.fixture
def two(other: Opening) -> Iterator[Store]:
    """An open store of the other kind."""
    with other() as store:
        yield store


def test_keys_of_two_sources_stay_apart_in_an_export(two: Store) -> None:
    imported(two, ci("a", "server", "one", "7"), source="east")
    imported(two, ci("a", "server", "two", "7"), source="west")
    keys = sorted(json.loads(line)["ci"]["native_key"] for line in exported(two).splitlines())
    assert keys == ["east:7", "west:7"]
