"""systemd units: which one runs a process, and which services are meant to run.

Source: systemd's cgroup layout (CONTROL_GROUP_INTERFACE) and the output of `systemctl show`.
"""

from __future__ import annotations

import re

from discovery.hosts.facts import Unit

_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")
_MEANT = frozenset({"enabled", "enabled-runtime", "generated", "linked", "alias"})
_SESSION_UNITS = re.compile(
    r"^(user|user-runtime-dir|getty|serial-getty|console-getty|autovt|container-getty|run-\S*|session-\S*)(@|\.service$)"
)

SHOW_ARGUMENTS = ("show", "*.service", "--property=Id,SubState,UnitFileState,Description")
"""Arguments for systemctl whose output `parse_units` reads."""


def unit_of(cgroup: str) -> str | None:
    """The service unit in a /proc/PID/cgroup text, such as `nginx.service`; None for sessions, scopes and no systemd.

    A service in a user's own manager (`user@1000.service/app.slice/x.service`) belongs to a session and is None.
    """
    path = _systemd_path(cgroup)
    if path is None or "/user.slice/" in path + "/":
        return None
    for part in path.split("/"):
        if part.endswith(".service"):
            return _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), part)
    return None


def is_session(cgroup: str) -> bool:
    """Whether the process belongs to a person's login rather than to the system."""
    path = _systemd_path(cgroup)
    return path is not None and "/user.slice/" in path + "/"


def _systemd_path(cgroup: str) -> str | None:
    named = unified = None
    for line in cgroup.splitlines():
        hierarchy, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "name=systemd":
            named = path
        elif hierarchy == "0":
            unified = path
    # on hosts with both, the unified one may be empty
    return unified if named is None or (unified not in {None, "/"}) else named


def parse_units(text: str) -> tuple[Unit, ...]:
    """Services that run now and are set to, from `systemctl show`, by name.

    What D-Bus or a timer starts for a moment, logins and transient units are left out: they come and go between two looks.
    """
    units: dict[str, Unit] = {}
    for block in text.split("\n\n"):
        values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        name = values.get("Id", "")
        if not name.endswith(".service") or values.get("SubState") != "running" or _SESSION_UNITS.match(name):
            continue
        if values.get("UnitFileState") in _MEANT:
            short = name.removesuffix(".service")
            units[short] = Unit(name=short, description=values.get("Description") or None)
    return tuple(units[name] for name in sorted(units))
