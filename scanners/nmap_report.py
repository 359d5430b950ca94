"""What nmap says about a host and a run, as plain values; whoever read it."""

from __future__ import annotations

from dataclasses import dataclass

OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortReport:
    """One listed port. `cpes` in the order of the output."""

    port: int
    protocol: str
    state: str
    service: str | None = None
    product: str | None = None
    version: str | None = None
    extra: str | None = None
    tunnel: str | None = None
    cpes: tuple[str, ...] = ()
    is_probed: bool = False
    """Whether the service answered a version probe; otherwise its name is the port table's guess."""


@dataclass(frozen=True, slots=True)
class OsMatch:
    """One guess of the operating system; accuracy 0–100."""

    name: str
    accuracy: int
    family: str | None = None


@dataclass(frozen=True, slots=True)
class HostName:
    """A name; `kind` is `PTR` for reverse DNS and `user` for what was typed."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReport:
    """One closed host element; addresses and MACs in canonical spelling, lower case."""

    status: str
    reason: str | None = None
    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()
    mac_vendor: str | None = None
    names: tuple[HostName, ...] = ()
    ports: tuple[PortReport, ...] = ()
    os_matches: tuple[OsMatch, ...] = ()
    is_timed_out: bool = False
    line: int | None = None

    @property
    def is_up(self) -> bool:
        """Whether it answered."""
        return self.status == "up"

    @property
    def address(self) -> str | None:
        """The address that stands for the host: IPv4 before IPv6."""
        return next(iter((*self.ipv4, *self.ipv6)), None)

    @property
    def open_ports(self) -> tuple[PortReport, ...]:
        """Ports in state `open` only: `open|filtered` is no finding."""
        return tuple(port for port in self.ports if port.state == OPEN)

    @property
    def best_os_match(self) -> OsMatch | None:
        """The guess of the highest accuracy, the first on a tie."""
        return max(self.os_matches, key=lambda match: match.accuracy, default=None)


@dataclass(slots=True, kw_only=True)
class RunReport:
    """One run as its own words tell it; times in seconds since 1970."""

    scanner: str | None = None
    version: str | None = None
    arguments: str | None = None
    started: int | None = None
    finished: int | None = None
    exit: str | None = None
    error: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether nmap itself says that it came to its end; `exit` exists since version 5.30."""
        return self.finished is not None and self.exit in (None, "success")
