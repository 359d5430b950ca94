"""Where the lab keeps its images and its running state; both may be moved by the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.shared import ROOT

LAB_NAME = os.environ.get("CMDB_LAB_NAME", "lab")
"""Begins the names of namespaces and cgroups; another name, and another folder, make a second lab beside the first."""


@dataclass(frozen=True, slots=True)
class Places:
    """Folders of one lab."""

    cache: Path
    run: Path
    records: Path

    @classmethod
    def from_environment(cls) -> Places:
        """`CMDB_LAB_CACHE`, `CMDB_LAB_RUN` and `CMDB_SHARED` move the folders."""
        shared = Path(os.environ.get("CMDB_SHARED", ROOT.parent / "shared"))
        return cls(
            cache=Path(os.environ.get("CMDB_LAB_CACHE", "/var/cache/graph-cmdb/lab")),
            run=Path(os.environ.get("CMDB_LAB_RUN", "/run/graph-cmdb-lab")),
            records=shared / "fixtures" / "snmp" / "snmpsim",
        )

    @property
    def base(self) -> Path:
        """Root file system that every node shares."""
        return self.cache / "base"

    @property
    def simulator_venv(self) -> Path:
        """Virtual environment of snmpsim, apart from the product's."""
        return self.cache / "venv-snmpsim"

    @property
    def key(self) -> Path:
        """Private SSH key that every node accepts."""
        return self.run / "id_ed25519"

    def layer(self, role: str) -> Path:
        """What a role adds to the base."""
        return self.cache / role

    def node(self, name: str) -> Path:
        """Running state of one node."""
        return self.run / name


def namespace(name: str) -> str:
    """Name of the network namespace of a node, `scanner` or `sim`."""
    return f"{LAB_NAME}-{name}"


def namespace_path(name: str) -> Path:
    """The file that `ip netns` keeps for it."""
    return Path("/run/netns") / namespace(name)
