"""Names compared without regard to ASCII case: the one folding that every store computes alike."""

from __future__ import annotations

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def fold(name: str) -> str:
    """The name with A–Z in lower case and every other character as it is."""
    return name.lower() if name.isascii() else name.translate(_LOWER)
