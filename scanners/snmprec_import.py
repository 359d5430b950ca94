"""`cmdb import snmprec`: a walk that snmpsim's recorder wrote, as if its agent had answered."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from cmdb.errors import Invalid
from cmdb.formats.batch import Intake
from cmdb.formats.options import check_options
from scanners.snmp_families import known_families
from scanners.snmp_mapping import mapped
from scanners.snmp_reading import Reading, read_agent, read_system
from scanners.snmp_recording import RecordingClient

MAX_BYTES = 100_000_000
"""The largest recording, which is held in memory."""
_MAX_LINE = 1_000_000


class SnmprecParser:
    """The parser of recorded walks, `OID|tag|value` a line; one file is one device."""

    def read(self, stream: BinaryIO, *, name: str, into: Intake, options: Mapping[str, str]) -> None:
        """Takes in the device as the `snmp` scanner would have drafted it; raises `Invalid` for what is no recording."""
        check_options(options, (), format_name="snmprec")
        client = RecordingClient(_lines(stream, name))
        if client.skipped > client.size:
            raise Invalid(
                f"{client.skipped} lines are no recorded value and {client.size} are; give a file of lines OID|tag|value",
                place=name,
            )
        if client.size == 0:
            return
        if client.skipped:
            into.warn(f"{name}: {client.skipped} lines are no recorded value; passed over")
        found = mapped(asyncio.run(_read(client)), known_families())
        for draft in found.rows.drafts.values():
            into.draft(draft)
        for link in found.rows.links.values():
            into.link(link)
        for scope in found.rows.scopes:
            into.scope(scope)


async def _read(client: RecordingClient) -> Reading:
    return await read_agent(client, known_families(), await read_system(client))


def _lines(stream: BinaryIO, name: str) -> Iterator[str]:
    read = 0
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="\n")
    try:
        while line := text.readline(_MAX_LINE):
            read += len(line)
            if read > MAX_BYTES:
                raise Invalid(f"larger than {MAX_BYTES // 1_000_000} MB; split it", place=name)
            yield line
    finally:
        # the stream is the caller's to close
        text.detach()
