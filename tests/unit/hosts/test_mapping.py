"""Facts of a host as drafts, links and scopes."""

from __future__ import annotations

import datetime as dt

from cmdb.observation import Link, Observation, Scope, ScopeKind
from discovery.hosts.facts import (
    Connection,
    Dmi,
    FileSystem,
    HostFacts,
    Interface,
    Listener,
    Package,
    PackageType,
    Part,
    Process,
    Unit,
)
from discovery.hosts.mapping import Stamp, observations

STAMP = Stamp(source="ssh", run_id="run", at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC), network="lab")
SHOP = Process(name="gunicorn", unit="shop.service", user="www-data")
POSTGRES = Process(name="postgres", unit="postgresql@15-main.service", user="postgres")


def packages(count: int) -> tuple[Package, ...]:
    return tuple(
        Package(name=f"package-{number:05}", version="1", package_type=PackageType.DPKG) for number in range(count)
    )


def one(facts: HostFacts) -> Observation:
    (observation,) = observations(facts, STAMP)
    return observation


def test_identity_is_what_the_machine_says_of_itself() -> None:
    facts = HostFacts(
        class_name="server",
        hostname="db01",
        fqdn="db01.example.test",
        machine_id="0" * 31 + "1",
        dmi=Dmi(
            sys_vendor="Example",
            product_name="Rack 1",
            product_serial="S1",
            product_uuid="u",
            board_serial="B1",
            chassis_serial="C1",
        ),
        ssh_host_keys=("SHA256:b", "SHA256:a"),
        interfaces=(
            Interface(
                name="eth0", mac_address="52:54:00:00:00:01", addresses=("192.0.2.1",), interface_type="ethernet"
            ),
            Interface(name="lo", addresses=("127.0.0.1",), interface_type="loopback"),
            Interface(
                name="docker0", mac_address="02:42:00:00:00:01", addresses=("172.17.0.1",), interface_type="bridge"
            ),
        ),
    )
    host = one(facts).drafts[0]
    assert (host.class_name, host.name, host.attributes) == (
        "server",
        "db01",
        {
            "serial_number": "S1",
            "chassis_serial": "C1",
            "board_serial": "B1",
            "system_uuid": "u",
            "machine_id": "0" * 31 + "1",
            "fqdn": "db01.example.test",
            "mac_addresses": ["52:54:00:00:00:01"],
            "ip_addresses": ["192.0.2.1"],
            "ssh_host_keys": ["SHA256:a", "SHA256:b"],
            "manufacturer": "Example",
            "model": "Rack 1",
        },
    )


def test_interfaces_and_file_systems_are_inside_the_host() -> None:
    facts = HostFacts(
        class_name="host",
        hostname="a",
        interfaces=(Interface(name="eth0", mtu=1500, is_up=True, is_running=False),),
        file_systems=(FileSystem(mount_point="/", device="/dev/sda", file_system_type="ext4", size_bytes=10),),
    )
    assert [(draft.class_name, draft.name, draft.attributes) for draft in one(facts).drafts[1:]] == [
        ("interface", "eth0", {"host": "host", "mtu": 1500, "admin_state": "up", "oper_state": "down"}),
        ("file_system", "/", {"host": "host", "device": "/dev/sda", "file_system_type": "ext4", "size_bytes": 10}),
    ]


def test_a_service_runs_on_its_unit_and_the_unit_depends_on_the_remote_service() -> None:
    facts = HostFacts(
        class_name="server",
        hostname="app01",
        listeners=(Listener(protocol="tcp", port=8080, addresses=("0.0.0.0",), process=SHOP),),
        connections=(Connection(protocol="tcp", remote_address="192.0.2.9", remote_port=5432, process=SHOP),),
    )
    observation = one(facts)
    assert [(draft.local_id, draft.class_name, draft.name) for draft in observation.drafts[1:]] == [
        ("service:tcp/8080", "network_service", "tcp/8080"),
        ("instance:shop", "software_instance", "shop"),
        ("remote:192.0.2.9", "device", None),
        ("remote:192.0.2.9:tcp/5432", "network_service", "tcp/5432"),
    ]
    assert observation.links == (
        Link(source="service:tcp/8080", type="RUNS_ON", target="instance:shop"),
        Link(source="instance:shop", type="DEPENDS_ON", target="remote:192.0.2.9:tcp/5432"),
    )
    assert observation.drafts[-1].attributes == {"host": "remote:192.0.2.9", "port": 5432, "protocol": "tcp"}


def test_a_connection_over_loopback_leads_to_the_own_service() -> None:
    facts = HostFacts(
        class_name="server",
        hostname="all-in-one",
        listeners=(
            Listener(protocol="tcp", port=8080, addresses=("0.0.0.0",), process=SHOP),
            Listener(protocol="tcp", port=5432, addresses=("127.0.0.1",), process=POSTGRES),
        ),
        connections=(
            Connection(protocol="tcp", remote_address="127.0.0.1", remote_port=5432, process=SHOP),
            Connection(protocol="tcp", remote_address="127.0.0.1", remote_port=8080, process=SHOP),
        ),
    )
    depends = [link for link in one(facts).links if link.type == "DEPENDS_ON"]
    assert depends == [Link(source="instance:shop", type="DEPENDS_ON", target="service:tcp/5432")]


def test_a_connection_of_a_hidden_process_is_used_by_the_host() -> None:
    facts = HostFacts(
        class_name="server",
        hostname="a",
        connections=(Connection(protocol="tcp", remote_address="192.0.2.9", remote_port=443),),
    )
    assert one(facts).links == (Link(source="host", type="USES", target="remote:192.0.2.9:tcp/443"),)


def test_a_unit_that_neither_listens_nor_connects_is_an_instance() -> None:
    facts = HostFacts(class_name="server", hostname="a", units=(Unit(name="cron", description="Regular jobs"),))
    draft = one(facts).drafts[1]
    assert (draft.name, draft.attributes) == (
        "cron",
        {"host": "host", "unit": "cron.service", "description": "Regular jobs"},
    )


def test_packages_are_products_installed_on_the_host() -> None:
    facts = HostFacts(class_name="server", hostname="a", packages=packages(1))
    observation = one(facts)
    assert (observation.drafts[1].class_name, observation.drafts[1].name, observation.drafts[1].attributes) == (
        "software_product",
        "package-00000",
        {"version": "1", "package_type": "dpkg"},
    )
    assert observation.links == (Link(source=observation.drafts[1].local_id, type="INSTALLED_ON", target="host"),)


def test_scopes_cover_what_was_complete_and_nothing_else() -> None:
    facts = HostFacts(class_name="server", hostname="a", complete=frozenset({Part.INTERFACES, Part.PACKAGES}))
    assert one(facts).scopes == (
        Scope(kind=ScopeKind.CI_CLASS, class_name="interface", within="host"),
        Scope(kind=ScopeKind.RELATIONSHIPS, relationship_type="INSTALLED_ON", within="host"),
    )


def test_a_host_with_very_many_packages_is_several_observations_without_a_package_scope() -> None:
    facts = HostFacts(class_name="server", hostname="a", packages=packages(10_000), complete=frozenset({Part.PACKAGES}))
    found = observations(facts, STAMP)
    names = [
        draft.name for observation in found for draft in observation.drafts if draft.class_name == "software_product"
    ]
    assert (len(found), max(len(observation.drafts) for observation in found) <= 5_000) == (3, True)
    assert (len(names), len(set(names))) == (10_000, 10_000)
    assert [observation.drafts[0] for observation in found] == [found[0].drafts[0]] * 3
    assert [observation.scopes for observation in found] == [(), (), ()]


def test_the_stamp_is_on_every_observation() -> None:
    observation = one(HostFacts(class_name="server", hostname="a"))
    assert (observation.source, observation.run_id, observation.at, observation.network) == (
        "ssh",
        "run",
        STAMP.at,
        "lab",
    )
