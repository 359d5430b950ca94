"""Run one scanner where the scanner stands and print its events, one JSON object a line.

`python -m tests.lab.scan SCANNER TARGET… [option=value …] [--exclude=TARGET …]`, inside the scanner's namespace.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys

import msgspec

from discovery.scanner import ScannerRegister, ScanRequest
from tests.support.network_guard import require_scanner_namespace

_EXCLUDE = "--exclude="


async def scan(words: list[str]) -> None:
    """Print everything that the scanner says."""
    name, *rest = words
    targets = tuple(word for word in rest if "=" not in word)
    require_scanner_namespace(targets)
    request = ScanRequest(
        run_id="lab-run",
        started_at=dt.datetime.now(dt.UTC),
        targets=targets,
        exclude=tuple(word.removeprefix(_EXCLUDE) for word in rest if word.startswith(_EXCLUDE)),
        options=dict(word.split("=", 1) for word in rest if "=" in word and not word.startswith(_EXCLUDE)),
    )
    async for event in ScannerRegister.from_entry_points().make(name).scan(request):
        print(msgspec.json.encode({"kind": type(event).__name__, "event": event}).decode(), flush=True)


if __name__ == "__main__":
    asyncio.run(scan(sys.argv[1:]))
