"""A recorded walk (`.snmprec`) read as if it were an agent."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import Path

from scanners.snmp_client import Column, SnmpValue

_INTEGERS = frozenset({"2", "65", "66", "67", "70", "71"})
"""BER tags in decimal: INTEGER, Counter32, Gauge32, TimeTicks, Counter64, Unsigned32 (RFC 2578 §7.1, RFC 1902)."""
_OCTETS, _OPAQUE, _OID, _ADDRESS = "4", "68", "6", "64"


class RecordingClient:
    """`SnmpClient` over a recording; every walk reaches its end. Lines that are no recorded value are counted in `skipped`."""

    def __init__(self, lines: Iterable[str]) -> None:
        values: dict[tuple[int, ...], SnmpValue] = {}
        self.skipped = 0
        for line in lines:
            entry = _entry(line.rstrip("\r\n"))
            if entry is None:
                self.skipped += 1
            else:
                values[entry[0]] = entry[1]
        self._values = values
        self._order = sorted(values)

    @property
    def size(self) -> int:
        """How many values were recorded."""
        return len(self._values)

    @classmethod
    def from_file(cls, path: Path) -> RecordingClient:
        """Reads UTF-8, undecodable bytes as Latin-1 would give them."""
        with path.open(encoding="utf-8", errors="surrogateescape") as lines:
            return cls(lines)

    @classmethod
    def from_columns(cls, columns: Iterable[Column]) -> RecordingClient:
        """What walks gave, as a recording."""
        client = cls(())
        for column in columns:
            root = tuple(map(int, column.base.split(".")))
            for index, value in column.values.items():
                client._values[*root, *map(int, index.split("."))] = value
        client._order = sorted(client._values)
        return client

    async def get_many(self, oids: Sequence[str]) -> dict[str, SnmpValue]:
        """The recorded ones among `oids`."""
        keys = {oid: tuple(map(int, oid.split("."))) for oid in oids}
        return {oid: self._values[key] for oid, key in keys.items() if key in self._values}

    async def walk(self, base: str) -> Column:
        """Everything recorded under `base`."""
        root = tuple(map(int, base.split(".")))
        found: dict[str, SnmpValue] = {}
        for position in range(bisect_left(self._order, (*root, 0)), len(self._order)):
            key = self._order[position]
            if key[: len(root)] != root:
                break
            found[".".join(map(str, key[len(root) :]))] = self._values[key]
        return Column(base=base, values=found)


def _entry(line: str) -> tuple[tuple[int, ...], SnmpValue] | None:
    oid, _, rest = line.partition("|")
    tag, _, text = rest.partition("|")
    try:
        key = tuple(map(int, oid.strip().lstrip(".").split(".")))
        return key, _value(tag.strip(), text)
    except ValueError:
        return None


def _value(tag: str, text: str) -> SnmpValue:
    """Raises ValueError for a tag or a value that no recording has; a tag ending in `x` says that the text is hexadecimal."""
    if tag.endswith("x"):
        raw = bytes.fromhex(text)
        if tag[:-1] == _ADDRESS:
            return ".".join(map(str, raw))
        return int.from_bytes(raw, "big") if tag[:-1] in _INTEGERS else raw
    if tag in _INTEGERS:
        return int(text)
    if tag in (_OCTETS, _OPAQUE):
        return text.encode(errors="surrogateescape")
    if tag == _OID:
        return text.strip().lstrip(".")
    if tag == _ADDRESS:
        if text.count(".") != 3:
            raise ValueError("no IPv4 address")
        return text.strip()
    raise ValueError(f"unknown tag {tag!r}")
