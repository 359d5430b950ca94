"""Coverage of address ranges, counted by hand."""

from __future__ import annotations

import datetime as dt
import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from cmdb.entities import Job, Run, RunState, Schedule
from cmdb.health.coverage import Heard, RangeCoverage, coverage, looks_at, why_unknown
from cmdb.health.ranges import Ranges, overlap
from cmdb.values import Value

AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def heard(address: str, source: str = "nmap", hours: int = 0) -> Heard:
    return Heard(ipaddress.ip_address(address), source, f"ci-{address}", AT + dt.timedelta(hours=hours))


def run(
    *targets: str,
    number: int = 0,
    state: RunState = RunState.DONE,
    results: tuple[dict[str, Value], ...] = (),
    job: Job | None = None,
) -> Run:
    started = AT + dt.timedelta(hours=number)
    return Run(
        id=f"run-{number}",
        source="nmap",
        state=state,
        by="test",
        started_at=started,
        targets=targets,
        results=results,
        job=job,
    )


def schedule(name: str = "nightly", targets: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> Schedule:
    return Schedule(
        id=name, name=name, scanner="nmap", targets=targets, exclude=exclude, interval_s=3600, created_at=AT
    )


def only(found: list[RangeCoverage], cidr: str) -> RangeCoverage:
    (one,) = [each for each in found if str(each.network) == cidr]
    return one


def test_a_scanned_range_tells_seen_excluded_refused_and_silent_addresses_apart() -> None:
    results: tuple[dict[str, Value], ...] = (
        {"target": "10.1.0.9", "outcome": "no credential accepted", "reason": "x"},
        {"target": "10.1.0.1", "outcome": "read"},
    )
    found = coverage(
        [heard("10.1.0.1"), heard("10.1.0.2"), heard("10.1.0.2", "ssh", 5)],
        [run("10.1.0.0/24", results=results)],
        [schedule(targets=("10.1.0.0/24",), exclude=("10.1.0.128/26",))],
        [],
    )
    one = only(found, "10.1.0.0/24")
    assert one.named_by == {"run", "schedule"}
    assert (one.size, len(one.seen), one.excluded, one.refused) == (254, 2, 64, {"no credential accepted": 1})
    assert one.silent == 254 - 64 - 2 - 1
    assert one.share == 2 / (254 - 64)
    assert {name: len(source.addresses) for name, source in one.sources.items()} == {"nmap": 2, "ssh": 1}
    assert one.sources["ssh"].last_seen_at == AT + dt.timedelta(hours=5)
    assert (one.last_scan_at, one.last_scan_by) == (AT, "nmap")


def test_a_range_that_only_a_subnet_names_was_never_scanned() -> None:
    one = only(coverage([], [], [], ["192.168.7.0/29"]), "192.168.7.0/29")
    assert (one.size, one.last_scan_at, one.silent) == (6, None, 0)


def test_what_is_seen_where_nothing_looks_is_a_range_of_its_own() -> None:
    found = coverage([heard("10.9.8.7"), heard("127.0.0.1"), heard("2001:db8::5")], [], [], [])
    assert [(str(one.network), one.named_by) for one in found] == [
        ("10.9.8.0/24", {"seen"}),
        ("2001:db8::/64", {"seen"}),
    ]
    assert only(found, "2001:db8::/64").share is None


def test_a_run_that_failed_covered_nothing() -> None:
    one = only(coverage([], [run("10.1.0.0/30", state=RunState.FAILED)], [], []), "10.1.0.0/30")
    assert (one.last_scan_at, one.silent) == (None, 0)


def test_a_collectors_run_leaves_out_what_its_order_excludes() -> None:
    job = Job(collector="berlin", exclude=("10.1.0.0/31",))
    one = only(coverage([], [run("10.1.0.0/29", job=job)], [], []), "10.1.0.0/29")
    assert (one.excluded, one.silent) == (2, 4)


def test_an_address_tells_who_looked_and_why_nothing_is_known() -> None:
    runs = [
        run("10.1.0.0/24", number=2),
        run(
            "10.1.0.0/24",
            number=1,
            results=({"target": "10.1.0.9", "outcome": "timed out", "reason": "no answer in 5 s"},),
        ),
    ]
    looks = looks_at(ipaddress.ip_address("10.1.0.9"), runs)
    assert [(look.run, look.outcome) for look in looks] == [("run-2", "did not answer"), ("run-1", "timed out")]
    nine = ipaddress.ip_address("10.1.0.9")
    assert why_unknown(nine, looks, []) == "nmap looked, and nothing answered"
    assert why_unknown(nine, looks[1:], []) == "nmap looked: timed out, no answer in 5 s"
    assert why_unknown(nine, looks, [schedule(exclude=("10.1.0.9",))]) == "schedule nightly leaves it out"
    assert why_unknown(nine, [], [schedule(targets=("10.1.0.0/16",))]) == "not scanned yet; schedule nightly has it"
    assert why_unknown(nine, [], []) == "nobody has looked there; no schedule has it"


NETWORKS = st.lists(
    st.tuples(st.integers(0, 255), st.integers(24, 32)).map(
        lambda pair: ipaddress.ip_network((0x0A010000 + pair[0], pair[1]), strict=False)
    ),
    max_size=6,
)


@given(NETWORKS, st.integers(24, 32), st.integers(0, 255))
def test_the_overlap_of_networks_counts_each_address_once(
    networks: list[ipaddress.IPv4Network], length: int, last: int
) -> None:
    inside = ipaddress.ip_network((0x0A010000 + last, length), strict=False)
    assert isinstance(inside, ipaddress.IPv4Network)
    assert overlap(networks, inside) == sum(any(address in one for one in networks) for address in inside)


@given(NETWORKS, st.integers(0, 255))
def test_a_lookup_finds_every_network_that_holds_the_address(networks: list[ipaddress.IPv4Network], last: int) -> None:
    address = ipaddress.ip_address(0x0A010000 + last)
    assert set(Ranges(networks).holding(address)) == {one for one in networks if address in one}
