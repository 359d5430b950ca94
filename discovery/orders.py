"""What somebody wants scanned, before it is checked and becomes a `ScanRequest`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from discovery.credentials import Credential
from discovery.scanner import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOrder:
    """One scan as asked for; credentials by name, in the order to try."""

    scanner: str
    targets: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    network: str = "default"
    options: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    is_confirmed: bool = False
    """A person said yes to public addresses and to more than a /16."""
    collector: str | None = None
    """The remote collector that scans; None is this process."""


OrderCheck = Callable[[ScanOrder], None]
"""Raises `NotFound` (scanner), `Invalid` or `Denied` (targets) when an order must not run."""


class OrderDesk(Protocol):
    """Turns what somebody wants into what may be done; each method raises what `OrderCheck` says, or `NotFound` for a credential."""

    def checked(self, order: ScanOrder) -> ScanOrder:
        """The order with its targets as they may be scanned."""

    def credentials_for(self, order: ScanOrder) -> tuple[Credential, ...]:
        """Those that the order names, in its order, else all that its scanner takes."""

    def options_for(self, order: ScanOrder) -> dict[str, str]:
        """The order's options with the places that this machine keeps."""
