"""Terraform states, as other projects recorded them: every managed instance, every dependency, no secret."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest

from cmdb.errors import Invalid
from cmdb.formats.batch import Batch
from cmdb.registry import default_registry
from scanners.terraform_import import TerraformParser
from tests.shared import fixtures_path

STATES = (
    "aws_lb_listener",
    "aws_state_cyclic",
    "aws_state_sgr",
    "aws_state_with_count",
    "google_compute_instance",
    "multi_module_state",
    "openstack_state_lb",
)


def read(raw: bytes) -> Batch:
    batch = Batch()
    TerraformParser().read(io.BytesIO(raw), name="x.tfstate", into=batch, options={})
    return batch


def state(*resources: dict[str, Any]) -> bytes:
    return json.dumps({"version": 4, "resources": list(resources)}).encode()


def resource(type_: str, name: str, attributes: dict[str, Any], **instance: Any) -> dict[str, Any]:
    return {
        "mode": "managed",
        "type": type_,
        "name": name,
        "provider": 'provider["registry.example/hashicorp/aws"].west',
        "instances": [{"attributes": attributes, **instance}],
    }


@pytest.mark.parametrize("name", STATES)
def test_every_managed_instance_becomes_a_ci_with_its_name_and_no_other(name: str) -> None:
    expected = json.loads((fixtures_path("terraform") / f"{name}.expected.json").read_text(encoding="utf-8"))
    batch = read((fixtures_path("terraform") / f"{name}.tfstate").read_bytes())
    managed = {one["address"]: one for one in expected["instances"] if one["mode"] == "managed"}
    assert {draft.local_id for draft in batch.drafts} == set(managed)
    assert batch.refused == []
    for draft in batch.drafts:
        wanted = managed[draft.local_id]
        assert draft.attributes["resource_type"] == wanted["type"]
        if wanted["name"] is not None:
            assert draft.name == wanted["name"]
        if wanted["private_ip"] is not None:
            assert wanted["private_ip"] in str(draft.attributes["ip_addresses"])


@pytest.mark.parametrize("name", STATES)
def test_every_dependency_on_a_managed_resource_becomes_a_relationship(name: str) -> None:
    expected = json.loads((fixtures_path("terraform") / f"{name}.expected.json").read_text(encoding="utf-8"))
    batch = read((fixtures_path("terraform") / f"{name}.tfstate").read_bytes())
    managed = [one["address"] for one in expected["instances"] if one["mode"] == "managed"]
    plain = {address: re.sub(r"\[[^\]]*\]$", "", address) for address in managed}
    edges = {
        (source, address)
        for source, needed in expected["dependencies"]
        for address in managed
        if source in plain and source != address and (plain[address] == needed or plain[address].endswith("." + needed))
    }
    assert {(link.source, link.target) for link in batch.links} == edges
    assert {link.type for link in batch.links} <= {"DEPENDS_ON"}


def test_secrets_of_a_state_are_never_read() -> None:
    raw = state(
        resource(
            "aws_db_instance",
            "main",
            {"id": "db-1", "password": "hunter2", "engine": "postgres", "address": "db.example.net", "username": "adm"},
            private="c2VjcmV0",
            sensitive_attributes=[[{"type": "get_attr", "value": "password"}]],
        ),
        resource("some_new_thing", "x", {"id": "1", "api_token": "tok-123"}),
    )
    batch = read(raw)
    kept = repr(batch)
    assert "hunter2" not in kept
    assert "c2VjcmV0" not in kept
    assert "tok-123" not in kept
    assert (batch.drafts[0].class_name, batch.drafts[0].attributes["product"]) == ("database", "postgres")
    assert batch.drafts[0].attributes["provider"] == "aws"


def test_an_instance_whose_creation_failed_is_refused_and_the_rest_lands() -> None:
    broken = {"mode": "managed", "type": "aws_vpc", "name": "v", "instances": [{"status": "tainted"}]}
    batch = read(state(broken, resource("aws_instance", "a", {"id": "i-1"})))
    assert [draft.local_id for draft in batch.drafts] == ["aws_instance.a"]
    assert [refused.local_id for refused in batch.refused] == ["aws_vpc.v"]


def test_a_volume_says_its_size_in_bytes() -> None:
    batch = read(state(resource("aws_ebs_volume", "v", {"id": "vol-1", "size": 8})))
    assert batch.drafts[0].attributes["size_bytes"] == 8589934592


@pytest.mark.parametrize("name", ["empty.tfstate", "invalid.tfstate"])
def test_what_is_no_state_of_version_4_is_refused(name: str) -> None:
    expected = json.loads((fixtures_path("terraform") / "bad/expected.json").read_text(encoding="utf-8"))
    assert expected[name]["must"] == "refuse"
    with pytest.raises(Invalid):
        read((fixtures_path("terraform") / "bad" / name).read_bytes())


def test_every_class_and_attribute_of_the_table_is_of_the_registry() -> None:
    registry = default_registry()
    samples = {
        "aws_instance": "cloud_instance",
        "aws_vpc": "vpc",
        "aws_lb": "cloud_load_balancer",
        "odd_thing": "cloud_resource",
    }
    for type_, class_name in samples.items():
        (draft,) = read(state(resource(type_, "x", {"id": "1"}))).drafts
        assert draft.class_name == class_name
        assert registry.get(draft.class_name).name == class_name
