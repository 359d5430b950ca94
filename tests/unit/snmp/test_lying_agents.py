"""Whatever an agent puts into its tables, the mapping ends, makes a device, and its rows hold together."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from scanners.snmp_client import Column, SnmpValue
from scanners.snmp_families import known_families
from scanners.snmp_mapping import mapped
from scanners.snmp_reading import Reading, read_agent, read_system
from scanners.snmp_recording import RecordingClient
from scanners.snmp_tables import SCALARS, SYSTEM, TABLES

OIDS = st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=12).map(lambda parts: ".".join(map(str, parts)))
VALUES: st.SearchStrategy[SnmpValue] = st.one_of(
    st.integers(-(2**31), 2**64 - 1),
    st.binary(max_size=40),
    st.sampled_from(
        ["0.0", "1.3.6.1.4.1.8072.3.2.10", "1.3.6.1.2.1.25.2.1.4", "1.3.6.1.4.1.9.1.1", "255.255.255.255", "0.0.0.0"]
    ),
    OIDS,
)
INDEXES = st.lists(st.integers(0, 300), min_size=1, max_size=14).map(lambda parts: ".".join(map(str, parts)))
COLUMNS = [f"{table.entry}.{column.number}" for table in TABLES for column in table.columns]
TABLE_ROWS = st.dictionaries(
    st.sampled_from(COLUMNS), st.dictionaries(INDEXES, VALUES, min_size=1, max_size=4), max_size=25
)
ALONE = st.dictionaries(st.sampled_from([spec.oid for spec in (*SYSTEM, *SCALARS)]), VALUES, max_size=8)


@given(tables=TABLE_ROWS, alone=ALONE)
def test_any_table_of_any_values_makes_one_device_whose_rows_hold_together(
    tables: dict[str, dict[str, SnmpValue]], alone: dict[str, SnmpValue]
) -> None:
    columns = [Column(base=base, values=values) for base, values in tables.items()]
    columns += [Column(base=oid.rpartition(".")[0], values={"0": value}) for oid, value in alone.items()]
    client = RecordingClient.from_columns(columns)
    families = known_families()

    async def read() -> Reading:
        return await read_agent(client, families, await read_system(client))

    found = mapped(asyncio.run(read()), families, address="192.0.2.1")
    drafts = found.rows.drafts
    assert found.device.attributes["ip_addresses"]
    assert [link for link in found.rows.links.values() if link.source not in drafts or link.target not in drafts] == []
    assert [draft for draft in drafts.values() if str(draft.attributes.get("host", "device")) not in drafts] == []
    assert [draft for draft in drafts.values() if draft.class_name == "interface" and not draft.name] == []
