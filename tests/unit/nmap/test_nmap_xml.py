"""nmap's XML files, as other projects recorded them and as nobody should write them."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections import Counter
from typing import BinaryIO

import pytest

from cmdb.errors import Invalid
from cmdb.formats.batch import Batch
from scanners.nmap_report import HostReport
from scanners.nmap_xml import ParsedNmap, read_nmap_drafts, read_nmap_xml
from tests.shared import fixtures_path

GOOD = (
    "1_host_ping",
    "1_hosts",
    "1_hosts_banner",
    "1_hosts_banner_ports",
    "1_hosts_banner_ports_xmas",
    "1_hosts_diff",
    "1_hosts_nohostname",
    "2_hosts_version",
    "2_null_hosts",
    "diff_1_host_ping_mac_changed",
    "dionaea_scan",
    "full_sudo5",
    "issue4406",
    "nmap_1port",
    "nmap_multiple_port",
    "os_scan5",
    "odd/exit_error",
    "odd/host_timed_out",
    "odd/ipv6_and_mac",
    "partial/os_scan5_cut",
)
REFUSED = (
    "billion_laughs.xml",
    "xxe_local_file.xml",
    "wrong_root.xml",
    "not_xml.xml",
    "empty.xml",
    "defused_et_local_includer.xml",
)
MEGABYTE = 1024 * 1024
HEAD = b'<?xml version="1.0"?>\n<nmaprun scanner="nmap" version="7.94" start="1767225600">\n'
HOST = b'<host><status state="up"/><address addr="192.0.2.1" addrtype="ipv4"/></host>\n'
TAIL = b'<runstats><finished time="1767225660" exit="success"/></runstats>\n</nmaprun>\n'


def parse(data: bytes, name: str = "scan.xml") -> ParsedNmap:
    return read_nmap_xml(io.BytesIO(data), name=name)


def parse_fixture(name: str) -> ParsedNmap:
    path = fixtures_path("nmap") / name
    with path.open("rb") as stream:
        return read_nmap_xml(stream, name=path.name)


def drafts_of(stream: BinaryIO, *, name: str) -> Batch:
    batch = Batch()
    read_nmap_drafts(stream, name=name, into=batch)
    return batch


def summary(parsed: ParsedNmap) -> dict[str, object]:
    """The document in the words of the expected JSON."""
    run, hosts = parsed.run, parsed.hosts
    return {
        "scanner": run.scanner,
        "version": run.version,
        "start": run.started,
        "finished": run.finished,
        "exit": run.exit,
        "n_hosts": len(hosts),
        "n_up": sum(host.is_up for host in hosts),
        "n_open_ports": sum(len(host.open_ports) for host in hosts),
        "hosts": [host_summary(host) for host in hosts],
    }


def host_summary(host: HostReport) -> dict[str, object]:
    best = host.best_os_match
    return {
        "status": host.status,
        "timed_out": host.is_timed_out,
        "addresses": {"ipv4": list(host.ipv4), "ipv6": list(host.ipv6), "mac": list(host.macs)},
        "hostnames": [name.name for name in host.names],
        "open_ports": [
            {
                "port": port.port,
                "proto": port.protocol,
                "service": port.service,
                "product": port.product,
                "version": port.version,
            }
            for port in host.open_ports
        ],
        "other_listed_ports": dict(Counter(port.state for port in host.ports if port.state != "open")),
        "os_best_match": {"name": best.name, "accuracy": best.accuracy} if best else None,
        "mac_vendor": host.mac_vendor,
    }


@pytest.mark.parametrize("name", GOOD)
def test_every_recorded_file_says_what_its_expected_json_says(name: str) -> None:
    expected = json.loads((fixtures_path("nmap") / f"{name}.expected.json").read_text())
    said = summary(parse_fixture(f"{name}.xml"))
    assert said == {key: value for key, value in expected.items() if key not in ("note", "complete")}


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_file_is_refused_with_its_place(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_fixture(f"hostile/{name}")
    assert refusal.value.place is not None
    assert refusal.value.place.startswith(name)


def test_every_hostile_file_is_in_one_of_the_lists() -> None:
    verdicts = json.loads((fixtures_path("nmap") / "hostile" / "expected.json").read_text())["files"]
    assert {name for name, verdict in verdicts.items() if verdict["must"] == "refuse"} == set(REFUSED)


def test_impossible_values_are_told_with_their_lines_and_the_rest_is_kept() -> None:
    parsed = parse_fixture("hostile/bad_values.xml")
    kept = {host.address: [f"{port.port}/{port.protocol}" for port in host.open_ports] for host in parsed.hosts}
    assert kept == {"192.0.2.67": ["443/tcp"]}
    assert [problem.line for problem in parsed.problems] == [7, 17, 18]


def test_a_cut_off_file_keeps_its_closed_hosts_and_is_incomplete() -> None:
    parsed = parse_fixture("partial/os_scan5_cut.xml")
    assert parsed.is_cut_off
    assert parsed.is_incomplete
    assert parsed.hosts


def test_a_run_that_ended_with_an_error_keeps_its_host_and_is_incomplete() -> None:
    parsed = parse_fixture("odd/exit_error.xml")
    assert not parsed.is_cut_off
    assert parsed.is_incomplete
    assert [host.address for host in parsed.hosts] == ["192.0.2.50"]


@pytest.mark.parametrize("length", range(len(HEAD) + len(HOST), len(HEAD + HOST + TAIL) - len("</nmaprun>\n"), 7))
def test_wherever_it_is_cut_after_a_host_that_host_is_kept(length: int) -> None:
    parsed = parse((HEAD + HOST + TAIL)[:length])
    assert parsed.is_cut_off
    assert [host.address for host in parsed.hosts] == ["192.0.2.1"]


@pytest.mark.parametrize("length", [1, 10, len(HEAD), len(HEAD) + 20])
def test_cut_off_before_the_first_host_closed_is_refused(length: int) -> None:
    with pytest.raises(Invalid, match="not well-formed"):
        parse((HEAD + HOST + TAIL)[:length])


@pytest.mark.parametrize(
    "rest", [b"garbage", b"<more/>", b"<?pi x?>", b"\0", b"<!-- open", b"<!DOCTYPE x>", b"</nmaprun>"]
)
def test_anything_but_blanks_and_comments_after_the_root_refuses(rest: bytes) -> None:
    with pytest.raises(Invalid, match=r"."):
        parse(HEAD + HOST + TAIL + rest)


def test_blanks_and_comments_after_the_root_are_fine() -> None:
    parsed = parse(HEAD + HOST + TAIL + b"  \n<!-- Nmap done -->\n")
    assert not parsed.is_incomplete
    assert len(parsed.hosts) == 1


def test_a_bare_doctype_and_an_external_one_are_read_without_fetching() -> None:
    body = b'<nmaprun version="7.94">' + HOST + TAIL
    bare = parse(b'<?xml version="1.0"?><!DOCTYPE nmaprun>' + body)
    external = parse(b'<?xml version="1.0"?><!DOCTYPE nmaprun SYSTEM "file:///dev/zero">' + body)
    assert summary(bare) == summary(external)
    assert len(external.hosts) == 1


@pytest.mark.parametrize(
    "declaration",
    [
        b'<!ENTITY a "b">',
        b'<!ENTITY % a "b">',
        b'<!ENTITY a SYSTEM "file:///etc/hostname">',
        b'<!ENTITY % a SYSTEM "http://127.0.0.1:9/x"> %a;',
    ],
)
def test_any_entity_declaration_refuses(declaration: bytes) -> None:
    with pytest.raises(Invalid, match="entities"):
        parse(b"<!DOCTYPE nmaprun [" + declaration + b"]><nmaprun>" + HOST + TAIL)


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("ISO-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("Shift_JIS", "shift_jis"),
        ("UTF-16", "utf-16"),
    ],
)
def test_a_declared_encoding_is_honoured(declared: str, codec: str) -> None:
    name = "ｹｰﾌﾞﾙ" if codec == "shift_jis" else "Zürich"
    text = f'<?xml version="1.0" encoding="{declared}"?><nmaprun><host><status state="up"/>'
    text += f'<address addr="192.0.2.1" addrtype="ipv4"/><hostnames><hostname name="{name}" type="PTR"/></hostnames></host></nmaprun>'
    (host,) = parse(text.encode(codec)).hosts
    assert [name.name for name in host.names] == [name]


@pytest.mark.parametrize(
    "start", [b'<?xml version="1.0" encoding="UTF-8"?>', b'<?xml version="1.0" encoding="gb2312"?>', b""]
)
def test_bytes_that_are_not_of_the_encoding_refuse(start: bytes) -> None:
    with pytest.raises(Invalid, match=r"."):
        parse(start + b'<nmaprun version="\xff\xfe\xff">' + HOST + TAIL)


def test_an_unknown_encoding_refuses() -> None:
    with pytest.raises(Invalid, match=r"."):
        parse(b'<?xml version="1.0" encoding="klingon"?><nmaprun>' + HOST + TAIL)


def test_too_deep_nesting_refuses() -> None:
    with pytest.raises(Invalid, match="nested deeper than 100"):
        parse(HEAD + b"<a>" * 200 + b"</a>" * 200 + TAIL)


def test_a_text_of_more_than_64_kib_refuses_its_port_only() -> None:
    service = b'<service name="x" product="' + b"p" * 70_000 + b'"/>'
    ports = b'<ports><port protocol="tcp" portid="1"><state state="open"/>' + service + b"</port>"
    ports += b'<port protocol="tcp" portid="2"><state state="open"/></port></ports>'
    parsed = parse(HEAD + HOST.replace(b"</host>", ports + b"</host>") + TAIL)
    assert [port.port for port in parsed.hosts[0].ports] == [2]
    assert len(parsed.problems) == 1


def heavy(kind: str) -> bytes:
    """10 MB that are refused at the earliest or at the very last byte."""
    size = 10 * MEGABYTE
    if kind == "noise":
        block = bytes((7 * n * n + 13 * n) % 256 for n in range(4096))
        return block * (size // len(block))
    if kind == "hosts":
        return HEAD + HOST * (size // len(HOST)) + TAIL + b"garbage"
    if kind == "elements":
        return HEAD + b"<a/>" * (size // 4) + TAIL + b"garbage"
    if kind == "one attribute":
        return HEAD + b'<host x="' + b"y" * size + b'"/>' + TAIL + b"garbage"
    ports = b'<port portid="1" protocol="tcp"/>'
    return HEAD + HOST.replace(b"</host>", b"<ports>" + ports * (size // len(ports)) + b"</ports></host>") + TAIL + b"x"


@pytest.mark.parametrize("kind", ["noise", "hosts", "elements", "one attribute", "ports"])
def test_ten_megabytes_are_refused_in_bounded_memory(kind: str) -> None:
    data = heavy(kind)
    tracemalloc.start()
    try:
        with pytest.raises(Invalid, match=r"."):
            parse(data)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200 * MEGABYTE


def test_a_host_that_timed_out_is_up_and_claims_nothing_of_its_ports() -> None:
    with (fixtures_path("nmap") / "odd" / "host_timed_out.xml").open("rb") as stream:
        batch = drafts_of(stream, name="host_timed_out.xml")
    assert [(draft.class_name, draft.name) for draft in batch.drafts] == [
        ("device", None),
        ("device", "nas"),
        ("network_service", "tcp/445"),
    ]
    assert batch.scopes == []


def test_drafts_carry_addresses_macs_names_and_services() -> None:
    with (fixtures_path("nmap") / "odd" / "ipv6_and_mac.xml").open("rb") as stream:
        batch = drafts_of(stream, name="ipv6_and_mac.xml")
    device, smtp, https = batch.drafts
    assert device.attributes == {
        "ip_addresses": ["2001:db8:10::25"],
        "mac_addresses": ["00:50:56:aa:10:25"],
        "mac_vendor": "VMware",
        "fqdn": "mail.example.net",
        "os_name": "Linux 6.0",
    }
    assert smtp.attributes == {
        "host": device.local_id,
        "port": 25,
        "protocol": "tcp",
        "service": "smtp",
        "product": "Postfix smtpd",
    }
    assert (https.name, https.attributes["version"]) == ("tcp/443", "1.24.0")


def test_a_down_host_makes_no_draft() -> None:
    with (fixtures_path("nmap") / "os_scan5.xml").open("rb") as stream:
        batch = drafts_of(stream, name="os_scan5.xml")
    assert sum(draft.class_name == "device" for draft in batch.drafts) == 4


def test_a_cut_off_file_warns_that_the_run_is_incomplete() -> None:
    with (fixtures_path("nmap") / "partial" / "os_scan5_cut.xml").open("rb") as stream:
        batch = drafts_of(stream, name="os_scan5_cut.xml")
    assert batch.is_cut_off
    assert ["incomplete" in warning for warning in batch.warnings] == [True]
