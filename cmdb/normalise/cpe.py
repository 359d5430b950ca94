"""Names of products in CPE 2.3, where they are sure (NISTIR 7695 §6.2, formatted string binding)."""

from __future__ import annotations

import re

from cmdb.data.lists import table
from cmdb.normalise.fingerprint import Part

_PLAIN = re.compile(r"[a-z0-9._-]")
_PORTABLE = re.compile(r"^(?P<version>\d+(?:\.\d+)*)(?P<update>p\d+)$")
"""OpenSSH's portable releases, whose patch level the dictionary keeps as update."""


def cpe_of(part: Part, *, is_system: bool) -> str | None:
    """`cpe:2.3:a:openbsd:openssh:9.6:p1:*:*:*:*:*:*`; None for a product without a sure name or without a version."""
    if part.vendor is None or part.product is None or part.version is None:
        return None
    named = table("cpe")["systems" if is_system else "programs"].get(f"{part.vendor} {part.product}")
    if named is None:
        return None
    portable = _PORTABLE.match(part.version) if part.product == "OpenSSH" else None
    version, update = (portable["version"], portable["update"]) if portable else (part.version, "*")
    return ":".join(("cpe", "2.3", *named, _quoted(version), update, *"******"))


def _quoted(value: str) -> str:
    return "".join(
        character if _PLAIN.fullmatch(character) else "_" if character == " " else f"\\{character}"
        for character in value.lower()
    )
