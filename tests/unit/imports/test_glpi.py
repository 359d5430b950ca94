"""GLPI and FusionInventory inventories, as agents wrote them and as none should: field by field what a person expects."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cmdb.errors import Invalid
from cmdb.formats.batch import Batch
from cmdb.normalise import forms
from cmdb.observation import Draft, ScopeKind
from scanners.glpi_import import GlpiParser
from tests.shared import fixtures_path

EMPTY = {"0.0.0.0", "::"}
FIELDS = {
    "serial": "serial_number",
    "board_serial": "board_serial",
    "asset_tag": "asset_tag",
    "uuid": "system_uuid",
    "manufacturer": "manufacturer",
    "model": "model",
    "os_name": "os_name",
    "os_version": "os_version",
}


def inventories() -> list[Path]:
    folder = fixtures_path("glpi")
    found = [*folder.glob("json/*.json"), *folder.glob("xml/*.xml"), *folder.glob("own/*.json")]
    return sorted(path for path in found if "expected" not in path.name)


def expected(path: Path) -> Any:
    return json.loads(path.with_name(f"{path.stem}.expected.json").read_text(encoding="utf-8"))


def read(raw: bytes) -> Batch:
    batch = Batch()
    GlpiParser().read(io.BytesIO(raw), name="inventory", into=batch, options={})
    return batch


def written(content: dict[str, Any], **rest: Any) -> bytes:
    return json.dumps(
        {"action": "inventory", "deviceid": "pc-1", "itemtype": "Computer", "content": content, **rest}
    ).encode()


def of_class(batch: Batch, class_name: str) -> list[Draft]:
    return [draft for draft in batch.drafts if draft.class_name == class_name]


def test_every_inventory_gives_the_fields_of_its_machine() -> None:
    judged = 0
    for path in inventories():
        wanted, batch = expected(path), read(path.read_bytes())
        device = batch.drafts[0]
        assert batch.refused == [], path.name
        assert device.name == wanted["name"], path.name
        for field, attribute in FIELDS.items():
            judged += 1
            assert device.attributes.get(attribute) == wanted[field], (path.name, field)
        if wanted["fqdn"]:
            assert device.attributes.get("fqdn") == wanted["fqdn"], path.name
    assert judged == 8 * 22


def test_every_interface_has_its_name_its_mac_and_its_addresses() -> None:
    for path in inventories():
        wanted, batch = expected(path), read(path.read_bytes())
        drafts = of_class(batch, "interface")
        assert len(drafts) == len(wanted["interfaces"]), path.name
        for draft, port in zip(drafts, wanted["interfaces"], strict=True):
            name = port["name"]
            assert draft.name is not None
            assert draft.name == name or draft.name.startswith((f"{name} (", f"{name} #")), path.name
            assert draft.attributes.get("mac_address") == port["mac"], path.name
            ips = [forms.ip(address) for address in port["ips"] if address not in EMPTY]
            assert draft.attributes.get("ip_addresses", []) == ips, path.name


def test_software_guests_databases_ports_and_parts_are_counted() -> None:
    for path in inventories():
        wanted, batch = expected(path), read(path.read_bytes())
        classes = Counter(draft.class_name for draft in batch.drafts)
        installed = sum(link.type == "INSTALLED_ON" for link in batch.links)
        guests = sum(draft.local_id.startswith("guest:") for draft in batch.drafts)
        assert installed == (wanted["n_softwares"] or 0), path.name
        assert guests == (wanted["n_virtualmachines"] or 0), path.name
        assert classes["database_schema"] == (wanted["n_databases"] or 0), path.name
        assert classes["database"] == (wanted.get("n_database_services") or 0), path.name
        assert classes["hardware_component"] == (wanted.get("n_components") or 0), path.name


def test_neighbours_that_announce_themselves_wait_for_their_device() -> None:
    heard = 0
    for path in inventories():
        wanted, batch = expected(path), read(path.read_bytes())
        drafts = {draft.local_id: draft for draft in batch.drafts}
        links = [link for link in batch.links if link.type == "CONNECTED_TO"]
        assert len(links) == len(wanted["lldp"]), path.name
        for link, one in zip(links, wanted["lldp"], strict=True):
            heard += 1
            remote = drafts[link.target]
            assert remote.is_known_or_waits
            assert (remote.name, link.attributes.get("source_port"), link.attributes.get("target_port")) == (
                one["remote_name"],
                one["local_port"],
                one["remote_port"],
            )
            assert remote.attributes.get("ip_addresses", []) == ([one["remote_ip"]] if one["remote_ip"] else [])
            assert remote.attributes.get("mac_addresses", []) == ([one["remote_mac"]] if one["remote_mac"] else [])
    assert heard > 20


def test_a_text_that_is_no_mac_address_identifies_nothing() -> None:
    for path in inventories():
        wanted, batch = expected(path), read(path.read_bytes())
        macs = batch.drafts[0].attributes.get("mac_addresses", [])
        assert isinstance(macs, list)
        assert not set(macs) & set(wanted["invalid_macs"]), path.name
        assert len(batch.warnings) == len(wanted["invalid_macs"]), path.name


def test_a_partial_inventory_touches_only_its_sections() -> None:
    path = fixtures_path("glpi") / "json/computer_1_partial_softs.json"
    batch = read(path.read_bytes())
    assert expected(path)["partial"] is True
    assert {draft.class_name for draft in batch.drafts} == {"laptop", "software_product"}
    assert batch.drafts[0].is_reference
    assert [scope.kind for scope in batch.scopes] == [ScopeKind.RELATIONSHIPS]


def test_environment_command_lines_users_and_keys_are_never_kept() -> None:
    batch = read(
        written(
            {
                "hardware": {"name": "pc1", "winprodkey": "AAAA-KEY", "lastloggeduser": "somebody"},
                "envs": [{"key": "TOKEN", "val": "s3cret"}],
                "processes": [{"cmd": "mysqld --password=hunter2", "user": "root"}],
                "licenseinfos": [{"name": "Office", "key": "LLLL-KEY"}],
                "users": [{"login": "somebody"}],
            }
        )
    )
    kept = repr(batch)
    assert all(secret not in kept for secret in ("AAAA-KEY", "s3cret", "hunter2", "LLLL-KEY", "somebody"))
    assert batch.drafts[0].name == "pc1"


def test_the_machine_is_called_what_it_is() -> None:
    def called(vmsystem: str = "Physical", **rest: Any) -> str:
        hardware = {"name": "x", "vmsystem": vmsystem, "chassis_type": rest.pop("chassis", None)}
        return read(written({"hardware": hardware, **rest})).drafts[0].class_name

    assert called(chassis="Notebook") == "laptop"
    assert called(chassis="Rack Mount Chassis") == "server"
    assert called("VMware", chassis="Other") == "virtual_machine"
    assert called(bios={"smodel": "PowerEdge R650"}) == "server"
    assert called(virtualmachines=[{"name": "a", "vmtype": "kvm"}]) == "hypervisor"
    assert called(virtualmachines=[{"name": "a", "vmtype": "docker"}]) == "host"
    assert called() == "host"


@pytest.mark.parametrize("name", ["truncated.json", "no_content.json", "entity.xml"])
def test_what_is_no_inventory_is_refused(name: str) -> None:
    folder = fixtures_path("glpi") / "bad"
    assert json.loads((folder / "expected.json").read_text(encoding="utf-8"))["files"][name]["must"] == "refuse"
    with pytest.raises(Invalid):
        read((folder / name).read_bytes())


def test_sections_of_a_wrong_form_are_refused_and_none_is_guessed_at() -> None:
    batch = read((fixtures_path("glpi") / "bad/wrong_types.json").read_bytes())
    assert batch.drafts == []
    assert len(batch.refused) == 2


def test_one_wrong_section_leaves_the_others_standing() -> None:
    batch = read(written({"hardware": {"name": "pc1"}, "softwares": "none", "networks": [{"description": "eth0"}]}))
    assert [draft.name for draft in batch.drafts] == ["pc1", "eth0"]
    assert [refused.message for refused in batch.refused] == [
        "content.softwares is 'none' instead of a list; the section is left out"
    ]
