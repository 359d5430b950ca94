"""The passes of a run over its networks: who is there, which ports are open, which system, what listens."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TypeVar

import psutil

from cmdb.errors import Unavailable
from discovery.safety import Network, is_inside
from discovery.scanner import Notice, Outcome, ScanEvent
from scanners.nmap_drafts import service_name
from scanners.nmap_order import SNMP_PORT, chunks, is_excluded
from scanners.nmap_program import NmapProgram, StageEnd
from scanners.nmap_report import HostReport
from scanners.nmap_results import Probed, Results, merged
from scanners.nmap_stages import SYSTEM_GROUP, Call, StagePlanner

T = TypeVar("T")
_MAX_CALLS = 5
"""Runs of nmap at once."""
_HOSTS_PER_SLOT = 2
"""Hosts in one call for each target that the run may read at once: here a host costs a packet now and then, no session."""


@dataclass(slots=True)
class _Stage:
    """One pass over one group: how it ended, the hosts that nmap closed, and those that it gave up."""

    end: StageEnd = field(default_factory=StageEnd)
    closed: set[str] = field(default_factory=set)
    late: list[str] = field(default_factory=list)


class NmapPasses:
    """One run by nmap; made inside the running loop, used once."""

    def __init__(self, program: NmapProgram, planner: StagePlanner, results: Results) -> None:
        self._program = program
        self._planner = planner
        self._results = results
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._deadline = self._started + results.request.limits.run_timeout_s

    async def events(self) -> AsyncGenerator[ScanEvent, None]:
        """Everything that the run says; closing it ends nmap."""
        for chunk in chunks(self._results.targets, self._results.excluded):
            alive: list[HostReport] = []
            for host in await self._alive(chunk):
                if self._results.leave_to_local(host):
                    yield Notice(f"{host.address} is this machine: scan local reads it")
                else:
                    alive.append(host)
            for group in _groups(alive, _HOSTS_PER_SLOT * self._results.request.limits.max_in_flight):
                async with aclosing(self._group(group)) as events:
                    async for event in events:
                        yield event
        for event in self._results.close(seconds=self._loop.time() - self._started):
            yield event

    async def _alive(self, chunk: Sequence[Network]) -> list[HostReport]:
        found: dict[str, HostReport] = {}
        plans = [(self._planner.knock, chunk)]
        if self._planner.is_raw:
            # on its own subnets nmap asks by ARP, which nobody can leave unanswered: once is enough
            own = own_networks()
            beyond = tuple(network for network in chunk if not is_inside(network, own))
            plans = [(self._planner.ping, chunk), (self._planner.knock, beyond)]
        for plan, networks in plans:
            if sum(network.num_addresses for network in networks) <= len(found):
                continue
            stage = _Stage()
            await self._run(plan(networks, besides=tuple(found)), stage, found, is_finding=True)
            if not stage.end.is_complete:
                self._results.failed(chunk, _outcome(stage.end), stage.end.problem or "")
                break
        return list(found.values())

    async def _group(self, group: Sequence[HostReport]) -> AsyncGenerator[ScanEvent, None]:
        started = self._loop.time()
        planner = self._planner
        hosts = {host.address: host for host in group if host.address is not None}
        asked = _Stage()
        if planner.options.ports == "none":
            asked.closed |= set(hosts)
        else:
            await self._run(planner.port_scan(list(hosts)), asked, hosts, keeps_time_outs=True)
        if asked.end.problem is not None:
            yield Notice(f"the ports of {len(hosts) - len(asked.closed)} hosts were not all asked: {asked.end.problem}")
        ports = {address: _open_tcp(host) for address, host in hosts.items()}
        talking = [address for address in hosts if ports[address]]
        for address, host in hosts.items():
            if not ports[address]:
                for event in self._said(host, asked, started):
                    yield event
        for notice in await self._refine(talking, frozenset[int]().union(*ports.values()), hosts):
            yield notice
        for address in talking:
            for event in self._said(hosts[address], asked, started):
                yield event

    async def _refine(
        self, talking: Sequence[str], ports: frozenset[int], hosts: dict[str, HostReport]
    ) -> list[Notice]:
        """Ask what listens and which system it is, both at once; what nobody told in time is in the notices."""
        options = self._planner.options
        batches: list[tuple[str, Sequence[str]]] = []
        if talking and options.has_os and self._planner.is_raw:
            batches += [("operating system", batch) for batch in _groups(talking, SYSTEM_GROUP)]
        if talking and options.has_versions:
            batches.append(("versions", talking))
        # all together keep to the rate of the run
        planner = replace(self._planner, rate_share=min(max(1, len(batches)), _MAX_CALLS))
        plans = {"operating system": planner.operating_systems, "versions": planner.versions}
        stages = [_Stage() for _ in batches]
        slots = asyncio.Semaphore(_MAX_CALLS)

        async def refine(call: Call, stage: _Stage) -> None:
            async with slots:
                await self._run(call, stage, hosts)

        async with asyncio.TaskGroup() as group:
            for (what, asked), stage in zip(batches, stages, strict=True):
                group.create_task(refine(plans[what](asked, ports), stage))
        notices: list[Notice] = []
        for (what, asked), stage in zip(batches, stages, strict=True):
            late = stage.late if stage.end.is_complete else [name for name in asked if name not in stage.closed]
            if late:
                shown = ", ".join(late[:3]) + ("…" if len(late) > 3 else "")
                notices.append(Notice(f"no {what} of {shown}: {stage.end.problem or 'they took too long'}"))
        return notices

    def _said(self, host: HostReport, asked: _Stage, started: float) -> Iterator[ScanEvent]:
        address = host.address or ""
        known = self._planner.options.known_ports.get(address, frozenset())
        probed = Probed(self._probed(known), is_complete=address in asked.closed and not asked.end.is_unreadable)
        problem = asked.end.problem or ""
        yield from self._results.host(
            host, known=known, probed=probed, seconds=self._loop.time() - started, problem=problem
        )

    def _probed(self, known: frozenset[str]) -> frozenset[str]:
        """Of the services known before, those that were asked again."""
        ports = self._planner.options.ports
        if ports == "none":
            return frozenset()
        # except for nmap's own list, ports known from earlier runs are always asked
        tcp = frozenset[str]() if ports == "top1000" else frozenset(name for name in known if name.startswith("tcp/"))
        return tcp | ({service_name("udp", SNMP_PORT)} if self._planner.is_raw else frozenset())

    async def _run(
        self,
        call: Call,
        stage: _Stage,
        hosts: dict[str, HostReport],
        *,
        is_finding: bool = False,
        keeps_time_outs: bool = False,
    ) -> None:
        """Run one pass; what it says of a host is merged into `hosts`, which only a finding pass extends."""
        left_s = self._deadline - self._loop.time()
        if left_s <= 0:
            stage.end.problem, stage.end.is_timed_out = "the time of the run was over", True
            return
        call = replace(call, limit_s=min(call.limit_s, left_s))
        try:
            await self._take(call, stage, hosts, is_finding=is_finding, keeps_time_outs=keeps_time_outs)
        except Unavailable as error:
            stage.end.problem = error.message

    async def _take(
        self, call: Call, stage: _Stage, hosts: dict[str, HostReport], *, is_finding: bool, keeps_time_outs: bool
    ) -> None:
        async with aclosing(self._program.hosts(call, stage.end)) as reports:
            async for report in reports:
                address = report.address
                if address is None or is_excluded(address, self._results.excluded):
                    continue
                if is_finding and report.is_up:
                    hosts.setdefault(address, report)
                elif address in hosts and not is_finding:
                    stage.closed.add(address)
                    if report.is_timed_out:
                        stage.late.append(address)
                    kept = report if keeps_time_outs else replace(report, is_timed_out=False)
                    hosts[address] = merged(hosts[address], kept)


def own_networks() -> tuple[Network, ...]:
    """The networks that this machine has an address in, loopback included."""
    found: list[Network] = []
    for addresses in psutil.net_if_addrs().values():
        for item in addresses:
            if item.netmask and item.address:
                try:
                    prefix = ipaddress.ip_address(item.netmask)
                    length = int(prefix).bit_count()
                    found.append(ipaddress.ip_network(f"{item.address.partition('%')[0]}/{length}", strict=False))
                except ValueError:
                    continue
    return tuple(found)


def _groups(hosts: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(hosts), max(1, size)):
        yield hosts[start : start + max(1, size)]


def _open_tcp(host: HostReport) -> frozenset[int]:
    return frozenset(port.port for port in host.open_ports if port.protocol == "tcp")


def _outcome(end: StageEnd) -> Outcome:
    return Outcome.TIMED_OUT if end.is_timed_out else Outcome.FAILED
