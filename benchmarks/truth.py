"""How much of what is in the recorded files comes out right: inventories of agents, SNMP walks, bills of materials, states.

    python -m benchmarks.truth [FIXTURES]

Each line counts answers of one kind over all files: *right* when ours is the expected one, *missing* when we say nothing,
*wrong* when we say something else. Where the recordings expect nothing (null), saying nothing is right and anything else wrong.
Ends with 1 when anything is wrong or missing.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cmdb.formats.batch import Batch
from cmdb.normalise import forms
from discovery.parsers import ParserRegister

FIXTURES = Path(__file__).resolve().parent.parent.parent / "shared" / "fixtures"
Verdicts = Counter[tuple[str, str, str]]
"""(kind of file, question, verdict) → how often."""
_GLPI = {
    "name": "name",
    "serial": "serial_number",
    "board_serial": "board_serial",
    "asset_tag": "asset_tag",
    "uuid": "system_uuid",
    "manufacturer": "manufacturer",
    "model": "model",
    "os_name": "os_name",
    "os_version": "os_version",
}
_SNMP = {"serial": "serial_number", "hardware": "model", "version": "os_version"}


def main() -> int:
    """0 when everything is right."""
    parser = argparse.ArgumentParser(description="recorded files: right, missing and wrong")
    parser.add_argument("folder", nargs="?", type=Path, default=FIXTURES)
    folder = parser.parse_args().folder
    verdicts: Verdicts = Counter()
    for judge in (_glpi, _snmp, _sbom, _terraform):
        judge(folder, verdicts)
    table = Table("files", "question", "asked", "right", "missing", "wrong", "right %", box=None)
    for kind, question in dict.fromkeys((kind, question) for kind, question, _ in verdicts):
        right, missing, wrong = (verdicts[kind, question, verdict] for verdict in ("right", "missing", "wrong"))
        asked = right + missing + wrong
        table.add_row(kind, question, str(asked), str(right), str(missing), str(wrong), f"{100 * right / asked:.1f}")
    Console(width=110).print(table)
    return int(any(count for (_, _, verdict), count in verdicts.items() if verdict != "right"))


def _verdict(expected: object, said: object) -> str:
    if said == expected:
        return "right"
    return "missing" if said in (None, [], 0, "") else "wrong"


def _read(format_name: str, path: Path) -> Batch:
    batch = Batch()
    parser = ParserRegister.from_entry_points().get(format_name)
    parser.read(io.BytesIO(path.read_bytes()), name=path.name, into=batch, options={})
    return batch


def _pairs(folder: Path, pattern: str, stem: Callable[[Path], str]) -> Iterator[tuple[Path, Any]]:
    for path in sorted(folder.glob(pattern)):
        expected = path.with_name(f"{stem(path)}.expected.json")
        if "expected" not in path.name and expected.is_file():
            yield path, json.loads(expected.read_text(encoding="utf-8"))


def _glpi(folder: Path, verdicts: Verdicts) -> None:
    for pattern in ("json/*.json", "own/*.json", "xml/*.xml"):
        for path, wanted in _pairs(folder / "glpi", pattern, lambda path: path.stem):
            if "query" not in wanted:
                continue
            batch = _read("glpi", path)
            device = batch.drafts[0]
            said = {"name": device.name, **device.attributes}
            for field, attribute in _GLPI.items():
                verdicts["GLPI inventories", "device fields", _verdict(wanted[field], said.get(attribute))] += 1
            ports = [draft for draft in batch.drafts if draft.class_name == "interface"]
            for number, port in enumerate(wanted["interfaces"]):
                mine = ports[number].attributes if number < len(ports) else {}
                ips = [forms.ip(address) for address in port["ips"] if address not in ("0.0.0.0", "::")]
                verdicts["GLPI inventories", "MAC of an interface", _verdict(port["mac"], mine.get("mac_address"))] += 1
                verdicts[
                    "GLPI inventories", "addresses of an interface", _verdict(ips, mine.get("ip_addresses", []))
                ] += 1
            counted = Counter(draft.class_name for draft in batch.drafts)
            links = Counter(link.type for link in batch.links)
            for question, expected, found in (
                ("programs", wanted["n_softwares"], links["INSTALLED_ON"]),
                ("databases", wanted["n_databases"], counted["database_schema"]),
                ("neighbours", len(wanted["lldp"]), links["CONNECTED_TO"]),
                ("ports", wanted["n_ports"] or len(wanted["interfaces"]), counted["interface"]),
                ("components", wanted.get("n_components"), counted["hardware_component"]),
            ):
                verdicts["GLPI inventories", f"number of {question}", _verdict(expected or 0, found)] += 1


def _snmp(folder: Path, verdicts: Verdicts) -> None:
    """Against what the recordings' own JSON says; some of its values join or rename what the device says, and count as wrong here."""
    for path in sorted((folder / "snmp" / "snmpsim").glob("*.snmprec")):
        document = json.loads((folder / "snmp" / "data" / f"{path.stem}.json").read_text(encoding="utf-8"))
        device = document["os"]["discovery"]["devices"][0]
        batch = _read("snmprec", path)
        for field, attribute in _SNMP.items():
            wanted = device[field]
            if wanted is not None and "<private>" not in str(wanted):
                verdicts["SNMP walks", attribute, _verdict(wanted, batch.drafts[0].attributes.get(attribute))] += 1
        ports = sum(draft.class_name == "interface" for draft in batch.drafts)
        verdicts[
            "SNMP walks", "number of interfaces", _verdict(len(document["ports"]["discovery"]["ports"]), ports)
        ] += 1


def _sbom(folder: Path, verdicts: Verdicts) -> None:
    for path, wanted in _pairs(folder / "sbom", "*.cdx.*", lambda path: path.name.partition(".cdx.")[0]):
        batch = _read("cyclonedx", path)
        counted = Counter(draft.class_name for draft in batch.drafts)
        links = Counter(link.type for link in batch.links)
        for question, expected, found in (
            ("components", wanted["n_components"], counted["software_product"]),
            ("services", wanted["n_services"], counted["application_service"]),
            ("dependencies", wanted["n_dependency_edges"] - wanted["n_dangling_refs"], links["DEPENDS_ON"]),
        ):
            verdicts["CycloneDX documents", f"number of {question}", _verdict(expected, found)] += 1


def _terraform(folder: Path, verdicts: Verdicts) -> None:
    for path, wanted in _pairs(folder / "terraform", "*.tfstate", lambda path: path.stem):
        found = {draft.local_id: draft for draft in _read("terraform", path).drafts}
        for one in wanted["instances"]:
            if one["mode"] == "managed":
                draft = found.get(one["address"])
                verdicts["Terraform states", "instances", "missing" if draft is None else "right"] += 1
                if one["name"] is not None and draft is not None:
                    verdicts["Terraform states", "names", _verdict(one["name"], draft.name)] += 1


if __name__ == "__main__":
    sys.exit(main())
