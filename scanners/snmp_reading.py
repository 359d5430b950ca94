"""Everything that one agent gave, decoded: the value between the protocol and the mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scanners.snmp_client import Column, SnmpClient, SnmpNoAnswer, SnmpOutOfTime, SnmpValue
from scanners.snmp_families import Families, Family
from scanners.snmp_tables import ONLY_WITH, ONLY_WITHOUT, SCALARS, SYSTEM, TABLES, ScalarSpec, Syntax, TableSpec

Cell = int | str | bytes
Row = Mapping[str, Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One agent's objects; `tables` by name, then by index in the agent's order; `complete` names the tables read to their end."""

    scalars: Mapping[str, Cell] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Row]] = field(default_factory=dict)
    complete: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()
    family: Family
    objects: Mapping[str, str] = field(default_factory=dict)
    """Text of the vendor's own objects by OID; of a column, its first row that says something, under the column's OID."""

    def rows(self, table: TableSpec) -> Mapping[str, Row]:
        """The rows of a table; none where it was not there."""
        return self.tables.get(table.name, {})

    def is_complete(self, *tables: TableSpec) -> bool:
        """Whether all of the tables were read to their end and at least the first has rows: an agent may lack a MIB."""
        return bool(self.rows(tables[0])) and all(table.name in self.complete for table in tables)

    def text(self, name: str) -> str:
        """A scalar as text, empty where it is missing."""
        value = self.scalars.get(name, "")
        return value if isinstance(value, str) else ""


async def read_system(client: SnmpClient) -> dict[str, Cell]:
    """The system group; empty when the agent answers but shows nothing. Raises what `get_many` raises."""
    return await _scalars(client, SYSTEM)


async def read_agent(client: SnmpClient, families: Families, system: Mapping[str, Cell]) -> Reading:
    """Everything that is mapped, as far as the agent gives it; faults are named, never raised."""
    faults: list[str] = []
    scalars = dict(system)
    sys_descr, sys_object_id = str(system.get("sys_descr", "")), str(system.get("sys_object_id", ""))
    objects: dict[str, str] = {}
    family = families.choose(sys_object_id, sys_descr, {})
    try:
        wanted = families.probes(sys_object_id, sys_descr)
        present = await client.get_many(wanted) if wanted else {}
        family = families.choose(sys_object_id, sys_descr, present)
        scalars |= await _scalars(client, SCALARS)
        objects = {
            oid: text for oid, value in (await client.get_many(family.objects())).items() if (text := as_text(value))
        }
        for base in family.columns():
            column = await client.walk(base)
            if column.fault:
                faults.append(column.fault)
            first = next((text for value in column.values.values() if (text := as_text(value))), None)
            if first:
                objects[base] = first
    except (SnmpNoAnswer, SnmpOutOfTime) as error:
        faults.append(error.message)
    tables: dict[str, dict[str, dict[str, Cell]]] = {}
    complete = set()
    for spec in TABLES:
        if (other := _spares(spec, tables)) is not None:
            if other in complete:
                complete.add(spec.name)
            continue
        rows, fault = await _table(client, spec)
        tables[spec.name] = rows
        if fault is None:
            complete.add(spec.name)
        else:
            faults.append(fault)
    return Reading(
        scalars=scalars,
        tables=tables,
        complete=frozenset(complete),
        faults=tuple(faults),
        family=family,
        objects=objects,
    )


def _spares(spec: TableSpec, tables: Mapping[str, object]) -> str | None:
    """The table read before whose rows, or want of rows, make this one needless; its completeness is this one's."""
    needs, instead = ONLY_WITH.get(spec.name), ONLY_WITHOUT.get(spec.name)
    if needs is not None and not tables.get(needs):
        return needs
    return instead if instead is not None and tables.get(instead) else None


async def _scalars(client: SnmpClient, specs: tuple[ScalarSpec, ...]) -> dict[str, Cell]:
    found = await client.get_many([spec.oid for spec in specs])
    cells = ((spec.name, decode(found[spec.oid], spec.syntax)) for spec in specs if spec.oid in found)
    return {name: cell for name, cell in cells if cell is not None}


async def _table(client: SnmpClient, spec: TableSpec) -> tuple[dict[str, dict[str, Cell]], str | None]:
    rows: dict[str, dict[str, Cell]] = {}
    fault: str | None = None
    for column_spec in spec.columns:
        column: Column = await client.walk(f"{spec.entry}.{column_spec.number}")
        fault = fault or column.fault
        name, syntax = column_spec.name, column_spec.syntax
        for index, value in column.values.items():
            cell = decode(value, syntax)
            if cell is not None:
                rows.setdefault(index, {})[name] = cell
        if not rows:
            break
    return rows, fault


def decode(value: SnmpValue, syntax: Syntax) -> Cell | None:
    """The value as its syntax says; None where it cannot be that, or is empty."""
    match syntax:
        case Syntax.INTEGER:
            return int(value) if isinstance(value, (int, float)) else None
        case Syntax.TEXT:
            return as_text(value)
        case Syntax.MAC:
            return as_mac(value)
        case Syntax.BYTES:
            return value if isinstance(value, bytes) else str(value).encode()
        case Syntax.DOTTED:
            return value if isinstance(value, str) else None


def as_text(value: SnmpValue) -> str:
    """UTF-8, else Latin-1; without control characters, padding and the double blanks they leave; line ends stay."""
    if not isinstance(value, bytes):
        return str(value)
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    if not text.isprintable():
        text = "".join(
            mark if mark.isprintable() else "\n" if mark == "\n" else " " if mark in "\t\xa0" else "" for mark in text
        )
    return text.strip()


def as_mac(value: SnmpValue) -> str | None:
    """Six bytes as lower-case colons; also from agents that spell the address as text. None for anything else and for zeros."""
    if not isinstance(value, bytes):
        return None
    if len(value) == 17:
        try:
            value = bytes.fromhex(value.decode("ascii").replace(":", "").replace("-", ""))
        except (UnicodeDecodeError, ValueError):
            return None
    if len(value) != 6 or not any(value):
        return None
    return value.hex(":")
