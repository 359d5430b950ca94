"""Every import format through the real command: what lands, that importing again changes nothing, what is refused."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.shared import fixtures_path
from tests.support.command import Command

FILES = {
    "cyclonedx": ("sbom/dropwizard-1.3.15.cdx.xml", "sbom/cbom-example-with-dependencies.cdx.json"),
    "terraform": ("terraform/aws_lb_listener.tfstate", "terraform/multi_module_state.tfstate"),
    "glpi": ("glpi/json/computer_1.json", "glpi/xml/2.xml", "glpi/json/networkequipment_3.json"),
    "snmprec": ("snmp/snmpsim/iosxe_c9300.snmprec",),
    "nmap": ("nmap/os_scan5.xml",),
}
BAD = {
    "terraform": ("terraform/bad/empty.tfstate", "terraform/bad/invalid.tfstate"),
    "glpi": ("glpi/bad/truncated.json", "glpi/bad/no_content.json", "glpi/bad/entity.xml"),
    "cyclonedx": ("glpi/own/guest_app01.json", "nmap/hostile/billion_laughs.xml"),
    "snmprec": ("glpi/own/guest_app01.json",),
    "xlsx": ("glpi/own/guest_app01.json",),
}


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)


@pytest.mark.parametrize("format_name", FILES)
def test_importing_a_file_again_changes_nothing(command: Command, format_name: str) -> None:
    paths = [str(fixtures_path("") / name) for name in FILES[format_name]]
    first = command.run("import", format_name, *paths, "--json")
    assert first.code == 0, first.err
    landed = [line for line in first.documents() if "created" in line]
    assert [line["refused"] for line in landed] == [0] * len(paths)
    assert all(line["revision"] is not None and line["created"] > 0 for line in landed)
    again = command.run("import", format_name, *paths, "--json")
    assert again.code == 0, again.err
    assert [
        (line["revision"], line["created"], line["updated"]) for line in again.documents() if "created" in line
    ] == [(None, 0, 0)] * len(paths)


@pytest.mark.parametrize(("format_name", "name"), [(key, name) for key, names in BAD.items() for name in names])
def test_what_is_not_of_the_format_is_refused_with_one_line(command: Command, format_name: str, name: str) -> None:
    path = str(fixtures_path("") / name)
    done = command.run("import", format_name, path)
    assert (done.code, done.out) == (1, "")
    (line,) = done.said()
    assert line.startswith(f"cmdb: {path}")
    assert command.run("list", "configuration_item", "--json").out == ""


def test_the_guest_and_the_machine_that_its_host_lists_are_one(command: Command) -> None:
    own = fixtures_path("glpi") / "own"
    wanted = json.loads((own / "relations.expected.json").read_text(encoding="utf-8"))
    assert wanted["same_ci"] == [["hypervisor_kvm#virtualmachines/app01", "guest_app01"]]
    for name in ("guest_app01", "hypervisor_kvm"):
        assert command.run("import", "glpi", str(own / f"{name}.json")).code == 0
    (app01,) = [row for row in command.run("list", "host", "--json").documents() if row["name"] == "app01"]
    shown = command.run("show", app01["id"], "--json").document()
    assert shown["class"] == "virtual_machine"
    assert [(one["type"], one["ci"]["name"]) for one in shown["relationships"] if one["direction"] == "out"] == [
        ("RUNS_ON", "kvm1")
    ]
    names = sorted(row["name"] for row in command.run("list", "host", "--json").documents())
    assert names == ["app01", "app02", "kvm1"]


def test_a_table_names_machines_that_another_source_brought(command: Command, tmp_path: Path) -> None:
    assert command.run("import", "glpi", str(fixtures_path("glpi") / "own/hypervisor_kvm.json")).code == 0
    table = tmp_path / "vms.csv"
    table.write_text("Name;Serial;Runs on\nweb9;VM-9;kvm1\nweb8;VM-8;nowhere\n", encoding="utf-8")
    done = command.run("import", "csv", str(table), "--option", "class=virtual_machine")
    assert done.code == 1
    assert done.said() == [
        f"cmdb: {table}:3: 'nowhere' names no CI of this input or of the store; import it first, or correct the key"
    ]
    shown = command.run("show", "web9", "--json").document()
    assert [(one["type"], one["ci"]["name"]) for one in shown["relationships"]] == [("RUNS_ON", "kvm1")]


def test_secrets_of_a_state_do_not_reach_the_store(command: Command, tmp_path: Path) -> None:
    state = {
        "version": 4,
        "resources": [
            {
                "mode": "managed",
                "type": "aws_db_instance",
                "name": "main",
                "instances": [
                    {"attributes": {"id": "db-1", "password": "hunter2-not-to-be-kept", "engine": "postgres"}}
                ],
            }
        ],
    }
    path = tmp_path / "terraform.tfstate"
    path.write_text(json.dumps(state), encoding="utf-8")
    assert command.run("import", "terraform", str(path)).code == 0
    with sqlite3.connect(command.folder / "store.db") as connection:
        kept = "\n".join(connection.iterdump())
    connection.close()
    assert "postgres" in kept
    assert "hunter2" not in kept


def test_a_mapping_is_written_changed_and_used_and_the_result_is_mended_and_imported(
    command: Command, tmp_path: Path
) -> None:
    table, mapping, result = tmp_path / "a.csv", tmp_path / "a.yaml", tmp_path / "result.csv"
    table.write_text("Machine No;Serial;Bought\nm1;S1;2026-01-31\nm2;S2;03/04/2026\n", encoding="utf-8")
    assert command.run("import", "csv", str(table), "--write-mapping", str(mapping)).code == 0
    assert command.run("list", "server", "--json").out == ""
    text = mapping.read_text(encoding="utf-8")
    assert '"Machine No": "machine_no"' in text
    changed = text.replace('"machine_no"', '"name"').replace('"bought"', '"purchased_on"') + "class: server\n"
    mapping.write_text(changed.replace("columns:", "columns:", 1), encoding="utf-8")
    first = command.run("import", "csv", str(table), "--mapping", str(mapping), "--result", str(result))
    assert first.code == 1
    rows = result.read_text(encoding="utf-8").splitlines()
    assert rows[0] == "Machine No,Serial,Bought,cmdb_outcome,cmdb_ci,cmdb_reason"
    assert rows[1].startswith("m1,S1,2026-01-31,created,")
    assert rows[2].startswith("m2,S2,03/04/2026,refused,,")
    result.write_text("\n".join(rows).replace("03/04/2026", "2026-04-03"), encoding="utf-8")
    again = command.run("import", "csv", str(result), "--mapping", str(mapping), "--source", "csv", "--json")
    assert again.code == 0, again.err
    assert [line["outcome"] for line in again.documents() if "outcome" in line] == ["unchanged", "created"]
    assert command.run("show", "m2", "--json").document()["attributes"]["purchased_on"] == "2026-04-03"


def test_a_result_is_for_tables_only(command: Command, tmp_path: Path) -> None:
    done = command.run("import", "glpi", str(tmp_path / "x.json"), "--result", str(tmp_path / "y.csv"))
    assert done.code == 2
    assert "--result is for tables" in done.err
