"""What somebody wants scanned, before it is checked and becomes a `ScanRequest`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

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


OrderCheck = Callable[[ScanOrder], None]
"""Raises `NotFound` (scanner), `Invalid` or `Denied` (targets) when an order must not run."""

CredentialLookup = Callable[[Sequence[str]], tuple[Credential, ...]]
"""Credentials by name, in the order given; raises `NotFound` with the name."""
