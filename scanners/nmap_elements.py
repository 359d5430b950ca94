"""From nmap's XML elements to reports, one host at a time (nmap.dtd of nmap 7.94).

Faults of one host or port are told and leave the rest standing.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping

from scanners.nmap_report import HostName, HostReport, OsMatch, PortReport, RunReport

MAX_TEXT = 64 * 1024
"""Longest text value in characters (contract.md)."""
MAX_PORT = 65_535
PROTOCOLS = frozenset({"tcp", "udp", "sctp", "ip"})
_MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}\Z")
_DIGITS = re.compile(r"[0-9]{1,19}\Z")
# depth of an element below the root, which is 0
_HOST, _IN_HOST, _IN_LIST, _IN_ITEM, _IN_DETAIL = 1, 2, 3, 4, 5

Fault = Callable[[int, str | None, str], None]
"""Told with the line, the host's address when known, and a sentence."""


class HostBuilder:
    """One host element while it is open."""

    def __init__(self, attributes: Mapping[str, str], line: int, fault: Fault) -> None:
        self._line = line
        self._fault = fault
        self._is_timed_out = attributes.get("timedout") == "true"
        self._status = "unknown"
        self._reason: str | None = None
        self._ipv4: list[str] = []
        self._ipv6: list[str] = []
        self._macs: list[str] = []
        self._mac_vendor: str | None = None
        self._names: list[HostName] = []
        self._ports: list[PortReport] = []
        self._os_matches: list[OsMatch] = []
        self._port: dict[str, str] = {}
        self._service: dict[str, str] = {}
        self._cpes: list[str] = []
        self._match: dict[str, str] = {}
        self._list = ""
        self._is_impossible = False

    def start(self, name: str, attributes: Mapping[str, str], depth: int, line: int) -> bool:
        """Take the start of an element inside the host; True when its text is wanted."""
        if depth == _IN_HOST:
            self._list = name
            if name == "status":
                self._status = attributes.get("state", "unknown")
                self._reason = _text(attributes.get("reason"))
            elif name == "address":
                self._add_address(attributes, line)
        elif depth == _IN_LIST:
            self._start_item(name, attributes)
        elif depth == _IN_ITEM:
            if self._list == "ports" and name == "state":
                self._port["state"] = attributes.get("state", "unknown")
            elif self._list == "ports" and name == "service":
                self._service = dict(attributes)
            elif self._list == "os" and name == "osclass":
                self._match.setdefault("family", attributes.get("osfamily", ""))
        elif depth == _IN_DETAIL:
            return self._list == "ports" and name == "cpe"
        return False

    def end(self, name: str, text: str, depth: int, line: int) -> None:
        """Take the end of an element inside the host, with its text if that was wanted."""
        if depth == _IN_DETAIL and name == "cpe" and self._list == "ports" and text.strip():
            self._cpes.append(text.strip()[:MAX_TEXT])
        elif depth == _IN_LIST and self._list == "ports" and name == "port":
            self._add_port(line)
        elif depth == _IN_LIST and self._list == "os" and name == "osmatch":
            self._add_match()

    def finish(self) -> HostReport | None:
        """The host; None when it has no possible address, which has been told."""
        if self._is_impossible and not (self._ipv4 or self._ipv6):
            return None
        return HostReport(
            status=self._status,
            reason=self._reason,
            ipv4=tuple(self._ipv4),
            ipv6=tuple(self._ipv6),
            macs=tuple(self._macs),
            mac_vendor=self._mac_vendor,
            names=tuple(self._names),
            ports=tuple(self._ports),
            os_matches=tuple(self._os_matches),
            is_timed_out=self._is_timed_out,
            line=self._line,
        )

    @property
    def _address(self) -> str | None:
        return next(iter((*self._ipv4, *self._ipv6)), None)

    def _add_address(self, attributes: Mapping[str, str], line: int) -> None:
        text, kind = attributes.get("addr", ""), attributes.get("addrtype", "ipv4")
        if kind == "mac":
            if _MAC.match(text):
                self._macs.append(text.lower())
                self._mac_vendor = self._mac_vendor or _text(attributes.get("vendor"))
            else:
                self._fault(line, self._address, f"{text[:60]!r} is no MAC address; it is left out")
            return
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            self._is_impossible = True
            self._fault(
                line, self._address, f"{text[:60]!r} is no IP address; the host is left out unless it has another"
            )
            return
        (self._ipv4 if address.version == 4 else self._ipv6).append(str(address))

    def _start_item(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._list == "hostnames" and name == "hostname" and attributes.get("name"):
            self._names.append(HostName(attributes["name"][:MAX_TEXT], attributes.get("type", "")))
        elif self._list == "ports" and name == "port":
            self._port, self._service, self._cpes = dict(attributes), {}, []
        elif self._list == "os" and name == "osmatch":
            self._match = {"name": attributes.get("name", ""), "accuracy": attributes.get("accuracy", "")}

    def _add_port(self, line: int) -> None:
        number, protocol = self._port.get("portid", ""), self._port.get("protocol", "")
        port = int(number) if _DIGITS.match(number) else -1
        # `ip` lists protocol numbers, of which 0 is one (RFC 8200 §4.3)
        if not (0 if protocol == "ip" else 1) <= port <= MAX_PORT or protocol not in PROTOCOLS:
            what = f"{number[:20]}/{protocol[:20]}"
            self._fault(
                line, self._address, f"port {what!r} cannot be (1–{MAX_PORT} of {', '.join(sorted(PROTOCOLS))})"
            )
            return
        service = self._service
        if any(len(value) > MAX_TEXT for value in service.values()):
            self._fault(line, self._address, f"a text of port {number}/{protocol} is longer than 64 KiB")
            return
        self._ports.append(
            PortReport(
                port=port,
                protocol=protocol,
                state=self._port.get("state", "unknown"),
                service=service.get("name"),
                product=service.get("product"),
                version=service.get("version"),
                extra=service.get("extrainfo"),
                tunnel=service.get("tunnel"),
                cpes=tuple(self._cpes),
                is_probed=service.get("method") == "probed",
            )
        )

    def _add_match(self) -> None:
        name, accuracy = self._match.get("name", ""), self._match.get("accuracy", "")
        if name and _DIGITS.match(accuracy) and int(accuracy) <= 100:
            self._os_matches.append(OsMatch(name[:MAX_TEXT], int(accuracy), self._match.get("family") or None))


def read_root(attributes: Mapping[str, str]) -> RunReport:
    """What the root element says of the run."""
    return RunReport(
        scanner=attributes.get("scanner"),
        version=attributes.get("version"),
        arguments=attributes.get("args"),
        started=whole_number(attributes.get("start")),
    )


def whole_number(text: str | None) -> int | None:
    """The number, or None for anything else."""
    return int(text) if text and _DIGITS.match(text) else None


def is_host(name: str, depth: int) -> bool:
    """Whether the element is a host of the run; `hosthint` is none."""
    return depth == _HOST and name == "host"


def _text(value: str | None) -> str | None:
    return value.strip() or None if value else None
