"""Coverage: which addresses were seen, by which source, when; and of those that were not, why."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cmdb.entities import Run, RunState, Schedule
from cmdb.health.ranges import Address, Network, Ranges, address_of, network_of, overlap

MEASURED_ADDRESSES = 2**20
"""Ranges beyond a /12 of IPv4 have no share: nobody fills them."""
_ENDED = (RunState.DONE, RunState.PARTIAL, RunState.FAILED, RunState.CANCELLED, RunState.INTERRUPTED)
_LOOKED = (RunState.DONE, RunState.PARTIAL)
_READ = frozenset({"read", "partial"})


@dataclass(frozen=True, slots=True)
class Heard:
    """An address that a source's record carries, and when it was last seen."""

    address: Address
    source: str
    ci: str
    at: dt.datetime


@dataclass(slots=True)
class SourceCoverage:
    """What one source saw of a range."""

    addresses: set[Address] = field(default_factory=set)
    last_seen_at: dt.datetime | None = None


@dataclass(slots=True)
class RangeCoverage:
    """What is known of one range of addresses. Addresses that are neither seen, excluded nor refused did not answer, if it was scanned."""

    network: Network
    named_by: set[str] = field(default_factory=set)
    """What names the range: schedule, run, subnet, or seen where nothing does."""
    seen: set[Address] = field(default_factory=set)
    sources: dict[str, SourceCoverage] = field(default_factory=dict)
    last_scan_at: dt.datetime | None = None
    last_scan_by: str = ""
    excluded: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """Addresses that answered and did not let themselves be read, by reason."""

    @property
    def size(self) -> int:
        """Addresses of the range that a machine may have."""
        spare = 2 if self.network.version == 4 and self.network.prefixlen < 31 else 0
        return self.network.num_addresses - spare

    @property
    def share(self) -> float | None:
        """Seen addresses among those that are not excluded, 0 to 1; None for a range that nobody fills."""
        if self.network.num_addresses > MEASURED_ADDRESSES:
            return None
        within = max(self.size - self.excluded, 1)
        return min(1.0, len(self.seen) / within)

    @property
    def silent(self) -> int:
        """Addresses of a scanned range that did not answer."""
        return (
            0
            if self.last_scan_at is None
            else max(0, self.size - self.excluded - len(self.seen) - sum(self.refused.values()))
        )


def coverage(
    heard: Iterable[Heard], runs: Sequence[Run], schedules: Sequence[Schedule], subnets: Iterable[str]
) -> list[RangeCoverage]:
    """Coverage of every range that a schedule, a run or a subnet names, and of what was seen outside of them, by address.

    `runs` newest first. Pure.
    """
    ranges: dict[Network, RangeCoverage] = {}

    def name(text: str, by: str) -> None:
        network = network_of(text)
        if network is not None and network.num_addresses > 1:
            ranges.setdefault(network, RangeCoverage(network)).named_by.add(by)

    for schedule in schedules:
        for target in schedule.targets:
            name(target, "schedule")
    for run in runs:
        for target in run.targets:
            name(target, "run")
    for cidr in subnets:
        name(cidr, "subnet")
    known = Ranges(ranges)
    heard = list(heard)
    for one in heard:
        if not known.has(one.address) and not (one.address.is_loopback or one.address.is_link_local):
            length = 24 if one.address.version == 4 else 64
            network = ipaddress.ip_network(f"{one.address}/{length}", strict=False)
            ranges.setdefault(network, RangeCoverage(network)).named_by.add("seen")
    lookup = Ranges(ranges)
    for one in heard:
        for network in lookup.holding(one.address):
            found = ranges[network]
            found.seen.add(one.address)
            source = found.sources.setdefault(one.source, SourceCoverage())
            source.addresses.add(one.address)
            source.last_seen_at = one.at if source.last_seen_at is None else max(source.last_seen_at, one.at)
    for found in ranges.values():
        _scanned(found, runs, schedules)
    return sorted(
        ranges.values(), key=lambda one: (one.network.version, int(one.network.network_address), one.network.prefixlen)
    )


def _scanned(found: RangeCoverage, runs: Sequence[Run], schedules: Sequence[Schedule]) -> None:
    excluded = [network for schedule in schedules for text in schedule.exclude if (network := network_of(text))]
    refused: dict[Address, str] = {}
    for run in runs:
        if run.state in _LOOKED and found.last_scan_at is None and _covers(run, found.network):
            found.last_scan_at, found.last_scan_by = run.started_at, run.source
        if run.job is not None and _covers(run, found.network):
            excluded += [network for text in run.job.exclude if (network := network_of(text))]
        for result in run.results:
            address = address_of(str(result.get("target", "")))
            if address is None or address.version != found.network.version or address not in found.network:
                continue
            if address not in found.seen and address not in refused:
                outcome = str(result.get("outcome", ""))
                refused[address] = "" if outcome in _READ or outcome == "no answer" else outcome
    found.excluded = min(found.size, overlap(excluded, found.network))
    for outcome in refused.values():
        if outcome:
            found.refused[outcome] = found.refused.get(outcome, 0) + 1


def _covers(run: Run, network: Network) -> bool:
    return any(
        target is not None and target.version == network.version and _subnet_of(network, target)
        for target in map(network_of, run.targets)
    )


def _subnet_of(inner: Network, outer: Network) -> bool:
    return inner.prefixlen >= outer.prefixlen and inner.network_address in outer


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A run that had an address among its targets, and how that ended."""

    run: str
    source: str
    at: dt.datetime
    state: RunState
    outcome: str
    reason: str


def looks_at(address: Address, runs: Sequence[Run]) -> list[Look]:
    """Who looked at an address, newest first."""
    looks = []
    for run in runs:
        if run.state not in _ENDED:
            continue
        said = next((one for one in run.results if address_of(str(one.get("target", ""))) == address), None)
        if said is None and not _covers(run, ipaddress.ip_network(str(address))):
            continue
        outcome = str((said or {}).get("outcome", "")) or (
            "did not answer" if run.state in _LOOKED else run.state.value
        )
        looks.append(
            Look(
                run=run.id,
                source=run.source,
                at=run.started_at,
                state=run.state,
                outcome=outcome,
                reason=str((said or {}).get("reason") or run.message or ""),
            )
        )
    return looks


def why_unknown(address: Address, looks: Sequence[Look], schedules: Sequence[Schedule]) -> str:
    """Why nothing is known of an address, in a sentence."""
    for schedule in schedules:
        networks = Ranges(network for text in schedule.exclude if (network := network_of(text)))
        if networks.has(address):
            return f"schedule {schedule.name} leaves it out"
    if not looks:
        planned = [
            schedule.name
            for schedule in schedules
            if schedule.enabled
            and Ranges(network for text in schedule.targets if (network := network_of(text))).has(address)
        ]
        return (
            f"not scanned yet; schedule {planned[0]} has it"
            if planned
            else "nobody has looked there; no schedule has it"
        )
    newest = looks[0]
    if newest.outcome == "did not answer":
        return f"{newest.source} looked, and nothing answered"
    return f"{newest.source} looked: {newest.outcome}" + (f", {newest.reason}" if newest.reason else "")
