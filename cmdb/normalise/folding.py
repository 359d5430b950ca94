"""How names of makers and programs are compared: without case and punctuation."""

from __future__ import annotations


def folded(name: str) -> str:
    """The letters and digits of a name, in Unicode's folded case; empty when it has none."""
    return "".join(character for character in name.casefold() if character.isalnum())
