"""The server's jars, fetched once into the user's cache folder and shared by every run."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from tests.shared import lack

_FOLDER = Path(__file__).resolve().parent
_VERSION = "5.26.30"
_FETCH_S = 600


def jars() -> Path:
    """The folder of jars; skips the running test (fails it in CI) without Java, Maven or their download."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            lack(f"{program}, which a real Neo4j needs,")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "graph-cmdb" / f"neo4j-{_VERSION}"
    library = base / "lib"
    base.mkdir(parents=True, exist_ok=True)
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not library.is_dir():
            _fetch(base / "lib.partial")
            (base / "lib.partial").rename(library)
    return library


def _fetch(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    command = ["mvn", "-q", "-B", "-f", str(_FOLDER / "pom.xml"), "dependency:copy-dependencies"]
    try:
        fetched = subprocess.run(
            [*command, f"-DoutputDirectory={folder}"], capture_output=True, text=True, timeout=_FETCH_S, check=False
        )
    except subprocess.TimeoutExpired:
        lack(f"Neo4j {_VERSION}: Maven did not fetch it within {_FETCH_S} s, and the server")
    else:
        if fetched.returncode:
            lack(f"Neo4j {_VERSION}: Maven could not fetch it ({fetched.stdout[-300:].strip()}), and the server")
