"""Relationship types: the table of failure, and which pairs are allowed."""

from __future__ import annotations

import pytest

from cmdb.errors import Invalid
from cmdb.registry import default_registry

REGISTRY = default_registry()


def _is_allowed(type_: str, source: str, target: str) -> bool:
    try:
        REGISTRY.check_pair(type_, source, target)
    except Invalid:
        return False
    return True


# the table of the design: type, target down, source down, degraded travels
TABLE = [
    ("DEPENDS_ON", "down", None, "target_to_source"),
    ("RUNS_ON", "down", None, "target_to_source"),
    ("HOSTED_BY", "down", None, "target_to_source"),
    ("STORED_ON", "down", None, "target_to_source"),
    ("POWERED_BY", "down", None, "target_to_source"),
    ("USES", "degraded", None, None),
    ("PART_OF", "down", "degraded", "source_to_target"),
    ("MEMBER_OF", None, "degraded", "source_to_target"),
    ("LOCATED_IN", "down", None, None),
    ("CONNECTED_TO", None, None, None),
    ("INSTALLED_ON", None, None, None),
    ("OWNED_BY", None, None, None),
    ("SUPPORTED_BY", None, None, None),
    ("COVERED_BY", None, None, None),
]


@pytest.mark.parametrize(("name", "target_down", "source_down", "degraded"), TABLE, ids=[row[0] for row in TABLE])
def test_failure_travels_as_the_design_says(
    name: str, target_down: str | None, source_down: str | None, degraded: str | None
) -> None:
    kind = REGISTRY.relationship_type(name)
    assert (kind.target_down, kind.source_down, kind.degraded_travels) == (target_down, source_down, degraded)


def test_types_beyond_the_design_carry_no_failure() -> None:
    others = [kind for kind in REGISTRY.relationship_types() if kind.name not in {row[0] for row in TABLE}]
    assert [kind.name for kind in others if kind.target_down or kind.source_down or kind.degraded_travels] == []
    assert others


def test_groups_of_the_whole_speak_for_parts_and_members_only() -> None:
    assert {kind.name for kind in REGISTRY.relationship_types() if kind.redundancy_of_whole} == {"PART_OF", "MEMBER_OF"}


@pytest.mark.parametrize("kind", REGISTRY.relationship_types(), ids=lambda kind: kind.name)
def test_every_type_is_described_and_joins_known_classes(kind: object) -> None:
    found = REGISTRY.relationship_type(kind.name)  # type: ignore[attr-defined]
    assert found.description
    assert found.pairs
    assert all(REGISTRY.get(name).name == name for pair in found.pairs for name in pair)


@pytest.mark.parametrize(
    "spec", [spec for spec in REGISTRY.classes() if spec.host_relationship], ids=lambda spec: spec.name
)
def test_what_is_inside_a_host_may_point_at_it(spec: object) -> None:
    found = REGISTRY.get(spec.name)  # type: ignore[attr-defined]
    host = {"database_schema": "database"}.get(found.name, "device")
    assert _is_allowed(found.host_relationship or "", found.name, host)


@pytest.mark.parametrize(
    "pair",
    [
        "software_product INSTALLED_ON server",
        "network_service RUNS_ON software_instance",
        "software_instance RUNS_ON host",
        "network_service RUNS_ON device",
        "software_instance DEPENDS_ON network_service",
        "host USES network_service",
        "device CONNECTED_TO switch",
        "switch CONNECTED_TO device",
        "subnet CONNECTED_TO router",
        "application RUNS_ON host",
        "database RUNS_ON virtual_machine",
        "database RUNS_ON cluster",
        "virtual_machine RUNS_ON hypervisor",
        "virtual_machine RUNS_ON server",
        "container RUNS_ON virtual_machine",
        "application_service HOSTED_BY cluster",
        "server LOCATED_IN rack",
        "rack LOCATED_IN room",
        "room PART_OF building",
        "interface PART_OF switch",
        "management_controller PART_OF server",
        "server POWERED_BY pdu",
        "pdu POWERED_BY ups",
        "ups POWERED_BY power_feed",
        "database STORED_ON storage_array",
        "switch MEMBER_OF stack",
        "server MEMBER_OF cluster",
        "hypervisor MEMBER_OF cluster",
        "business_service DEPENDS_ON application_service",
        "service_offering PART_OF business_service",
        "kubernetes_pod RUNS_ON kubernetes_node",
        "kubernetes_node MEMBER_OF kubernetes_cluster",
        "dns_name RESOLVES_TO ip_address",
        "ip_address PART_OF subnet",
        "certificate INSTALLED_ON network_service",
        "server OWNED_BY team",
        "server COVERED_BY support_contract",
        "software_product COVERED_BY licence",
        "rack DEPENDS_ON person",
    ],
)
def test_pairs_that_people_expect_are_allowed(pair: str) -> None:
    source, type_, target = pair.split()
    assert _is_allowed(type_, source, target)


@pytest.mark.parametrize(
    "pair",
    [
        "server RUNS_ON database",
        "server INSTALLED_ON server",
        "business_service LOCATED_IN rack",
        "rack LOCATED_IN server",
        "host OWNED_BY host",
        "person RUNS_ON server",
        "rack POWERED_BY person",
        "business_service CONNECTED_TO switch",
        "server COVERED_BY server",
    ],
)
def test_pairs_without_meaning_are_refused(pair: str) -> None:
    source, type_, target = pair.split()
    with pytest.raises(Invalid, match=f"{type_} does not join {source} to {target}; "):
        REGISTRY.check_pair(type_, source, target)


def test_a_refused_pair_says_what_would_be_allowed() -> None:
    with pytest.raises(
        Invalid, match="LOCATED_IN does not join server to database; server may point at place, enclosure"
    ):
        REGISTRY.check_pair("LOCATED_IN", "server", "database")


@pytest.mark.parametrize("spelling", ["RUNS_ON", "runs_on", "Runs-On", "runs on"])
def test_a_type_is_found_whatever_its_case(spelling: str) -> None:
    assert REGISTRY.relationship_type(spelling).name == "RUNS_ON"


def test_an_unknown_type_is_refused_with_the_nearest() -> None:
    with pytest.raises(Invalid, match=r"'DEPENDSON'.*did you mean DEPENDS_ON"):
        REGISTRY.relationship_type("DEPENDSON")
