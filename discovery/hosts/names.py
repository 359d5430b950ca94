"""A host's names from its own files, without asking a name server: the same answer on every look."""

from __future__ import annotations

import re

_LABEL = re.compile(r"^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$", re.IGNORECASE)
_LOCAL = frozenset({"localhost", "localdomain", "localhost.localdomain", "(none)", "ip6-localhost", "ip6-loopback"})


def short_name(hostname: str) -> str | None:
    """The first label, or None for no usable name; keeps case."""
    first = hostname.strip().rstrip(".").partition(".")[0]
    return first if _LABEL.match(first) and first.lower() not in _LOCAL else None


def full_name(hostname: str, etc_hosts: str) -> str | None:
    """The fully qualified name: the host name itself if it has dots, else the canonical name that hosts(5) gives it."""
    name = hostname.strip().rstrip(".")
    if _is_full(name):
        return name.lower()
    for line in etc_hosts.splitlines():
        fields = line.partition("#")[0].split()[1:]
        if any(field.lower() == name.lower() for field in fields):
            for field in fields:
                if _is_full(field) and field.lower().startswith(name.lower() + "."):
                    return field.lower()
    return None


def _is_full(name: str) -> bool:
    labels = name.split(".")
    if len(labels) < 2 or len(name) > 253 or labels[-1].isdecimal() or labels[0].lower() in _LOCAL:
        return False
    return all(_LABEL.match(label) for label in labels)
