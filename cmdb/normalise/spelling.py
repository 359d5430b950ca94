"""The one spelling of a maker's name for people to read and filter by; brands of one owner stay apart."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from cmdb.data.lists import table
from cmdb.normalise.folding import folded
from cmdb.normalise.forms import text
from cmdb.normalise.knowledge import SHIPPED_ONLY, Knowledge

_REMEMBERED = 4_096
"""Names that are kept spelled; an estate has few makers, and each is met with every CI."""
_TRADE_MARKS = str.maketrans({"®": " ", "™": " ", "\u00a0": " "})


def one_spelling(name: str, knowledge: Knowledge = SHIPPED_ONLY) -> str | None:
    """`Cisco Systems, Inc.`, `CISCO` → `Cisco`; an unknown maker keeps its words less legal forms; None for blanks.

    Idempotent. Spellings are data: `cmdb/data/gear.yaml`, `cmdb/data/products.yaml` and the site's; legal forms are those of
    `cmdb/data/manufacturers.yaml`. Unlike `naming.manufacturer`, which serial numbers are compared by, HPE and Aruba, Dell and
    EMC stay what they call themselves.
    """
    return _shipped(name) if knowledge is SHIPPED_ONLY else _spelled(name, knowledge)


@lru_cache(maxsize=_REMEMBERED)
def _shipped(name: str) -> str | None:
    return _spelled(name, SHIPPED_ONLY)


def _spelled(name: str, knowledge: Knowledge) -> str | None:
    cleaned = text(name.translate(_TRADE_MARKS).replace("(R)", " "))
    if cleaned is None:
        return None
    words = cleaned.replace(",", " ").split()
    known = _known()
    while words:
        key = folded(" ".join(words))
        found = knowledge.makers.get(key) or known.get(key)
        if found is not None:
            return found
        if len(words) == 1 or folded(words[-1]) not in _legal_forms():
            break
        words.pop()
    return " ".join(words) if words else cleaned


@cache
def _known() -> Mapping[str, str]:
    spelled = {folded(maker): maker for maker in table("products")}
    gear = table("gear")
    for maker, words in gear["said"].items():
        spelled |= {folded(word): maker for word in (maker, *words)}
    spelled |= {folded(word): maker for maker, words in gear["called"].items() for word in (maker, *words)}
    return spelled


@cache
def _legal_forms() -> frozenset[str]:
    return frozenset(folded(word) for word in table("manufacturers")["legal_suffixes"]["words"])
