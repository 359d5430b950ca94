"""Names of machines and of their makers, spelled for comparison."""

from __future__ import annotations

import re
from functools import cache

from cmdb.data.lists import table
from cmdb.normalise.forms import ip, text
from cmdb.normalise.never import is_placeholder

_LABEL = re.compile(r"[^\W]([\w-]{0,61}\w)?|_[\w-]{1,62}")
_BLANKS = re.compile(r"[\s_]+")
_MAX_NAME = 253


def fqdn(value: str) -> str | None:
    """A host name in lower case without its final dot (RFC 1035 §2.3.3, RFC 4343); None for what cannot be one.

    Labels are letters, digits, dashes and underscores, at most 63 each and 253 together; the last is not all digits
    (RFC 3696 §2), so that neither an address nor a version number is a name. A name without dots is returned as well.
    """
    name = value.strip().lower().rstrip(".")
    if not name or len(name) > _MAX_NAME:
        return None
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        return None
    return None if len(labels) > 1 and labels[-1].isdigit() else name


def short_name(value: str) -> str | None:
    """The first label of a host name, in its own case; other text as it is; None for addresses and blanks.

    Compare short names with `str.casefold`: design §6, short names ignore case.
    """
    cleaned = text(value)
    if cleaned is None or ip(cleaned) is not None:
        return None
    return cleaned.partition(".")[0] if fqdn(cleaned) is not None else cleaned


def manufacturer(value: str) -> str | None:
    """A maker's name for comparison: aliases resolved, legal suffixes dropped; None for blanks and firmware's fillers.

    Aliases and suffixes are data (`cmdb/data/manufacturers.yaml`). An unknown maker keeps its spelling less the suffix.
    """
    cleaned = text(value)
    if cleaned is None:
        return None
    aliases, suffixes = _makers()
    words = _BLANKS.sub(" ", cleaned).replace(",", " ").split()
    while words:
        known = aliases.get(_folded(words))
        if known is not None:
            return known
        if len(words) == 1 or _folded(words[-1:]) not in suffixes:
            break
        words.pop()
    maker = " ".join(words)
    return None if is_placeholder(maker) else maker


def _folded(words: list[str]) -> str:
    return "".join(character for character in "".join(words).casefold() if character.isalnum())


@cache
def _makers() -> tuple[dict[str, str], frozenset[str]]:
    data = table("manufacturers")
    aliases = {_folded(alias.split()): maker for maker, names in data["makers"].items() for alias in (maker, *names)}
    return aliases, frozenset(_folded([suffix]) for suffix in data["legal_suffixes"]["words"])
