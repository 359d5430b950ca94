"""One machine read from inside by two scanners: both must say the same, or the graph would have it twice or flap."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cmdb.observation import Draft, Observation
from discovery.scanner import Limits, Observed, Scanner, ScanRequest
from scanners.local import LocalScanner
from scanners.ssh import SshScanner
from tests.support.sshd import SshServer, ssh_server


async def read(scanner: Scanner, server: SshServer, folder: Path) -> Observation:
    request = ScanRequest(
        run_id="run",
        started_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        targets=(server.address,),
        credentials=(server.key,),
        limits=Limits(target_timeout_s=60.0),
        options={"ports": str(server.port), "host_keys_file": str(folder / "host_keys")},
    )
    (observation,) = [event.observation async for event in scanner.scan(request) if isinstance(event, Observed)]
    return observation


def of_class(observation: Observation, class_name: str) -> dict[str | None, Draft]:
    return {draft.name: draft for draft in observation.drafts if draft.class_name == class_name}


async def test_both_scanners_say_the_same_of_one_machine(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "server") as server:
        inside, outside = await read(LocalScanner(), server, tmp_path), await read(SshScanner(), server, tmp_path)
    mine, theirs = inside.drafts[0], outside.drafts[0]
    # the server of this test has keys of its own beside those of the machine
    keys = {"ssh_host_keys"}
    assert (mine.class_name, mine.name) == (theirs.class_name, theirs.name)
    assert {name: value for name, value in mine.attributes.items() if name not in keys} == {
        name: value for name, value in theirs.attributes.items() if name not in keys
    }
    for class_name in ("interface", "file_system", "software_product"):
        assert of_class(inside, class_name) == of_class(outside, class_name)
