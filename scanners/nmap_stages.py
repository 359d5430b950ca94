"""The command lines of the stages of a run, and how long each may take.

Liveness is asked cheaply of every address, ports only of hosts that answer, versions only of open ports: on a network
with few hosts nearly all of the time of one big nmap goes into addresses and ports where nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cmdb.errors import Invalid
from discovery.safety import Network
from scanners.nmap_order import LIVENESS_TCP_PORTS, SNMP_PORT, NmapOptions, port_list

MAX_RATE_PER_HOST = 200
"""Packets a second to one host, whatever the run may send: old printers and controllers break under more."""
_SLACK_S = 5.0
_MAX_RTT_MS = 400
_LEAST_RATE = 10
_MAX_VERSION_PROBES = 400
"""Version probes in flight; a port that waits for its client to speak holds one for 6 s."""
SYSTEM_GROUP = 32
"""Hosts whose system is guessed at once: measured with nmap 7.93, 102 take 13 s in groups of 32 and 15 to 68 s in one."""
_CLOSED_NEARLY_EVERYWHERE = frozenset({1, 34_567})
"""One privileged port, and one that a firewall for privileged ports lets through."""
_MAX_BESIDES = 2_000
"""Hosts left out by name: the kernel takes 128 KiB an argument, and 2,000 IPv6 addresses are 80."""


@dataclass(frozen=True, slots=True)
class Call:
    """One run of nmap: its arguments, and the seconds after which it is ended."""

    arguments: tuple[str, ...]
    limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlanner:
    """Makes the calls of one run. `is_raw`: nmap may send raw packets (root, or the right given to its file)."""

    options: NmapOptions
    exclude: tuple[str, ...]
    is_raw: bool
    host_timeout_s: float
    rate_share: int = 1
    """How many calls run at once and share the rate."""

    def ping(self, networks: Sequence[Network], *, besides: Sequence[str] = ()) -> Call:
        """Who answers an echo request, or on the scanner's own subnet ARP; twice, for lost packets."""
        return self._liveness(networks, ["-PE"], besides, probes=1, tries=2)

    def knock(self, networks: Sequence[Network], *, besides: Sequence[str] = ()) -> Call:
        """Who answers TCP on a few ports, or SNMP; for what does not answer a ping."""
        ports = ",".join(map(str, LIVENESS_TCP_PORTS))
        probes = [f"-PS{ports}", *([f"-PU{SNMP_PORT}"] if self.is_raw else [])]
        return self._liveness(
            networks, probes, besides, probes=len(LIVENESS_TCP_PORTS) + 1, tries=1 if self.is_raw else 2
        )

    def port_scan(self, addresses: Sequence[str]) -> Call:
        """Which ports are open."""
        ports = self.options.tcp_ports(addresses)
        if ports is None:
            chosen = ["--top-ports", "1000"] if self.options.ports == "top1000" else ["-p", "1-65535"]
            count = 1000 if self.options.ports == "top1000" else 65_535
        elif self.is_raw:
            chosen, count = ["-sU", "-p", f"T:{port_list(ports)},U:{SNMP_PORT}"], len(ports) + 1
        else:
            chosen, count = ["-p", port_list(ports)], len(ports)
        rate = self._rate(len(addresses))
        names = ["-R"] if self.options.has_names else ["-n"]
        arguments = [
            *names,
            "-Pn",
            self._scan_type,
            *chosen,
            *self._pace(rate),
            "--min-hostgroup",
            str(len(addresses)),
            "--host-timeout",
            _milliseconds(self.host_timeout_s + 2 * count / MAX_RATE_PER_HOST),
        ]
        limit_s = self.host_timeout_s + 4 * len(addresses) * count / rate + _SLACK_S
        return Call((*self._base(addresses), *arguments, *addresses), limit_s)

    def versions(self, addresses: Sequence[str], ports: Iterable[int]) -> Call:
        """What listens on open ports; a host that takes too long keeps its ports and gets no versions."""
        timeout_s = min(self.options.version_timeout_s, self.host_timeout_s)
        arguments = [
            "-n",
            "-Pn",
            self._scan_type,
            "-sV",
            "--version-light",
            "-p",
            port_list(ports),
            "-T4",
            *self._pace(self._rate(len(addresses))),
            # nmap's own guess keeps version probes so few that 480 services take 44 s instead of 6
            "--min-parallelism",
            str(min(_MAX_VERSION_PROBES, max(8, 4 * len(addresses)))),
            "--min-hostgroup",
            str(len(addresses)),
            "--host-timeout",
            _milliseconds(timeout_s),
        ]
        return Call((*self._base(addresses), *arguments, *addresses), timeout_s + _SLACK_S)

    def operating_systems(self, addresses: Sequence[str], ports: Iterable[int]) -> Call:
        """What the hosts' network stacks look like; raw packets only, at most `SYSTEM_GROUP` hosts a call."""
        if not self.is_raw:
            raise Invalid("the operating system is guessed from raw packets; run as root, or leave out the option os")
        timeout_s = min(self.options.os_timeout_s, self.host_timeout_s)
        arguments = [
            "-n",
            "-Pn",
            "-sS",
            "-O",
            "--osscan-limit",
            "--max-os-tries",
            "1",
            "-p",
            # nmap compares an open port with a closed one
            port_list(_CLOSED_NEARLY_EVERYWHERE | set(ports)),
            "-T4",
            *self._pace(self._rate(len(addresses))),
            "--min-hostgroup",
            str(len(addresses)),
            "--host-timeout",
            _milliseconds(timeout_s),
        ]
        return Call((*self._base(addresses), *arguments, *addresses), timeout_s + _SLACK_S)

    def _liveness(
        self, networks: Sequence[Network], kinds: Sequence[str], besides: Sequence[str], *, probes: int, tries: int
    ) -> Call:
        count = sum(network.num_addresses for network in networks)
        rate = self._rate(count)
        targets = [str(network[0]) if network.num_addresses == 1 else str(network) for network in networks]
        arguments = [
            "-n",
            "-sn",
            *kinds,
            "--max-retries",
            str(tries - 1),
            "--min-rate",
            str(rate),
            "--max-rate",
            str(rate),
            "--max-rtt-timeout",
            f"{_MAX_RTT_MS}ms",
            "--initial-rtt-timeout",
            f"{_MAX_RTT_MS}ms",
        ]
        limit_s = self.host_timeout_s + 3 * count * probes * tries / rate
        return Call((*self._base(targets, besides), *arguments, *targets), limit_s)

    def _base(self, targets: Sequence[str], besides: Sequence[str] = ()) -> list[str]:
        is_six = any(":" in target for target in targets)
        exclude = [text for text in self.exclude if (":" in text) == is_six]
        if len(besides) <= _MAX_BESIDES:
            exclude += besides
        return [
            *(["-6"] if is_six else []),
            *(["--privileged"] if self.is_raw else ["--unprivileged"]),
            *(["--exclude", ",".join(exclude)] if exclude else []),
            "-oX",
            "-",
        ]

    @property
    def _scan_type(self) -> str:
        return "-sS" if self.is_raw else "-sT"

    def _rate(self, host_count: int) -> int:
        return max(_LEAST_RATE, min(self.options.max_rate, MAX_RATE_PER_HOST * host_count) // self.rate_share)

    def _pace(self, rate: int) -> list[str]:
        return [
            "--max-retries",
            "1",
            "--min-rate",
            str(rate),
            "--max-rate",
            str(rate),
            "--max-rtt-timeout",
            f"{_MAX_RTT_MS}ms",
        ]


def _milliseconds(seconds: float) -> str:
    return f"{max(1, round(seconds * 1000))}ms"
