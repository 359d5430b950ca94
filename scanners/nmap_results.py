"""From what was found to what the run says: observations, ends of targets, scopes."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from cmdb.observation import Draft, Observation, Scope, ScopeKind, Unreachable
from discovery.safety import Network, Target, is_inside
from discovery.scanner import Notice, Observed, Outcome, ScanEvent, ScanRequest, TargetDone
from scanners.nmap_drafts import host_drafts, service_name
from scanners.nmap_report import HostReport, PortReport

_SHOWN_SERVICES = 4
_SELF = "localhost-response"
"""nmap's reason for an address of the machine that it runs on."""


def merged(earlier: HostReport, later: HostReport) -> HostReport:
    """One report of two stages: what the later one probed more closely replaces what the earlier one guessed."""
    ports: dict[tuple[str, int], PortReport] = {(port.protocol, port.port): port for port in earlier.ports}
    for port in later.ports:
        key = (port.protocol, port.port)
        if key not in ports or (port.state == "open" and (port.is_probed or not ports[key].is_probed)):
            ports[key] = port
    return replace(
        earlier,
        status="up" if "up" in (earlier.status, later.status) else earlier.status,
        ipv4=earlier.ipv4 or later.ipv4,
        ipv6=earlier.ipv6 or later.ipv6,
        macs=earlier.macs or later.macs,
        mac_vendor=earlier.mac_vendor or later.mac_vendor,
        names=earlier.names or later.names,
        ports=tuple(ports.values()),
        os_matches=later.os_matches or earlier.os_matches,
        is_timed_out=earlier.is_timed_out or later.is_timed_out,
    )


@dataclass(frozen=True, slots=True)
class Probed:
    """The services that were asked of one host, so that absence may count."""

    names: frozenset[str]
    is_complete: bool


@dataclass(slots=True)
class Results:
    """What became of the targets of one run, so far."""

    source: str
    request: ScanRequest
    targets: tuple[Target, ...]
    excluded: tuple[Network, ...]
    can_claim_subnets: bool
    how_asked: str
    """What was tried, for the reason of a target that did not answer."""
    _up: set[str] = field(default_factory=set)
    _own: list[Network] = field(default_factory=list)
    """This machine's addresses inside networks that were asked; told only when they were asked for by themselves."""
    _unasked: list[tuple[Network, Outcome, str]] = field(default_factory=list)
    """Networks whose asking did not come to its end, with how it ended and the reason."""

    def host(
        self, report: HostReport, *, known: frozenset[str], probed: Probed, seconds: float, problem: str = ""
    ) -> Iterator[ScanEvent]:
        """What one host says, and the end of its target."""
        address = report.address
        if address is None or address in self._up:
            return
        self._up.add(address)
        report = _limited(report, self.request.limits.max_rows_per_target)
        drafts = host_drafts(report, local_id=address)
        scopes: tuple[Scope, ...] = ()
        if known and probed.is_complete and not report.is_timed_out and known <= probed.names:
            scopes = (Scope(kind=ScopeKind.CI_CLASS, class_name="network_service", within=address),)
        yield Observed(self._observation(drafts=tuple(drafts), scopes=scopes))
        outcome = Outcome.READ if probed.is_complete and not report.is_timed_out else Outcome.PARTIAL
        reason = "" if outcome is Outcome.READ else problem or "its ports were not all asked in time"
        yield TargetDone(
            target=self._target_of(address), outcome=outcome, reason=reason, seconds=seconds, found=_found(report)
        )

    def leave_to_local(self, report: HostReport) -> bool:
        """Whether it is this machine, met inside a network; `scan local` reads it better, and the network's scope leaves it out."""
        address = report.address
        if report.reason != _SELF or address is None or next(self._alone(address), None) is not None:
            return False
        self._own.append(ipaddress.ip_network(address))
        return True

    def failed(self, networks: Iterable[Network], outcome: Outcome, reason: str) -> None:
        """Asking these networks did not come to its end."""
        self._unasked += [(network, outcome, reason) for network in networks]

    def close(self, *, seconds: float) -> Iterator[ScanEvent]:
        """The ends of all targets that no host has ended, the unreachable ones, and the subnets seen in full."""
        unreachable: list[Unreachable] = []
        scopes: list[Scope] = []
        for target in self.targets:
            if all(is_inside(network, self.excluded) for network in target.networks):
                yield Notice(f"{target.text} is excluded and was not asked")
                continue
            if not _is_single(target):
                yield self._network_done(target, scopes, seconds)
                continue
            addresses = [str(network[0]) for network in target.networks]
            if any(address in self._up for address in addresses):
                continue
            outcome, reason = self._why(target)
            unreachable += [Unreachable(address=address, reason=reason) for address in addresses]
            yield TargetDone(target=target.text, outcome=outcome, reason=reason, seconds=seconds)
        if scopes or unreachable:
            yield Observed(self._observation(scopes=tuple(scopes), unreachable=tuple(unreachable)))

    def _network_done(self, target: Target, scopes: list[Scope], seconds: float) -> TargetDone:
        up = sum(is_inside(ipaddress.ip_network(address), target.networks) for address in self._up)
        count = sum(network.num_addresses for network in target.networks)
        found = f"{up} of {count} addresses answered"
        outcome, reason = self._why(target)
        if outcome is not Outcome.NO_ANSWER:
            outcome = Outcome.PARTIAL if up else outcome
            return TargetDone(target=target.text, outcome=outcome, reason=reason, seconds=seconds, found=found)
        if self.can_claim_subnets:
            for network in target.networks:
                out = (*self.excluded, *self._own)
                kept_out = tuple(str(other) for other in out if other.overlaps(network))
                scopes.append(Scope(kind=ScopeKind.SUBNET, cidr=str(network), excluded=kept_out))
        outcome = Outcome.READ if up else outcome
        reason = "" if up else reason
        return TargetDone(target=target.text, outcome=outcome, reason=reason, seconds=seconds, found=found)

    def _why(self, target: Target) -> tuple[Outcome, str]:
        for network, outcome, reason in self._unasked:
            if any(network.overlaps(own) for own in target.networks):
                return outcome, reason
        return Outcome.NO_ANSWER, f"no answer to {self.how_asked}"

    def _target_of(self, address: str) -> str:
        return next(self._alone(address), address)

    def _alone(self, address: str) -> Iterator[str]:
        network = ipaddress.ip_network(address)
        return (target.text for target in self.targets if _is_single(target) and network in target.networks)

    def _observation(
        self,
        *,
        drafts: tuple[Draft, ...] = (),
        scopes: tuple[Scope, ...] = (),
        unreachable: tuple[Unreachable, ...] = (),
    ) -> Observation:
        return Observation(
            source=self.source,
            run_id=self.request.run_id,
            at=max(dt.datetime.now(dt.UTC), self.request.started_at),
            network=self.request.network,
            drafts=drafts,
            scopes=scopes,
            unreachable=unreachable,
        )


def _is_single(target: Target) -> bool:
    return all(network.num_addresses == 1 for network in target.networks)


def _limited(report: HostReport, most: int) -> HostReport:
    return replace(report, ports=report.ports[:most]) if len(report.ports) > most else report


def _found(report: HostReport) -> str:
    ports = report.open_ports
    if not ports:
        return "up, no open port among those asked"
    shown = ", ".join(
        f"{service_name(port.protocol, port.port)} {port.product or port.service or ''}".strip()
        for port in ports[:_SHOWN_SERVICES]
    )
    return shown if len(ports) <= _SHOWN_SERVICES else f"{shown} and {len(ports) - _SHOWN_SERVICES} more"
