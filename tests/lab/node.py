"""Start one node: its namespaces, its root file system, its init."""

from __future__ import annotations

import os
from pathlib import Path

from tests.lab.command import run
from tests.lab.node_files import FILES, write_node
from tests.lab.places import LAB_NAME, Places, namespace_path
from tests.lab.processes import Started
from tests.lab.topology import Node, NodeKind

_CGROUP_MOUNT = Path("/run/graph-cmdb-lab-cgroup")
_CGROUP_FOLDER = f"graph-cmdb-{LAB_NAME}"


def start_node(node: Node, places: Places) -> Started:
    """Start the node and return its outermost process; the node's init is that one's child."""
    state = places.node(node.name)
    for part in ("upper", "work", "mnt"):
        (state / part).mkdir(parents=True, exist_ok=True)
    write_node(node, places)
    lower = ":".join(str(path) for path in (places.layer(node.role) if node.role else None, places.base) if path)
    mode = "systemd" if node.kind is NodeKind.HOST else "plain"
    namespaces = "--mount --uts --ipc --pid --cgroup --fork --kill-child=KILL"
    start = f'exec nsenter --net={namespace_path(node.name)} unshare {namespaces} bash "$@"'
    if mode == "systemd":
        group = cgroup_root() / _CGROUP_FOLDER / node.name
        group.mkdir(parents=True, exist_ok=True)
        start = f"echo $$ > {group}/cgroup.procs; {start}"
    words = ["bash", "-c", start, "node", str(FILES / "boot.sh"), str(state), node.name, lower, mode]
    return Started.start(words, log=state / "console.log")


def cgroup_root() -> Path:
    """Where a version 2 cgroup tree is mounted; mounts one when there is none."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _device, folder, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(folder)
    _CGROUP_MOUNT.mkdir(parents=True, exist_ok=True)
    run(["mount", "-t", "cgroup2", "cgroup2", _CGROUP_MOUNT])
    return _CGROUP_MOUNT


def remove_cgroups() -> bool:
    """Remove the lab's empty cgroups; False while a process still holds one."""
    root = cgroup_root() / _CGROUP_FOLDER
    for folder, _folders, _files in os.walk(root, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:
            continue
    return not root.is_dir()
