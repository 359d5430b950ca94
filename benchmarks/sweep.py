"""A /21 at 5 % live: our scan against `nmap -sn -n`, and against python-nmap as its README uses it.

    python -m benchmarks.sweep [--runs 3] [--skip-naive]

As root. Both stand in a network namespace that this program makes, with one router hop between and no way out; the
other end answers for 102 of 2,048 addresses with five services each, drops what goes to privileged ports that are
closed (a firewalled host), and says nothing for the rest. Every side runs in a process of its own, start included;
hosts and ports that each side found are compared. Goals: 5 × for liveness, 6 × for ports, versions and system.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.sweep_services import SERVICES

NETWORK = "198.18.0.0/21"
"""RFC 2544: for tests of network gear, never routed."""
ADDRESSES = 2_048
LIVE = [f"198.18.{index // 256}.{index % 256}" for index in range(5, ADDRESSES, 20)][:102]
NEAR, FAR = "198.51.100.1", "198.51.100.2"
GOALS = {"liveness": 5.0, "ports, versions and system": 6.0}
LIMIT_S = 900
Found = dict[str, list[int]]


def main() -> int:
    """0 when both goals are met and the same was found, 1 otherwise."""
    parser = argparse.ArgumentParser(description="a /21 at 5 % live")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--skip-naive", action="store_true", help="leave out python-nmap, which takes minutes")
    parser.add_argument("--inside", choices=sorted(SIDES), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        print(json.dumps(SIDES[arguments.inside]()))
        return 0
    if os.geteuid() != 0:
        print("the benchmark makes network namespaces: run it as root", file=sys.stderr)
        return 2
    with network() as scanner:
        rows = [compare("liveness", scanner, "ping", "our liveness", runs=arguments.runs, naive_runs=arguments.runs)]
        if not arguments.skip_naive:
            what = "ports, versions and system"
            rows.append(compare(what, scanner, "naive", "ours", runs=arguments.runs, naive_runs=1))
    return 0 if all(rows) else 1


def compare(what: str, scanner: str, peer: str, ours: str, *, runs: int, naive_runs: int) -> bool:
    """Print one row; whether the goal is met and both found the same."""
    peer_s, peer_found = measure(scanner, peer, naive_runs)
    our_s, our_found = measure(scanner, ours, runs)
    ratio = peer_s / our_s
    is_same = peer_found == our_found
    ports = sum(map(len, our_found.values()))
    print(
        f"{what}: {PEERS[peer]} {peer_s:.1f} s ({naive_runs} runs), graph-cmdb {our_s:.1f} s ({runs} runs), "
        f"ratio {ratio:.1f} (goal {GOALS[what]:g}); {len(our_found)} hosts, {ports} open ports, "
        f"{'the same' if is_same else 'NOT THE SAME'} on both sides",
        flush=True,
    )
    if not is_same:
        print(f"  only there: {differing(peer_found, our_found)}\n  only here: {differing(our_found, peer_found)}")
    return is_same and ratio >= GOALS[what]


def differing(one: Found, other: Found) -> list[str]:
    """What the one found and the other did not, the first five."""
    return [f"{host} {ports}" for host, ports in one.items() if other.get(host) != ports][:5]


def measure(scanner: str, side: str, runs: int) -> tuple[float, Found]:
    """Median of wall seconds, and what the last run found."""
    taken: list[float] = []
    found: Found = {}
    for _ in range(runs):
        started = time.perf_counter()
        done = subprocess.run(
            ["nsenter", f"--net=/run/netns/{scanner}", sys.executable, "-m", "benchmarks.sweep", "--inside", side],
            capture_output=True,
            text=True,
            check=True,
            timeout=LIMIT_S,
        )
        taken.append(time.perf_counter() - started)
        found = json.loads(done.stdout)
    return statistics.median(taken), found


def ping() -> Found:
    """`nmap -sn -n`, all of its defaults."""
    done = subprocess.run(["nmap", "-sn", "-n", "-oG", "-", NETWORK], capture_output=True, text=True, check=True)
    return {line.split()[1]: [] for line in done.stdout.splitlines() if "Status: Up" in line}


def naive() -> Found:
    """python-nmap with versions and systems, read at the end."""
    import nmap

    scanner = nmap.PortScanner()
    scanner.scan(NETWORK, arguments="-n -sV -O")
    return {
        host: sorted(port for port, said in scanner[host].get("tcp", {}).items() if said["state"] == "open")
        for host in scanner.all_hosts()
    }


def ours(**options: str) -> Found:
    """Our scanner, every observation taken."""
    return asyncio.run(_ours(options))


async def _ours(options: dict[str, str]) -> Found:
    from discovery.scanner import Observed, ScanRequest
    from scanners.nmap import NmapScanner

    request = ScanRequest(run_id="bench", started_at=dt.datetime.now(dt.UTC), targets=(NETWORK,), options=options)
    found: Found = {}
    async for event in NmapScanner().scan(request):
        for draft in event.observation.drafts if isinstance(event, Observed) else ():
            if draft.class_name == "device":
                found.setdefault(draft.local_id, [])
            elif draft.attributes["protocol"] == "tcp":
                port = draft.attributes["port"]
                found[str(draft.attributes["host"])].append(port if isinstance(port, int) else 0)
    return {host: sorted(ports) for host, ports in found.items()}


SIDES: dict[str, Callable[[], Found]] = {
    "ping": ping,
    "naive": naive,
    "our liveness": lambda: ours(ports="none"),
    "ours": lambda: ours(os="yes"),
}
PEERS = {"ping": "nmap -sn -n", "naive": "python-nmap scan('-n -sV -O')"}


@contextmanager
def network() -> Iterator[str]:
    """The two namespaces and the services of the far one; yields the name of the scanner's."""
    scanner, far = f"bench-scan-{os.getpid()}", f"bench-far-{os.getpid()}"
    for name in (scanner, far):
        ip("netns", "add", name)
    try:
        batch(
            scanner,
            "link set lo up",
            f"link add eth0 type veth peer name eth0 netns {far}",
            f"addr add {NEAR}/24 dev eth0",
            "link set eth0 up",
        )
        # what is neither routed on nor its own, the far end drops in silence
        batch(
            far,
            "link set lo up",
            f"addr add {FAR}/24 dev eth0",
            "link set eth0 up",
            *(f"addr add {address}/32 dev lo" for address in LIVE),
            *(f"rule add from {NETWORK} ipproto tcp sport {ports} blackhole" for ports in closed_ranges()),
        )
        batch(scanner, f"route add default via {FAR}")
        with services(far):
            yield scanner
    finally:
        for name in (scanner, far):
            ip("netns", "del", name)


def closed_ranges() -> Iterator[str]:
    """Ranges of privileged ports between the open ones, whose resets a firewall would keep back."""
    start = 1
    for port in sorted(port for port in SERVICES if port < 1024):
        if port > start:
            yield f"{start}-{port - 1}"
        start = port + 1
    yield f"{start}-1023"


@contextmanager
def services(name: str) -> Iterator[None]:
    """The listening services of the far end."""
    words = ["nsenter", f"--net=/run/netns/{name}", sys.executable, "-m", "benchmarks.sweep_services"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent)
    try:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            raise SystemExit("the services of the far end did not start")
        yield
    finally:
        process.kill()
        process.communicate(timeout=10)


def batch(name: str, *lines: str) -> None:
    """Run lines of ip(8) in a namespace."""
    subprocess.run(["ip", "-n", name, "-batch", "-"], input="\n".join(lines) + "\n", text=True, check=True, timeout=60)


def ip(*words: str) -> None:
    """Run ip(8)."""
    subprocess.run(["ip", *words], check=True, timeout=60)


if __name__ == "__main__":
    sys.exit(main())
