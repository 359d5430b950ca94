"""The operating system's name and version from os-release(5)."""

from __future__ import annotations

import shlex
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingSystem:
    """`name` and `version` as the vendor spells them; None where the file does not say."""

    name: str | None = None
    version: str | None = None


def parse_os_release(text: str) -> OperatingSystem:
    """NAME and VERSION_ID of an os-release file; lines that are no assignment are passed over (os-release(5))."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, raw = line.strip().partition("=")
        if not equals or key.startswith("#"):
            continue
        values[key] = _unquoted(raw)
    # rolling releases have no VERSION_ID; their BUILD_ID says "rolling"
    version = values.get("VERSION_ID") or values.get("BUILD_ID")
    return OperatingSystem(name=values.get("NAME") or values.get("ID") or None, version=version or None)


def _unquoted(raw: str) -> str:
    try:
        return " ".join(shlex.split(raw)).strip()
    except ValueError:
        return raw.strip("\"' ")
