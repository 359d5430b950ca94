"""Hosts, open ports and services of a network, by nmap; by plain connections where nmap is not installed.

nmap is only ever called as a program. python-nmap (GPL-3) is an extra and imported here alone; without it our own
reader of nmap's XML does the same.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, ClassVar

from cmdb.errors import NotFound
from discovery.safety import Target, parse_target
from discovery.scanner import Notice, Outcome, ScanEvent, ScanRequest, TargetDone
from scanners.nmap_order import LIVENESS_TCP_PORTS, NmapOptions
from scanners.nmap_passes import NmapPasses
from scanners.nmap_program import Interpreter, NmapProgram
from scanners.nmap_report import HostReport, PortReport
from scanners.nmap_results import Results
from scanners.nmap_stages import StagePlanner
from scanners.nmap_xml import read_host
from scanners.sweep import Connector, connect
from scanners.sweep_results import sweep_events

SOURCE = "nmap"
_CAPABILITIES = "security.capability"


class NmapScanner:
    """Implements `Scanner`; `command` is nmap with what stands before its arguments, `connector` makes connections without it."""

    name: ClassVar[str] = "nmap"
    needs_targets: ClassVar[bool] = True
    credential_kinds: ClassVar[frozenset[str]] = frozenset()
    takes_known_ports: ClassVar[bool] = True
    """Asks for the option `known_ports`: what the last runs found open is asked first."""

    def __init__(self, *, command: Sequence[str] = ("nmap",), connector: Connector = connect) -> None:
        self._command = tuple(command)
        self._connector = connector

    async def scan(self, request: ScanRequest) -> AsyncIterator[ScanEvent]:
        """Hosts as they are finished, then the ends of targets and the subnets seen in full; raises `Invalid` for options."""
        options = NmapOptions.read(request.options)
        excluded = tuple(network for text in request.exclude for network in parse_target(text).networks)
        targets: list[Target] = []
        for text in dict.fromkeys(request.targets):
            try:
                targets.append(await asyncio.to_thread(parse_target, text))
            except NotFound as error:
                yield TargetDone(target=text, outcome=Outcome.FAILED, reason=error.message)
        program = shutil.which(self._command[0])
        is_built_in = options.is_built_in or program is None
        is_raw = program is not None and not is_built_in and may_send_raw(program)
        for text in _notices(options, is_built_in=is_built_in, is_raw=is_raw, program=self._command[0]):
            yield Notice(text)
        tcp = f"TCP {', '.join(map(str, LIVENESS_TCP_PORTS))}"
        results = Results(
            source=SOURCE,
            request=request,
            targets=tuple(targets),
            excluded=excluded,
            can_claim_subnets=is_raw,
            how_asked=f"ping, {tcp} or SNMP" if is_raw else tcp,
        )
        if is_built_in:
            events = sweep_events(results, options, self._connector)
        else:
            planner = StagePlanner(
                options=options,
                exclude=tuple(str(network) for network in excluded),
                is_raw=is_raw,
                host_timeout_s=request.limits.target_timeout_s,
            )
            interpreter = await asyncio.to_thread(make_interpreter)
            events = NmapPasses(NmapProgram(self._command, interpreter), planner, results).events()
        async with aclosing(events) as found:
            async for event in found:
                yield event


def may_send_raw(program: str) -> bool:
    """Whether nmap may use raw packets: we are root, or the file has capabilities (setcap cap_net_raw,cap_net_admin+eip)."""
    if os.geteuid() == 0:
        return True
    try:
        return bool(os.getxattr(program, _CAPABILITIES))
    except OSError:
        return False


def make_interpreter() -> Interpreter:
    """python-nmap's reading where it is installed, with what it drops from our own; else our own."""
    if importlib.util.find_spec("nmap") is None:
        return read_host
    import nmap

    try:
        scanner = nmap.PortScanner()
    except nmap.PortScannerError:
        return read_host

    def interpret(raw: bytes) -> HostReport | None:
        own = read_host(raw)
        if own is None:
            return None
        try:
            document: Any = scanner.analyse_nmap_xml_scan(_wrapped(raw))
        except (nmap.PortScannerError, AttributeError, KeyError, TypeError, ValueError):
            # it raises these on elements that it does not expect
            return own
        return with_python_nmap(own, next(iter(document["scan"].values()), {}))

    return interpret


def with_python_nmap(own: HostReport, host: Mapping[str, Any]) -> HostReport:
    """The report with state, names and versions as python-nmap read them.

    python-nmap keeps one CPE of a port and one address of a kind, and drops tunnels and time-outs: those stay our own.
    """
    ports = tuple(_port(port, host.get(port.protocol, {}).get(port.port)) for port in own.ports)
    status = host.get("status", {})
    return replace(own, status=status.get("state", own.status), reason=status.get("reason", own.reason), ports=ports)


def _port(own: PortReport, said: Mapping[str, Any] | None) -> PortReport:
    if said is None:
        return own
    return replace(
        own,
        state=said["state"],
        service=said["name"] or None,
        product=said["product"] or None,
        version=said["version"] or None,
        extra=said["extrainfo"] or None,
    )


def _wrapped(host: bytes) -> str:
    """A host as a whole run, which is all that python-nmap reads."""
    end = '<runstats><finished timestr="" elapsed="0"/><hosts up="1" down="0" total="1"/></runstats>'
    return f'<nmaprun args="">{host.decode("ascii")}{end}</nmaprun>'


def _notices(options: NmapOptions, *, is_built_in: bool, is_raw: bool, program: str) -> list[str]:
    if is_built_in:
        lack = "as asked" if options.is_built_in else f"{program} is not installed"
        return [f"{lack}: the built-in sweep stands in; TCP connections only, no versions, no subnet is seen in full"]
    if not is_raw:
        wanted = " The operating system is not guessed." if options.has_os else ""
        return [f"without root nmap only makes TCP connections: no ping, no UDP, no subnet is seen in full.{wanted}"]
    return []
