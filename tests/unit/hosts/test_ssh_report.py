"""What arrives from a host, whatever it is, ends as sections, facts or nothing, and never as an exception."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmdb.observation import Observation
from discovery.hosts.facts import Part
from discovery.hosts.mapping import Stamp, observations
from scanners.ssh_facts import facts_of
from scanners.ssh_report import Report, ReportBuilder, Section
from scanners.ssh_script import script
from tests.unit.hosts.test_mapping import STAMP

MARK = "0123456789abcdef0123"
NAMES = (
    "names", "release", "identity", "hosts", "traces", "dmi", "dmidecode", "keys", "addresses", "addresses-text", "ifconfig",
    "speeds", "mounts", "sizes", "dpkg", "rpm", "apk", "units", "users", "processes", "cgroups", "sockets", "connections",
    "tcp", "tcp6", "udp", "udp6", "descriptors", "netstat",
)  # fmt: skip
WORDS = st.sampled_from(
    ["tcp", "LISTEN", "ESTAB", "0.0.0.0:80", "[::1]:22", "1/status:Name:", "1/cgroup:0::/system.slice/a.service", "P:", "V:", "Id=", "\t",
     "inet", "2:", "<UP>", "eth0", "Serial Number:", "0A", "0100007F:1538", "users:((", "pid=1", "::", "%", "=", "-1", "9" * 30, "\\x", "\\040"]
)  # fmt: skip
LINES = st.lists(st.one_of(WORDS, st.text(max_size=12)), max_size=9).map(" ".join)
TEXTS = st.one_of(st.lists(LINES, max_size=6).map("\n".join), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["ifname", "flags", "addr_info", "local", "linkinfo", "mtu"]), inner, max_size=4),
    max_leaves=8,
).map(json.dumps))  # fmt: skip


def built(data: bytes) -> Report:
    builder = ReportBuilder(MARK, max_bytes=1 << 20, max_lines=10_000)
    assert builder.take(data)
    return builder.report()


def mapped(report: Report) -> tuple[Observation, ...]:
    reading = facts_of(report, address="192.0.2.1", session_key=None)
    return observations(reading.facts, Stamp(source="ssh", run_id="r", at=STAMP.at)) if reading else ()


def test_sections_end_at_their_own_closing_mark_and_the_last_makes_the_report_whole() -> None:
    text = f"motd\n\n{MARK} names\nweb01\nLinux\n\n{MARK} names = 0\n\n{MARK} dmi\n\n{MARK} dmi = 2\n\n{MARK} end\n\n{MARK} end = 0\n"
    assert built(text.encode()) == Report(
        sections={"names": Section("web01\nLinux\n", 0), "dmi": Section("", 2)}, is_whole=True
    )


def test_a_section_without_its_closing_mark_did_not_arrive() -> None:
    text = f"\n{MARK} names\nweb01\n\n{MARK} names = 0\n\n{MARK} dpkg\nii \tbash\t5\n"
    report = built(text.encode())
    assert (dict(report.sections), report.is_whole) == ({"names": Section("web01\n", 0)}, False)


def test_content_cannot_pass_for_a_mark_without_knowing_it() -> None:
    text = f"\n{MARK} hosts\nffffffffffffffffffff end = 0\n{MARK}x end\n\n{MARK} hosts = 0\n"
    report = built(text.encode())
    assert (tuple(report.sections), report.is_whole) == (("hosts",), False)


def test_more_than_the_limits_is_not_taken() -> None:
    by_size = ReportBuilder(MARK, max_bytes=10, max_lines=100)
    by_lines = ReportBuilder(MARK, max_bytes=100, max_lines=2)
    assert (by_size.take(b"x" * 10), by_size.take(b"x")) == (True, False)
    assert (by_lines.take(b"\n\n"), by_lines.take(b"\n")) == (True, False)


def test_a_report_that_is_not_whole_completes_no_part() -> None:
    sections = {"names": Section("web01\n", 0), "mounts": Section("/dev/sda / ext4 rw 0 0\n", 0)}
    cut = facts_of(Report(sections=sections), address="192.0.2.1", session_key=None)
    whole = facts_of(Report(sections=sections, is_whole=True), address="192.0.2.1", session_key=None)
    assert cut is not None
    assert whole is not None
    assert (cut.facts.complete, whole.facts.complete) == (frozenset(), frozenset({Part.FILE_SYSTEMS}))


def test_a_package_manager_that_failed_completes_no_packages() -> None:
    sections = {"names": Section("web01\n", 0), "dpkg": Section("ii \tbash\t5\n", 2)}
    reading = facts_of(Report(sections=sections, is_whole=True), address="192.0.2.1", session_key=None)
    assert reading is not None
    assert Part.PACKAGES not in reading.facts.complete
    assert "packages" in reading.gaps


# the first draw makes the tables of characters, which takes a second on a busy machine
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=12))
def test_any_content_of_any_section_is_read_or_passed_over(contents: dict[str, str]) -> None:
    sections = {
        "names": Section("host1\nLinux\n6.1\nx86_64\n", 0),
        **{name: Section(text, 0) for name, text in contents.items()},
    }
    for observation in mapped(Report(sections=sections, is_whole=True)):
        ids = [draft.local_id for draft in observation.drafts]
        assert len(ids) == len(set(ids))
        assert {end for link in observation.links for end in (link.source, link.target)} <= set(ids)
        json.dumps([dict(draft.attributes) for draft in observation.drafts], allow_nan=False)


@given(st.binary(max_size=400))
def test_any_bytes_between_marks_are_taken(data: bytes) -> None:
    report = built(f"\n{MARK} names\nhost1\n".encode() + data + f"\n\n{MARK} names = 0\n".encode())
    assert isinstance(mapped(report), tuple)


def test_the_script_names_its_mark_once_and_asks_root_only_when_told() -> None:
    text = script(mark=MARK, may_sudo=False)
    assert (text.count(MARK), "sudo=no\n" in text, "@" in text.replace("$@", "")) == (1, True, False)
    assert "sudo=yes\n" in script(mark=MARK, may_sudo=True)
