"""Runs the real `cmdb` as a user does: a process of its own, with a home and a store of its own, bounded and measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_LONGEST_S = 120.0
_LOOK_S = 0.01


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ended: its exit code, what it said, and what it took."""

    code: int
    out: str
    err: str
    cpu_s: float
    peak_bytes: int

    def said(self) -> list[str]:
        """Lines on standard error."""
        return self.err.splitlines()

    def document(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)

    def documents(self) -> list[Any]:
        """Standard output as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Command:
    """`cmdb` with its home in `folder`; its store is the file `folder/store.db` unless said otherwise."""

    def __init__(self, folder: Path, *, store: str | None = None, neo4j_password: str | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.store = store or f"sqlite:///{folder / 'store.db'}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CMDB_", "XDG_"))}
        self._environment = {
            **kept,
            "HOME": str(folder),
            "CMDB_STORE": self.store,
            "CMDB_USER": "tester",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
            "NUMBA_CACHE_DIR": str(ROOT / ".venv" / "numba-cache"),
        }
        if neo4j_password is not None:
            self._environment["CMDB_NEO4J_PASSWORD"] = neo4j_password

    def start(self, *arguments: str, stdin: Path | None = None, out: Path, err: Path) -> subprocess.Popen[bytes]:
        """The running command, which writes to these files; whoever starts it ends it."""
        with out.open("wb") as output, err.open("wb") as errors, Path(stdin or os.devnull).open("rb") as source:
            return subprocess.Popen(
                [sys.executable, "-m", "cli.main", *arguments],
                stdin=source,
                stdout=output,
                stderr=errors,
                env=self._environment,
                cwd=self.folder,
            )

    def run(self, *arguments: str, stdin: bytes = b"", longest_s: float = _LONGEST_S) -> Finished:
        """The command, run to its end; fails the test when it takes longer than `longest_s`."""
        source, out, err = (self.folder / name for name in (".stdin", ".stdout", ".stderr"))
        source.write_bytes(stdin)
        process = self.start(*arguments, stdin=source, out=out, err=err)
        deadline = time.monotonic() + longest_s
        peak = 0
        try:
            while True:
                # the peak is the program's own only while it lives: rusage would count the parent's pages before exec
                peak = max(peak, _peak_bytes(process.pid))
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    break
                assert time.monotonic() < deadline, f"cmdb {arguments} did not end within {longest_s} s"
                time.sleep(_LOOK_S)
        except BaseException:
            process.kill()
            process.wait(10)
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
        return Finished(
            code=process.returncode,
            out=out.read_text(encoding="utf-8"),
            err=err.read_text(encoding="utf-8"),
            cpu_s=usage.ru_utime + usage.ru_stime,
            peak_bytes=peak,
        )

    def write(self, name: str, content: str | bytes) -> str:
        """A file in the folder; returns its path."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)


def _peak_bytes(pid: int) -> int:
    """Highest resident size so far (proc(5), VmHWM in kB); 0 once the process has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
