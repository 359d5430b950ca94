"""Hostile, odd and cut-off nmap documents through the real command; each recording says what must happen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.test_bad_input_graph import stored
from tests.shared import fixtures_path
from tests.support.command import Command

HOSTILE = (
    "billion_laughs.xml",
    "defused_et_local_includer.xml",
    "empty.xml",
    "not_xml.xml",
    "wrong_root.xml",
    "xxe_local_file.xml",
)
DOCUMENT = '<?xml version="1.0"?>\n<nmaprun scanner="nmap" start="1767225600" version="7.94">\n%s</nmaprun>%s'
HOST = (
    '<host><status state="up"/><address addr="%s" addrtype="ipv4"/>'
    '<ports><port protocol="tcp" portid="22"><state state="open"/></port></ports></host>\n'
)


def expected(name: str) -> Any:
    return json.loads((fixtures_path("nmap") / name).read_text(encoding="utf-8"))


def addresses_and_ports(command: Command) -> dict[str, set[str]]:
    """Addresses of what landed, each with its open ports."""
    found = stored(command)
    ports = {name for name, ci in found.items() if ci.class_name == "network_service"}
    return {
        str(address): ports
        for ci in found.values()
        if ci.class_name != "network_service"
        for address in ci.attributes.get("ip_addresses") or ()  # type: ignore[union-attr]
    }


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_refused_with_one_line_and_nothing_stored(command: Command, name: str) -> None:
    assert expected("hostile/expected.json")["files"][name]["must"] == "refuse"
    path = str(fixtures_path("nmap") / "hostile" / name)
    done = command.run("import", "nmap", path)
    assert (done.code, done.out) == (1, "")
    (line,) = done.said()
    assert line.startswith(f"cmdb: {path}")
    assert "root:" not in line  # the external entity is /etc/passwd
    assert stored(command) == {}


def test_impossible_values_are_told_row_by_row_and_the_rest_lands(command: Command) -> None:
    path = str(fixtures_path("nmap") / "hostile" / "bad_values.xml")
    done = command.run("import", "nmap", path)
    assert done.code == 1
    assert len(done.said()) == 3
    assert all(line.startswith(f"cmdb: {path}:") for line in done.said())
    keep = expected("hostile/expected.json")["files"]["bad_values.xml"]["keep"]
    assert addresses_and_ports(command) == {address: set(_spelled(ports)) for address, ports in keep.items()}


@pytest.mark.parametrize("name", ["exit_error", "host_timed_out", "ipv6_and_mac"])
def test_an_odd_document_lands_what_it_says(command: Command, name: str) -> None:
    done = command.run("import", "nmap", str(fixtures_path("nmap") / "odd" / f"{name}.xml"), "--json")
    said = expected(f"odd/{name}.expected.json")
    assert done.code == 0
    assert done.documents()[-1]["incomplete"] == (said["exit"] == "error")
    up = [host for host in said["hosts"] if host["status"] == "up"]
    wanted = {address for host in up for address in (*host["addresses"]["ipv4"], *host["addresses"]["ipv6"])}
    assert set(addresses_and_ports(command)) == wanted
    services = {ci.name for ci in stored(command).values() if ci.class_name == "network_service"}
    assert services == {f"{port['proto']}/{port['port']}" for host in up for port in host["open_ports"]}


def test_a_cut_off_document_keeps_the_hosts_that_were_closed(command: Command) -> None:
    done = command.run("import", "nmap", str(fixtures_path("nmap") / "partial" / "os_scan5_cut.xml"), "--json")
    said = expected("partial/os_scan5_cut.expected.json")
    assert done.code == 0
    assert done.documents()[-1]["incomplete"] is True
    up = [host for host in said["hosts"] if host["status"] == "up"]
    assert set(addresses_and_ports(command)) == {address for host in up for address in host["addresses"]["ipv4"]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (DOCUMENT % (HOST % "192.0.2.1", "<more/>"), "junk after document element"),
        (DOCUMENT % (HOST % "192.0.2.1", "words"), "junk after document element"),
        (DOCUMENT % (HOST % "192.0.2.1" + "<host><status></host>", ""), "mismatched tag"),
        (DOCUMENT % (HOST % "192.0.2.1" + "\x00", ""), "not well-formed"),
    ],
    ids=["an element after the root", "text after the root", "a wrong tag after a host", "a raw NUL"],
)
def test_a_fault_of_form_after_a_closed_host_refuses_the_document(command: Command, content: str, said: str) -> None:
    path = command.write("run.xml", content)
    done = command.run("import", "nmap", path)
    assert done.code == 1
    (line,) = done.said()
    assert line.startswith(f"cmdb: {path}:")
    assert said in line
    assert stored(command) == {}


def test_a_wrong_encoding_refuses_and_a_declared_one_is_honoured(command: Command) -> None:
    wrong = command.write("wrong.xml", DOCUMENT % (HOST % "192.0.2.1", "") + "<!-- \udce4 -->".replace("\udce4", "ä"))
    broken = command.write("broken.xml", (DOCUMENT % (HOST % "192.0.2.1", "<!-- ä -->")).encode("latin-1"))
    declared = (DOCUMENT % (HOST % "192.0.2.2", "<!-- ä -->")).replace('"1.0"', '"1.0" encoding="ISO-8859-1"')
    good = command.write("good.xml", declared.encode("latin-1"))
    assert command.run("import", "nmap", broken).code == 1
    assert stored(command) == {}
    assert command.run("import", "nmap", good).code == 0
    assert command.run("import", "nmap", wrong).code == 0
    assert set(addresses_and_ports(command)) == {"192.0.2.1", "192.0.2.2"}


@pytest.fixture
def command(tmp_path: Any) -> Command:
    return Command(tmp_path / "home")


def _spelled(ports: list[str]) -> list[str]:
    """`443/tcp` of nmap as the product names it."""
    return ["/".join(reversed(port.split("/"))) for port in ports]
