"""Reading an SNMP agent: what any reader offers, what a transport must do, and the values that travel.

SnmpClient        what the mapping reads from: `get_many` and `walk`
├── GuardedClient (snmp_guard)      over a Transport: gufo (snmp_gufo) or pysnmp (snmp_pysnmp)
└── RecordingClient (snmp_recording) over a recorded walk
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cmdb.errors import Denied, Unavailable

SnmpValue = int | float | bytes | str
"""Numbers of every kind as int (Opaque floats as float), OCTET STRING and other Opaque as bytes, OBJECT IDENTIFIER and IpAddress as dotted text (RFC 2578 §7.1)."""


class SnmpNoAnswer(Unavailable):
    """Nothing came back in time, resends included."""


class SnmpClosed(SnmpNoAnswer):
    """The target answered that nothing listens on the port (ICMP port unreachable)."""


class SnmpDenied(Denied):
    """An SNMPv3 agent refused the user, the authentication key or the security level (RFC 3414 §3.2)."""


class SnmpGarbled(Unavailable):
    """The reply cannot be decoded, or carries an error status that says nothing about size."""


class SnmpTooBig(Unavailable):
    """The agent cannot fit the answer into one message (`tooBig`, RFC 3416 §4.2.1)."""


class SnmpOutOfTime(Unavailable):
    """The time allowed for the target is used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What a walk under `base` gave: values by index (the OID behind `base`, without its dot), in the agent's order.

    `fault` is None when the walk reached its end, else a sentence on why it stopped early; what was read stays.
    """

    base: str
    values: Mapping[str, SnmpValue] = field(default_factory=dict)
    fault: str | None = None


class SnmpClient(Protocol):
    """One agent, opened with credentials that it accepted."""

    async def get_many(self, oids: Sequence[str]) -> dict[str, SnmpValue]:
        """The instances that exist among `oids`; those that do not are left out.

        Raises `SnmpNoAnswer` when the agent has stopped answering and `SnmpOutOfTime` when its time is used up.
        """

    async def walk(self, base: str) -> Column:
        """Everything under `base`; never raises for a fault of the agent, which `Column.fault` reports."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The varbinds of one GETBULK reply that lie under the base; `is_end` when the next one would lie outside.

    `is_doubtful` marks an end that the back-end cannot tell from an error of the agent.
    """

    varbinds: Sequence[tuple[str, SnmpValue]]
    is_end: bool
    is_doubtful: bool = False


class Cursor(Protocol):
    """Where a walk stands; made by its transport and moved only by a reply, so that resending loses nothing."""


class Transport(Protocol):
    """One agent over one back-end: single requests, no retry, no judgement. Raises the errors above."""

    async def start(self, timeout_s: float) -> None:
        """Learn what the protocol needs first (SNMPv3 engine id and time); nothing for v2c."""

    async def get(self, oids: Sequence[str], timeout_s: float) -> dict[str, SnmpValue]:
        """One GET; instances that do not exist are left out."""

    def cursor(self, base: str, *, after: str | None, max_repetitions: int) -> Cursor:
        """A walk of `base` that goes on behind the OID `after`, or from the start of `base` where the back-end cannot."""

    async def get_bulk(self, cursor: Cursor, timeout_s: float) -> Batch:
        """One GETBULK from where the cursor stands."""

    def close(self) -> None:
        """Give the socket back; calling it twice is fine."""
