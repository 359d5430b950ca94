"""A scanner that stands in no package of ours: it finds servers one after the other, as slowly as its option `pause_s` says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

from cmdb.observation import Draft, Observation
from discovery.credentials import CredentialKind
from discovery.scanner import Observed, Outcome, ScanEvent, ScanRequest, TargetDone

SERVERS = 40


class RowScanner:
    """Finds `SERVERS` servers."""

    name: ClassVar[str] = "row"
    needs_targets: ClassVar[bool] = False
    credential_kinds: ClassVar[frozenset[CredentialKind]] = frozenset()

    async def scan(self, request: ScanRequest) -> AsyncIterator[ScanEvent]:
        """One observation a server."""
        for number in range(SERVERS):
            draft = Draft(
                local_id="a",
                class_name="server",
                name=f"srv{number:02}",
                native_key=f"key-{number}",
                attributes={"serial_number": f"SER{number:05}"},
            )
            yield Observed(
                Observation(
                    source="row",
                    run_id=request.run_id,
                    at=request.started_at,
                    drafts=(draft,),
                    network=request.network,
                )
            )
            yield TargetDone(target=f"srv{number:02}", outcome=Outcome.READ)
            await asyncio.sleep(float(request.options.get("pause_s", "0.01")))


def install(folder: Path) -> Path:
    """A folder for `PYTHONPATH` that registers the scanner as an installed package would."""
    info = folder / "row_scanner-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: row-scanner\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[cmdb.scanners]\nrow = tests.support.row_scanner:RowScanner\n", encoding="utf-8"
    )
    return folder
