"""The lab as one thing: build, up, down, stop and start of a node, commands inside it."""

from __future__ import annotations

import fcntl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.lab import build as images
from tests.lab import network
from tests.lab.command import CommandFailed, attempt, run
from tests.lab.node import remove_cgroups, start_node
from tests.lab.node_files import sshd_settings
from tests.lab.places import Places, namespace_path
from tests.lab.processes import ProcessTable
from tests.lab.readiness import node_probes, wait_for, wait_until_ready
from tests.lab.snmpsim import simulated_devices, start_simulator
from tests.lab.topology import NODES, SCANNER, SIMULATOR, Node, SshAccess

_AUTHORIZED_KEYS = "/home/cmdb/.ssh/authorized_keys"


class Lab:
    """A network of real daemons in Linux namespaces with no way out; one lab at a time on a machine."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._table = ProcessTable(places.run / "processes.json")

    @property
    def is_up(self) -> bool:
        """Whether every node that was started still runs."""
        table = self._table.read()
        return set(NODES) <= set(table) and all(process.is_alive for process in table.values())

    def build(self) -> None:
        """Install needs and make missing images; raises `CommandFailed` with what this machine lacks."""
        images.install_needs()
        if lacks := images.lacks():
            raise CommandFailed(f"the lab needs: {', '.join(lacks)}")
        images.build(self.places)

    def up(self) -> None:
        """Start everything and return once all daemons answer; does nothing when it is up. About 10 s."""
        with self._alone():
            if self.is_up:
                return
            self._clear()
            if not images.is_built(self.places):
                raise CommandFailed("the lab is not built; build it first")
            self.places.run.mkdir(parents=True, exist_ok=True)
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "graph-cmdb-lab", "-f", self.places.key])
            network.make_network(tuple(simulated_devices(self.places)))
            if simulator := start_simulator(self.places):
                self._table.put(SIMULATOR, simulator)
            for node in NODES.values():
                self._table.put(node.name, start_node(node, self.places))
            wait_until_ready(self.places)

    def down(self) -> None:
        """End every process that `up` or `start` started and remove namespaces, cgroups and state; images stay."""
        with self._alone():
            self._clear()

    def stop(self, name: str) -> None:
        """Power a node off: its processes end and its ports go dark. Does nothing when it is off."""
        process = self._table.read().get(name)
        if process is not None:
            process.kill()
            self._table.remove(name)
        network.unplug(NODES[name])

    def start(self, name: str) -> None:
        """Power a node on again with the disk it had; returns once its daemons answer."""
        node = NODES[name]
        process = self._table.read().get(name)
        if process is None or not process.is_alive:
            network.plug(node)
            self._table.put(name, start_node(node, self.places))
        wait_for(list(node_probes(node)), limit_s=60)

    def run_in_scanner(self, words: Sequence[str | Path], *, timeout_s: float) -> subprocess.CompletedProcess[str]:
        """Run a command where the scanner stands; the ended program, whatever its exit code."""
        return attempt(["nsenter", f"--net={namespace_path(SCANNER)}", *words], timeout_s=timeout_s)

    def run_in_node(self, name: str, words: Sequence[str], *, timeout_s: float = 30.0) -> str:
        """Standard output of a command inside a node; raises `CommandFailed`."""
        return run(self.command_in(name, words), timeout_s=timeout_s)

    def command_in(self, name: str, words: Sequence[str]) -> list[str]:
        """The command line that runs `words` in a node, in `scanner` or in `sim`."""
        if name in (SCANNER, SIMULATOR):
            return ["nsenter", f"--net={namespace_path(name)}", *words]
        process = self._table.read().get(name)
        init = process.child if process else None
        if init is None:
            raise CommandFailed(f"{name} does not run")
        return ["nsenter", "-t", str(init), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", *words]

    def set_authorized_keys(self, name: str, keys: Sequence[str]) -> None:
        """Replace the public keys (lines of sshd(8)'s authorized_keys) that the node accepts for the lab's user."""
        script = f"cat > {_AUTHORIZED_KEYS}"
        run(self.command_in(name, ["sh", "-c", script]), text="".join(f"{key.strip()}\n" for key in keys))

    def restore_authorized_keys(self, name: str) -> None:
        """Accept the lab's own key again, and no other."""
        self.set_authorized_keys(name, [self.places.key.with_suffix(".pub").read_text()])

    def set_password_login(self, name: str, *, accepts_password: bool) -> None:
        """Let sshd of a host accept or refuse passwords from now on."""
        access = NODES[name].ssh
        port = access.port if access else 22
        text = sshd_settings(SshAccess(port, accepts_password=accepts_password))
        run(self.command_in(name, ["sh", "-c", "cat > /etc/ssh/sshd_config.d/lab.conf"]), text=text)
        # a reload returns before sshd has read anything; a restart returns when it is ready, and sessions live on
        self.run_in_node(name, ["systemctl", "reset-failed", "ssh.service"])
        self.run_in_node(name, ["systemctl", "restart", "ssh.service"])

    def status(self) -> Iterator[tuple[str, bool, tuple[str, ...]]]:
        """Name, whether it runs, and addresses, of every node and the simulator."""
        table = self._table.read()
        for node in NODES.values():
            process = table.get(node.name)
            yield node.name, process is not None and process.is_alive, node.addresses
        simulator = table.get(SIMULATOR)
        if simulator:
            yield SIMULATOR, simulator.is_alive, tuple(simulated_devices(self.places))

    def node_of(self, address: str) -> Node | None:
        """The node that has the address."""
        return next((node for node in NODES.values() if address in node.addresses), None)

    def _clear(self) -> None:
        for process in self._table.read().values():
            process.kill()
        network.remove_network()
        deadline = time.monotonic() + 5
        while not remove_cgroups() and time.monotonic() < deadline:
            time.sleep(0.1)
        if self.places.run.is_dir():
            run(["rm", "-rf", "--one-file-system", self.places.run])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = self.places.run.with_suffix(".lock")
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
