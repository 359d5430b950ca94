"""SNMP: this scanner against pysnmp and snmpbulkwalk over many agents, in one run.

    python -m benchmarks.snmp [--agents 200] [--pysnmp-agents 40] [--runs 3]

Each client runs in a process of its own; its CPU time is its own and its children's. The agents replay a 48-port switch
(system, ifTable, ifXTable, ipAddrTable) on 127.0.1.1 and following, from a Go program whose CPU time is shown too: where it
is the larger part, wall time says more of the agents than of the client, and CPU time is the figure to read.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from discovery.credentials import Credential, CredentialKind
from discovery.scanner import Limits, Observed, Outcome, ScanRequest, TargetDone
from scanners.snmp import SnmpScanner
from scanners.snmp_families import known_families
from scanners.snmp_guard import GuardedClient, GuardLimits
from scanners.snmp_gufo import GufoTransport
from scanners.snmp_mapping import Stamp, mapped, observations
from scanners.snmp_reading import read_agent, read_system
from scanners.snmp_recording import RecordingClient

PORT = 16_161
PORTS_OF_A_SWITCH = 48
IN_FLIGHT = 50
REPETITIONS = 25
SUBTREES = ("1.3.6.1.2.1.1", "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1", "1.3.6.1.2.1.4.20.1")
COMMUNITY = Credential(name="bench", kind=CredentialKind.SNMP_V2C, secrets={"community": "public"})
AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
FORKS = 8


@dataclass(frozen=True, slots=True)
class Measured:
    """One client over some agents."""

    devices: int
    cpu_s: float
    wall_s: float
    incomplete: int
    varbinds: int = 0

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds for one device."""
        return 1000 * self.cpu_s / self.devices


def addresses(count: int) -> list[str]:
    """The agents' addresses, as the Go program counts them."""
    return [f"127.0.{1 + number // 250}.{1 + number % 250}" for number in range(count)]


async def scan(count: int, backend: str, repetitions: int = 50) -> tuple[int, int]:
    """The product's own scan, mapping included; gives incomplete devices and drafts."""
    request = ScanRequest(
        run_id="bench",
        started_at=AT,
        targets=tuple(addresses(count)),
        credentials=(COMMUNITY,),
        limits=Limits(max_in_flight=IN_FLIGHT),
        options={"port": str(PORT), "backend": backend, "timeout_s": "2", "max_repetitions": str(repetitions)},
    )
    whole = drafts = 0
    complete = set()
    async for event in SnmpScanner().scan(request):
        if isinstance(event, Observed):
            drafts += len(event.observation.drafts)
            interfaces = sum(draft.class_name == "interface" for draft in event.observation.drafts)
            whole += interfaces == PORTS_OF_A_SWITCH and len(event.observation.scopes) == 1
        elif isinstance(event, TargetDone) and event.outcome is Outcome.READ:
            complete.add(event.target)
    return count - min(whole, len(complete)), drafts


async def each(count: int, read: Callable[[str], Awaitable[int]]) -> tuple[int, int]:
    """`read` over all agents, so many in flight; gives incomplete devices and varbinds."""
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def one(address: str) -> int:
        async with gate:
            return await read(address)

    sizes = await asyncio.gather(*(one(address) for address in addresses(count)))
    return sum(size < max(sizes) for size in sizes), sum(sizes)


async def same_varbinds(count: int) -> tuple[int, int]:
    """The four subtrees in full by the product's client, then mapped to observations."""
    families = known_families()

    async def read(address: str) -> int:
        client = GuardedClient(
            GufoTransport(address, PORT, COMMUNITY), GuardLimits(timeout_s=2, max_repetitions=REPETITIONS)
        )
        columns = [await client.walk(base) for base in SUBTREES]
        client.close()
        recording = RecordingClient.from_columns(columns)
        reading = await read_agent(recording, families, await read_system(recording))
        found = observations(mapped(reading, families, address=address), Stamp(run_id="bench", at=AT))
        assert sum(draft.class_name == "interface" for draft in found[0].drafts) == PORTS_OF_A_SWITCH
        return sum(len(column.values) for column in columns)

    return await each(count, read)


async def by_pysnmp(count: int) -> tuple[int, int]:
    """The four subtrees by `bulk_walk_cmd` with lookupMib=False, one engine, nothing mapped."""
    from pysnmp.hlapi.v1arch import asyncio as hlapi

    async def read(address: str) -> int:
        size = 0
        target = await hlapi.UdpTransportTarget.create((address, PORT), timeout=2, retries=3)
        for base in SUBTREES:
            walk: Any = hlapi.bulk_walk_cmd(
                dispatcher,
                hlapi.CommunityData("public", mpModel=1),
                target,
                0,
                REPETITIONS,
                hlapi.ObjectType(hlapi.ObjectIdentity(base)),
                lookupMib=False,
                lexicographicMode=False,
            )
            async for failure, _status, _index, varbinds in walk:
                if failure:
                    break
                size += len(varbinds)
        return size

    dispatcher = hlapi.SnmpDispatcher()
    try:
        return await each(count, read)
    finally:
        dispatcher.close()


async def by_net_snmp(count: int) -> tuple[int, int]:
    """The four subtrees by snmpbulkwalk, a process a subtree as its users write it."""
    program = shutil.which("snmpbulkwalk")
    if program is None:
        raise SystemExit("snmpbulkwalk is missing: install the Debian package snmp")
    gate = asyncio.Semaphore(FORKS)

    async def read(address: str) -> int:
        size = 0
        for base in SUBTREES:
            async with gate:
                process = await asyncio.create_subprocess_exec(
                    program,
                    *(
                        "-v2c",
                        "-c",
                        "public",
                        "-m",
                        "",
                        "-M",
                        "/nonexistent",
                        "-On",
                        "-t",
                        "2",
                        "-r",
                        "3",
                        f"-Cr{REPETITIONS}",
                    ),
                    *(f"{address}:{PORT}", base),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
                output, _ = await process.communicate()
            size += output.count(b"\n")
        return size

    return await each(count, read)


CLIENTS: dict[str, Callable[[int], Awaitable[tuple[int, int]]]] = {
    "scan": lambda count: scan(count, "gufo"),
    "scan-by-pysnmp": lambda count: scan(count, "pysnmp"),
    "same-varbinds": same_varbinds,
    "pysnmp": by_pysnmp,
    "snmpbulkwalk": by_net_snmp,
}


def work(name: str, count: int) -> None:
    """One client in this process; prints what it cost as JSON. Loading programs is not measured."""
    known_families()
    before, started = _cpu_s(), time.perf_counter()
    incomplete, varbinds = asyncio.run(_awaited(CLIENTS[name](count)))
    print(json.dumps(asdict(Measured(count, _cpu_s() - before, time.perf_counter() - started, incomplete, varbinds))))


async def _awaited(result: Awaitable[tuple[int, int]]) -> tuple[int, int]:
    return await result


def _cpu_s() -> float:
    usage = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in usage)


def measure(name: str, count: int) -> Measured:
    """The client in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.snmp", "--client", name, "--agents", str(count)]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900).stdout
    return Measured(**json.loads(output.splitlines()[-1]))


@contextmanager
def agents(program: Path, count: int, *, loss: float = 0.0) -> Iterator[subprocess.Popen[str]]:
    """The replay agents; they end when their standard input closes."""
    command = [str(program), "-count", str(count), "-port", str(PORT), "-loss", str(loss)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if not process.stdout.readline().startswith("ready"):
            raise SystemExit("the replay agents did not start; is another run going on?")
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


def cpu_of(process: subprocess.Popen[str]) -> float:
    """CPU seconds that a running process has used (proc(5), stat fields 14 and 15)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def build(folder: Path) -> Path:
    """The agents' program, built by Go from the folder beside this file."""
    if shutil.which("go") is None:
        raise SystemExit("go is missing: the agents of this benchmark are a Go program")
    source = Path(__file__).with_name("snmp_agent")
    program = folder / "snmpagent"
    subprocess.run(["go", "build", "-o", str(program), "."], cwd=source, check=True, timeout=600)
    return program


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--pysnmp-agents", type=int, default=40, help="pysnmp takes a quarter of a second each")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--client", choices=sorted(CLIENTS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.client:
        work(arguments.client, arguments.agents)
        return
    with tempfile.TemporaryDirectory() as folder:
        program = build(Path(folder))
        counts = dict.fromkeys(CLIENTS, arguments.agents)
        counts["pysnmp"] = counts["scan-by-pysnmp"] = min(arguments.agents, arguments.pysnmp_agents)
        found: dict[str, list[Measured]] = {name: [] for name in CLIENTS}
        agent_ms: dict[str, float] = {}
        with agents(program, arguments.agents) as process:
            for _ in range(arguments.runs):
                for name, count in counts.items():
                    before = cpu_of(process)
                    found[name].append(measure(name, count))
                    agent_ms[name] = 1000 * (cpu_of(process) - before) / count
        with agents(program, arguments.agents, loss=0.01):
            lossy = {
                name: [measure(name, arguments.agents) for _ in range(arguments.runs)]
                for name in ("scan", "same-varbinds", "snmpbulkwalk")
            }
    report(found, agent_ms, lossy)


def report(found: dict[str, list[Measured]], agent_ms: dict[str, float], lossy: dict[str, list[Measured]]) -> None:
    """The table and the ratios, of medians."""
    middle = {name: statistics.median(run.cpu_ms for run in runs) for name, runs in found.items()}
    print(
        f"{'client':<16} {'devices':>7} {'CPU ms/device':>14} {'devices/s':>10} {'agent ms/device':>16} {'incomplete':>11}"
    )
    for name, runs in found.items():
        rate = statistics.median(run.devices / run.wall_s for run in runs)
        worst = max(run.incomplete for run in runs)
        print(
            f"{name:<16} {runs[0].devices:>7} {middle[name]:>14.1f} {rate:>10.0f} {agent_ms[name]:>16.1f} {worst:>11}"
        )
    for name, runs in lossy.items():
        wall = statistics.median(run.wall_s for run in runs)
        print(
            f"1 % of replies lost, {name}: {max(run.incomplete for run in runs)} of {runs[0].devices} incomplete, {wall:.1f} s"
        )
    for text, ours, theirs in (
        ("same varbinds, ours mapped to CIs, pysnmp's not", "same-varbinds", "pysnmp"),
        ("a whole scan, mapped, against a bare pysnmp walk", "scan", "pysnmp"),
        ("a whole scan by gufo against the same scan by pysnmp", "scan", "scan-by-pysnmp"),
        ("same varbinds, ours mapped, against snmpbulkwalk", "same-varbinds", "snmpbulkwalk"),
        ("a whole scan, mapped, against snmpbulkwalk", "scan", "snmpbulkwalk"),
    ):
        print(
            f"{text}: {middle[ours] / middle[theirs]:.3f} of the CPU ({middle[theirs] / middle[ours]:.1f} times less)"
        )


if __name__ == "__main__":
    main()
