"""The SSH scanner's targets: real OpenSSH servers on loopback, made to misbehave by what they run."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from discovery.scanner import Scanner
from scanners.ssh import SshScanner
from tests.contract.scanner.harness import Behaviour, Stage
from tests.support.sshd import missing, ssh_server

_PORT = 30022
"""One port for all stages, each on an address of its own: a request has one set of options."""
_ADDRESSES: Mapping[Behaviour, str] = {
    Behaviour.GOOD: "127.0.9.1",
    Behaviour.DOWN: "127.0.9.2",
    Behaviour.SLOW: "127.0.9.3",
    Behaviour.REFUSING: "127.0.9.4",
    Behaviour.LYING: "127.0.9.5",
    Behaviour.CUT_OFF: "127.0.9.6",
}
_FORCED: Mapping[Behaviour, str] = {
    # the pipe breaks as soon as nobody reads any more, so that nothing is left running
    Behaviour.SLOW: "while :; do printf ' '; sleep 0.2; done",
    Behaviour.LYING: "yes '0123456789abcdef names = 0'",
    Behaviour.CUT_OFF: "sh -s | head -c 6000; kill -9 $PPID",
}
_EVERYTHING = frozenset({"interface", "file_system", "network_service", "software_instance", "software_product"})


class SshHarness:
    """See `Harness`."""

    name = "ssh"
    behaviours = frozenset(_ADDRESSES)

    def lacks(self) -> str | None:
        """An OpenSSH server."""
        return missing()

    def scanner(self) -> Scanner:
        """As a run makes it."""
        return SshScanner()

    @asynccontextmanager
    async def stage(self, behaviour: Behaviour) -> AsyncIterator[Stage]:
        """A server in a folder of its own; none for a target that is down."""
        address = _ADDRESSES[behaviour]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            options = {"ports": str(_PORT), "host_keys_file": str(folder / "host_keys")}
            if behaviour is Behaviour.DOWN:
                yield Stage(target=address, options=options)
                return
            manager = ssh_server(folder, forced_command=_FORCED.get(behaviour), port=_PORT, address=address)
            server = await asyncio.to_thread(manager.__enter__)
            log = folder / "sshd.log"
            before = _connections(log)
            try:
                yield Stage(
                    target=address,
                    credentials=(server.password,) if behaviour is Behaviour.REFUSING else (server.key,),
                    options=options,
                    target_timeout_s=2.0 if behaviour is Behaviour.SLOW else 20.0,
                    incomplete_classes=_EVERYTHING
                    if behaviour in {Behaviour.LYING, Behaviour.CUT_OFF}
                    else frozenset(),
                    contacts=lambda: _connections(log) - before,
                )
            finally:
                await asyncio.to_thread(manager.__exit__, None, None, None)


def _connections(log: Path) -> int:
    return log.read_text(errors="replace").count("Connection from ")


HARNESS = SshHarness()
