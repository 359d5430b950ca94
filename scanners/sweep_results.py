"""What the built-in sweep says, in the same words as nmap's runs."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing

from discovery.scanner import Outcome, ScanEvent
from scanners.nmap_order import FAST_PORTS, LIVENESS_TCP_PORTS, NmapOptions, chunks, is_excluded
from scanners.nmap_report import OPEN, HostReport, PortReport
from scanners.nmap_results import Probed, Results
from scanners.sweep import Connector, Sweep, SweptHost

_ALL_PORTS = range(1, 65_536)


async def sweep_events(results: Results, options: NmapOptions, connector: Connector) -> AsyncGenerator[ScanEvent, None]:
    """Everything that the sweep says; bounded by the run's time, closing it ends all connections."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    limits = results.request.limits
    sweep = Sweep(connector=connector, max_rate=options.max_rate, max_open=max(8, 4 * limits.max_in_flight))
    deadline = started + limits.run_timeout_s
    for chunk in chunks(results.targets, results.excluded):
        if loop.time() >= deadline:
            results.failed(chunk, Outcome.TIMED_OUT, "the time of the run was over")
            continue
        addresses = (
            str(address)
            for network in chunk
            for address in _addresses(network)
            if not is_excluded(str(address), results.excluded)
        )
        hosts = sweep.hosts(
            addresses,
            liveness=LIVENESS_TCP_PORTS,
            ports=lambda address: sorted(
                _ALL_PORTS if options.ports == "all" else options.tcp_ports([address]) or FAST_PORTS
            ),
        )
        async with aclosing(hosts) as swept:
            async for host in swept:
                probed = Probed(frozenset(), is_complete=True)
                for event in results.host(
                    _report(host), known=frozenset(), probed=probed, seconds=loop.time() - started
                ):
                    yield event
                if loop.time() >= deadline:
                    results.failed(chunk, Outcome.TIMED_OUT, "the time of the run was over")
                    break
    for event in results.close(seconds=loop.time() - started):
        yield event


def _ports(options: NmapOptions, address: str) -> Sequence[int]:
    """What is asked of a host that answered; nmap's own list of 1,000 is not known here, the fast one stands in."""
    if options.ports == "none":
        return ()
    return _ALL_PORTS if options.ports == "all" else sorted(options.tcp_ports([address]) or FAST_PORTS)


def _report(host: SweptHost) -> HostReport:
    ports = tuple(PortReport(port=port, protocol="tcp", state=OPEN) for port in host.open_ports)
    is_six = ":" in host.address
    return HostReport(
        status="up", ipv4=() if is_six else (host.address,), ipv6=(host.address,) if is_six else (), ports=ports
    )


def _addresses(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    yield from network
