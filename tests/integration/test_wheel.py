"""The wheel installs as the Dockerfile installs it, and works away from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared import ROOT

INSTALL_TIMEOUT_S = 280


def _run(*command: str, cwd: Path, home: Path) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    environment |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "CI"))}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_the_wheel_holds_all_that_a_scan_an_import_and_an_impact_need(tmp_path: Path) -> None:
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    away.mkdir()
    venv = tmp_path / "venv"
    # the pinned packages are those of this environment; installing them again would only test the package index
    _run(sys.executable, "-m", "venv", "--system-site-packages", str(venv), cwd=away, home=home)
    build = (
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(tmp_path),
        str(ROOT),
    )
    _run(sys.executable, *build, cwd=away, home=home)
    (wheel,) = tmp_path.glob("graph_cmdb-*.whl")
    site = Path(
        subprocess.check_output(
            [sys.executable, "-c", "import site; print(site.getsitepackages()[0])"], text=True
        ).strip()
    )
    (
        venv / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages" / "pins.pth"
    ).write_text(str(site))
    _run(
        str(venv / "bin/python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--force-reinstall",
        str(wheel),
        cwd=away,
        home=home,
    )
    where = _run(str(venv / "bin/python"), "-c", "import cli.main; print(cli.main.__file__)", cwd=away, home=home)
    assert where.startswith(str(venv))
    cmdb = str(venv / "bin/cmdb")
    scanned = json.loads(_run(cmdb, "scan", "local", "--json", cwd=away, home=home))
    assert scanned["state"] == "done"
    (away / "estate.jsonl").write_text(
        '{"ci": {"id": "a", "class": "server", "name": "web1"}}\n{"ci": {"id": "b", "class": "server", "name": "db1"}}\n'
        '{"relationship": {"source": "a", "type": "DEPENDS_ON", "target": "b"}}\n',
        encoding="utf-8",
    )
    _run(cmdb, "import", "graph", "estate.jsonl", cwd=away, home=home)
    radius = json.loads(_run(cmdb, "impact", "db1", "--json", cwd=away, home=home))
    assert [row["name"] for row in radius["impacted"]] == ["web1"]
