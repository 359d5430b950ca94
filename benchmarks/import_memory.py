"""A `graph` file of a given size, imported by `cmdb import` in a process of its own: peak memory, time, what landed.

    python -m benchmarks.import_memory [--megabytes 2048] [--row-bytes 2000] [--folder FOLDER] [--dry-run]

The file holds servers with a description of random words, so that it takes about `--row-bytes` a row, and one relationship
for each ten. The peak is the process's own (VmHWM); the goal is 500 MB for 2 GB (issue: imports in bounded memory).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_WORDS = [
    f"{syllable}{ending}" for syllable in ("ka", "lo", "mi", "ne", "ru", "sta") for ending in ("ren", "tal", "vin")
]
_LOOK_S = 0.2
GOAL_MB = 500


def write_file(path: Path, *, size: int, row_bytes: int) -> tuple[int, int]:
    """Write about `size` bytes; how many CIs and how many relationships."""
    chance = random.Random(1)
    cis = links = 0
    with path.open("w", encoding="utf-8") as stream:
        while stream.tell() < size:
            block = []
            for _ in range(1000):
                words = " ".join(chance.choices(_WORDS, k=row_bytes // 6))[: max(row_bytes - 220, 0)]
                attributes = {
                    "serial_number": f"{chance.getrandbits(60):015X}",
                    "ip_addresses": [f"10.{cis >> 16 & 255}.{cis >> 8 & 255}.{cis & 255}"],
                    "description": words,
                }
                row = {"id": f"s{cis}", "class": "server", "name": f"srv-{cis}", "native_key": f"k{cis}"}
                block.append(json.dumps({"ci": {**row, "attributes": attributes}}))
                cis += 1
                if cis % 10 == 0:
                    ends = {"source": f"s{cis - 1}", "type": "DEPENDS_ON", "target": f"s{chance.randrange(cis - 1)}"}
                    block.append(json.dumps({"relationship": ends}))
                    links += 1
            stream.write("\n".join(block) + "\n")
    return cis, links


def peak_bytes(pid: int) -> int:
    """Highest resident size so far (proc(5), VmHWM in kB); 0 once the process has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def main() -> int:
    """0 when the import stayed below 500 MB and everything landed, 1 otherwise."""
    parser = argparse.ArgumentParser(description="peak memory of a large import")
    parser.add_argument("--megabytes", type=int, default=2048)
    parser.add_argument("--row-bytes", type=int, default=2000)
    parser.add_argument("--folder", type=Path, default=None, help="where file and store are kept while it runs")
    parser.add_argument("--dry-run", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "estate.jsonl"
        cis, links = write_file(path, size=arguments.megabytes * 1024**2, row_bytes=arguments.row_bytes)
        size = path.stat().st_size
        started = time.monotonic()
        store = f"sqlite:///{Path(folder) / 'store.db'}"
        dry = ["--dry-run"] if arguments.dry_run else []
        command = [sys.executable, "-m", "cli.main", "import", "graph", str(path), *dry]
        process = subprocess.Popen(command, env={**os.environ, "CMDB_STORE": store}, stdout=subprocess.PIPE)
        peak = 0
        while process.poll() is None:
            peak = max(peak, peak_bytes(process.pid))
            time.sleep(_LOOK_S)
        took = time.monotonic() - started
        said = process.stdout.read().decode() if process.stdout is not None else ""
        print(said.strip().splitlines()[-2] if len(said.splitlines()) > 1 else said.strip())
        print(
            f"{size / 1024**2:.0f} MB, {cis} CIs, {links} relationships: {took:.0f} s, {cis / took:.0f} CIs/s, "
            f"peak {peak / 1024**2:.0f} MB (goal {GOAL_MB} MB)"
        )
    return 0 if process.returncode == 0 and peak <= GOAL_MB * 1024**2 else 1


if __name__ == "__main__":
    sys.exit(main())
