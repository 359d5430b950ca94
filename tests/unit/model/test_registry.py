"""The registry: every class and type is complete, names are found, values are typed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.classes.spec import AttributeType, Family
from cmdb.errors import Invalid
from cmdb.registry import ROOT, default_registry
from cmdb.values import Value

REGISTRY = default_registry()

# contract.md, "Classes that files may name", then the layers of the design
NAMED_IN_FILES = [
    "device",
    "host",
    "server",
    "computer",
    "laptop",
    "virtual_machine",
    "container",
    "switch",
    "router",
    "firewall",
    "load_balancer",
    "wireless_access_point",
    "storage_array",
    "printer",
    "ups",
    "management_controller",
    "hypervisor",
    "cluster",
    "database",
    "application",
    "application_service",
    "business_service",
    "service_offering",
    "web_server",
    "application_server",
    "message_queue",
    "cache",
    "network_device",
    "interface",
    "disk",
    "file_system",
    "volume",
    "software_instance",
    "network_service",
    "hardware_component",
    "memory_module",
    "processor",
    "software_product",
    "subnet",
    "vlan",
    "certificate",
    "ip_address",
    "dns_name",
    "virtual_ip",
    "rack",
    "room",
    "building",
    "site",
    "pdu",
    "power_feed",
    "circuit",
    "cloud_account",
    "cloud_region",
    "cloud_instance",
    "vpc",
    "cloud_subnet",
    "security_group",
    "cloud_load_balancer",
    "bucket",
    "managed_database",
    "cloud_function",
    "kubernetes_cluster",
    "kubernetes_namespace",
    "kubernetes_node",
    "kubernetes_deployment",
    "kubernetes_stateful_set",
    "kubernetes_daemon_set",
    "kubernetes_pod",
    "kubernetes_service",
    "kubernetes_ingress",
    "person",
    "team",
    "organisation",
    "contract",
    "licence",
]

DEVICE_ATTRIBUTES = [
    "serial_number",
    "chassis_serial",
    "board_serial",
    "system_uuid",
    "machine_id",
    "fqdn",
    "name",
    "mac_addresses",
    "ip_addresses",
    "asset_tag",
    "ssh_host_keys",
    "site",
    "vrf",
    "members",
    "manufacturer",
    "model",
    "os_name",
    "os_version",
    "role",
    "virtual_system",
    "lifecycle",
]


@pytest.mark.parametrize("name", NAMED_IN_FILES)
def test_every_class_of_the_design_can_be_named(name: str) -> None:
    spec = REGISTRY.get(name)
    assert (spec.name, spec.is_abstract) == (name, False)


@pytest.mark.parametrize("spec", REGISTRY.classes(), ids=lambda spec: spec.name)
def test_every_class_is_complete(spec: object) -> None:
    found = REGISTRY.get(spec.name)  # type: ignore[attr-defined]
    assert found.description
    assert found.layer
    assert found.identity or found.identity_note
    assert found.name == ROOT or REGISTRY.ancestors(found.name)[-1] == ROOT
    assert found.family is not Family.DEPENDENT or (found.host_relationship and "host" in found.attributes)
    assert not found.is_dependent_with_host or (found.family is Family.LOGICAL and "host" in found.attributes)
    if found.host_relationship:
        assert found.host_relationship in {kind.name for kind in REGISTRY.relationship_types()}
    for attribute in found.attributes.values():
        assert attribute.description
        assert attribute.type is not AttributeType.OBJECTS or attribute.fields
        if attribute.name.endswith("_bytes"):
            assert attribute.unit == "By"


@pytest.mark.parametrize("name", [spec.name for spec in REGISTRY.classes() if spec.family is Family.DEVICE])
def test_every_device_takes_the_attributes_of_identity(name: str) -> None:
    assert [attribute for attribute in DEVICE_ATTRIBUTES if attribute not in REGISTRY.get(name).attributes] == []


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("vm", "virtual_machine"),
        ("VM", "virtual_machine"),
        ("VirtualMachine", "virtual_machine"),
        ("virtualmachine", "virtual_machine"),
        ("virtual-machine", "virtual_machine"),
        ("access_point", "wireless_access_point"),
        ("IpAddress", "ip_address"),
        ("IPAddress", "ip_address"),
        ("BusinessService", "business_service"),
        ("license", "licence"),
        ("k8s_pod", "kubernetes_pod"),
        ("DNSName", "dns_name"),
    ],
)
def test_a_class_is_found_by_every_spelling(spelling: str, expected: str) -> None:
    assert REGISTRY.get(spelling).name == expected


def test_an_unknown_class_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(Invalid, match=r"'sevrer'.*did you mean server"):
        REGISTRY.get("sevrer")


def test_an_endless_class_name_is_refused_in_a_short_message() -> None:
    with pytest.raises(Invalid) as refused:
        REGISTRY.get("x" * 1_000_000)
    assert len(str(refused.value)) < 300


def test_labels_are_the_class_and_its_parents() -> None:
    assert REGISTRY.labels("server") == ("CI", "Hardware", "Device", "Host", "Server")
    assert REGISTRY.labels("vm") == ("CI", "Device", "Host", "VirtualMachine")
    assert REGISTRY.labels("software_instance") == ("CI", "InsideDevice", "SoftwareInstance")


def test_what_is_specific_is_below_what_is_generic() -> None:
    assert REGISTRY.is_a("hypervisor", "host")
    assert REGISTRY.is_a("switch", "network_device")
    assert REGISTRY.is_a("laptop", "computer")
    assert REGISTRY.is_a("vm", "device")
    assert not REGISTRY.is_a("switch", "host")
    assert not REGISTRY.is_a("host", "server")
    assert REGISTRY.get("hypervisor").depth > REGISTRY.get("host").depth > REGISTRY.get("device").depth
    assert set(REGISTRY.subclasses("computer")) == {"computer", "laptop"}


def test_known_attributes_get_their_type_and_spelling() -> None:
    known, unknown, problems = REGISTRY.validate_attributes(
        "server",
        {
            "serial_number": " WK\x00-1 ",
            "cpu_count": "8",
            "memory_bytes": 17179869184.0,
            "mac_addresses": ["0011.2233.4455", "00:11:22:33:44:55", ""],
            "ip_addresses": ["10.0.0.2/24", "::ffff:10.0.0.1"],
            "system_uuid": "{00112233-4455-4677-8899-AABBCCDDEEFF}",
            "fqdn": "DB1.Example.NET.",
            "lifecycle": "In Stock",
            "members": [{"position": "1", "serial_number": "S1", "colour": "red"}],
            "tags": "one",
        },
    )
    assert problems == []
    assert unknown == {}
    assert known == {
        "serial_number": "WK-1",
        "cpu_count": 8,
        "memory_bytes": 17179869184,
        "mac_addresses": ["00:11:22:33:44:55"],
        "ip_addresses": ["10.0.0.1", "10.0.0.2"],
        "system_uuid": "00112233-4455-4677-8899-aabbccddeeff",
        "fqdn": "db1.example.net",
        "lifecycle": "in_stock",
        "members": [{"position": 1, "serial_number": "S1", "colour": "red"}],
        "tags": ["one"],
    }


def test_null_empty_and_blank_are_not_said() -> None:
    said: dict[str, Value] = {
        "serial_number": "",
        "model": "  ",
        "fqdn": None,
        "mac_addresses": [],
        "ip_addresses": ["", None],
        "cpu_count": " ",
        "x": {},
        "y": [None],
        "z": "\x00",
    }
    assert REGISTRY.validate_attributes("server", said) == ({}, {}, [])


def test_unknown_attributes_are_kept_as_they_were_said() -> None:
    said: dict[str, Value] = {"shoe_size": 42, "nested": {"a": [1, 2.5, True, "x\x07"]}, "big": 2**70}
    assert REGISTRY.validate_attributes("server", said) == (
        {},
        {"shoe_size": 42, "nested": {"a": [1, 2.5, True, "x"]}, "big": "1180591620717411303424"},
        [],
    )


def test_text_that_is_not_of_its_format_is_kept_as_it_is() -> None:
    known, _, problems = REGISTRY.validate_attributes(
        "device", {"mac_addresses": ["unknown"], "system_uuid": "Not Settable"}
    )
    assert (known, problems) == ({"mac_addresses": ["unknown"], "system_uuid": "Not Settable"}, [])


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("serial_number", 5),
        ("serial_number", True),
        ("serial_number", ["x"]),
        ("serial_number", {"x": 1}),
        ("serial_number", "x" * 65_537),
        ("serial_number", "é" * 40_000),
        ("mac_addresses", 5),
        ("mac_addresses", {"a": "b"}),
        ("mac_addresses", [5]),
        ("mac_addresses", [["00:11:22:33:44:55"]]),
        ("cpu_count", "many"),
        ("cpu_count", 1.5),
        ("cpu_count", True),
        ("cpu_count", [1]),
        ("cpu_count", 2**63),
        ("height_units", "tall"),
        ("height_units", "nan"),
        ("height_units", 10**400),
        ("lifecycle", "broken"),
        ("members", "one"),
        ("members", [1]),
        ("members", [{"serial_number": 5}]),
    ],
)
def test_a_wrong_type_is_a_problem_of_its_attribute(attribute: str, value: object) -> None:
    known, unknown, problems = REGISTRY.validate_attributes("server", {attribute: value, "model": "R1"})  # type: ignore[dict-item]
    assert [name for name, _ in problems] == [attribute]
    assert (known, unknown) == ({"model": "R1"}, {})


def test_a_text_of_64_kib_is_allowed_and_one_byte_more_is_not() -> None:
    assert REGISTRY.validate_attributes("server", {"notes": "x" * 65_536})[2] == []
    assert [name for name, _ in REGISTRY.validate_attributes("server", {"whatever": "x" * 65_537})[2]] == ["whatever"]


def test_nesting_deeper_than_100_is_a_problem() -> None:
    deep: object = "x"
    for _ in range(10_000):
        deep = [deep]
    assert [name for name, _ in REGISTRY.validate_attributes("server", {"deep": deep})[2]] == ["deep"]  # type: ignore[dict-item]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ATTRIBUTE_NAMES = st.sampled_from(
    [*DEVICE_ATTRIBUTES, "cpu_count", "height_units", "tags", "members", "other", "x\x00y"]
)


@given(st.dictionaries(ATTRIBUTE_NAMES, JSON, max_size=5))
def test_what_was_accepted_is_accepted_again_unchanged(said: dict[str, object]) -> None:
    known, unknown, problems = REGISTRY.validate_attributes("server", said)  # type: ignore[arg-type]
    assert REGISTRY.validate_attributes("server", {**known, **unknown}) == (known, unknown, [])
    assert {name for name, _ in problems} <= set(said)
    json.dumps([known, unknown]).encode("utf-8")


def test_json_schema_says_type_unit_weight_and_identity() -> None:
    schema = REGISTRY.json_schema("Server")
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert properties["memory_bytes"]["x-unit"] == "By"
    assert properties["memory_bytes"]["anyOf"] == [{"type": "integer"}, {"type": "null"}]
    assert properties["serial_number"]["x-identity"] is True
    assert properties["name"]["x-weight"] == "required"
    assert (schema["title"], schema["x-class"], schema["x-family"]) == ("Server", "server", "device")
