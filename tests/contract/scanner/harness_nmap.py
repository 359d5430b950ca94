"""The scanner `nmap` with a real nmap in a network namespace of its own; a broken nmap where a real one would not break."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from discovery.scanner import Scanner
from scanners.nmap import NmapScanner
from tests.contract.scanner.harness import Behaviour, Stage

NAMESPACE = f"contract-{os.getpid()}"
NAMESPACE_PATH = f"/run/netns/{NAMESPACE}"
HERE = Path(__file__).parent
# RFC 2544: addresses for tests of network gear, never routed
TARGETS = {
    Behaviour.GOOD: "198.18.0.10",
    Behaviour.DOWN: "198.18.0.20",
    Behaviour.SLOW: "198.18.0.30",
    Behaviour.LYING: "198.18.0.40",
    Behaviour.CUT_OFF: "198.18.0.50",
}
REAL = (Behaviour.GOOD, Behaviour.DOWN)
LISTENER = """
import socket, selectors
chosen = selectors.DefaultSelector()
for port in (22, 80):
    listening = socket.create_server(("0.0.0.0", port))
    chosen.register(listening, selectors.EVENT_READ)
print("ready", flush=True)
while True:
    for key, _ in chosen.select():
        peer, _ = key.fileobj.accept()
        peer.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\\r\\n")
        peer.close()
"""


class NmapHarness:
    """Follows `Harness`."""

    name = "nmap"
    behaviours = frozenset(TARGETS)

    def __init__(self) -> None:
        self._folder = Path(tempfile.gettempdir()) / f"graph-cmdb-{NAMESPACE}"
        self._plan = self._folder / "plan.json"
        self._stages: list[Behaviour] = []
        self._listener: subprocess.Popen[str] | None = None

    def lacks(self) -> str | None:
        """nmap, and root for the namespace."""
        if shutil.which("nmap") is None:
            return "nmap"
        return None if os.geteuid() == 0 else "root, for a network namespace"

    def scanner(self) -> Scanner:
        """A scanner whose nmap is the stand-in."""
        return NmapScanner(command=(sys.executable, str(HERE / "nmap_stand_in.py"), str(self._plan)))

    def stage(self, behaviour: Behaviour) -> AbstractAsyncContextManager[Stage]:
        """One address of the namespace."""
        return self._stage(behaviour)

    @asynccontextmanager
    async def _stage(self, behaviour: Behaviour) -> AsyncIterator[Stage]:
        if not self._stages:
            self._open()
        self._stages.append(behaviour)
        self._write_plan()
        try:
            yield Stage(
                target=TARGETS[behaviour],
                options={"ports": "22,80,443", "version_timeout_s": "20"},
                target_timeout_s=2.0 if behaviour is Behaviour.SLOW else 20.0,
                incomplete_classes=frozenset({"network_service"}),
                contacts=self._packets if behaviour in REAL else None,
            )
        finally:
            self._stages.remove(behaviour)
            if not self._stages:
                self._close()

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        _ip("netns", "add", NAMESPACE)
        _ip("-n", NAMESPACE, "link", "set", "lo", "up")
        _ip("-n", NAMESPACE, "addr", "add", f"{TARGETS[Behaviour.GOOD]}/32", "dev", "lo")
        self._listener = subprocess.Popen(
            ["nsenter", f"--net={NAMESPACE_PATH}", sys.executable, "-c", LISTENER], stdout=subprocess.PIPE, text=True
        )
        if self._listener.stdout is None or self._listener.stdout.readline() != "ready\n":
            raise RuntimeError("the listener of the harness did not start")

    def _close(self) -> None:
        if self._listener is not None:
            self._listener.kill()
            self._listener.communicate(timeout=5)
        _ip("netns", "del", NAMESPACE)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write_plan(self) -> None:
        behaviours = {TARGETS[behaviour]: behaviour.value for behaviour in self._stages if behaviour not in REAL}
        self._plan.write_text(json.dumps({"namespace": NAMESPACE_PATH, "behaviours": behaviours}))

    def _packets(self) -> int:
        """Packets that the namespace ever saw: it has no interface but its loopback."""
        links = json.loads(_ip("-n", NAMESPACE, "-s", "-j", "link", "show", "lo"))
        return int(links[0]["stats64"]["rx"]["packets"])


def _ip(*words: str) -> str:
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=True, timeout=20).stdout


HARNESS = NmapHarness()
