"""Both readers of a live host, python-nmap and our own, say the same of every recorded host."""

from __future__ import annotations

import importlib.util
import shutil
from xml.etree import ElementTree as ET

import pytest

from scanners.nmap import make_interpreter
from scanners.nmap_program import HostSplitter
from scanners.nmap_xml import read_host
from tests.shared import fixtures_path, lack

RECORDED = (
    "1_hosts_banner_ports.xml",
    "2_hosts_version.xml",
    "dionaea_scan.xml",
    "os_scan5.xml",
    "odd/ipv6_and_mac.xml",
)


def live_hosts(name: str) -> list[bytes]:
    """The hosts of a recording as a running nmap would hand them over."""
    splitter = HostSplitter()
    parser = ET.XMLParser(target=splitter)
    parser.feed((fixtures_path("nmap") / name).read_bytes())
    return splitter.take()


@pytest.mark.parametrize("name", RECORDED)
def test_python_nmap_and_our_own_reader_agree(name: str) -> None:
    if importlib.util.find_spec("nmap") is None or shutil.which("nmap") is None:
        lack("python-nmap with nmap")
    interpret = make_interpreter()
    hosts = live_hosts(name)
    assert hosts
    for raw in hosts:
        ours, theirs = read_host(raw), interpret(raw)
        assert ours is not None
        assert theirs is not None
        assert [(port.port, port.state, port.service or None, port.product or None) for port in theirs.ports] == [
            (port.port, port.state, port.service or None, port.product or None) for port in ours.ports
        ]
        assert theirs.address == ours.address
        assert theirs.status == ours.status


def test_what_python_nmap_chokes_on_is_read_by_our_own_reader() -> None:
    raw = b'<host><status state="up"/><address addr="192.0.2.1" addrtype="ipv4"/><ports><port protocol="tcp" portid="9"/></ports></host>'
    assert make_interpreter()(raw) == read_host(raw)


@pytest.mark.parametrize("name", RECORDED)
def test_a_live_run_hands_over_the_hosts_that_the_file_holds(name: str) -> None:
    text = (fixtures_path("nmap") / name).read_text()
    assert len(live_hosts(name)) == text.count("<host>") + text.count("<host ")
