"""Who makes a device: by the name at the head of a text, by a product line of theirs, or by the copyright notice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from cmdb.data.lists import table

_COPYRIGHT = re.compile(
    r"(?:\(c\)|copyright)\s*(?:copyright\s*)?(?:\(c\)\s*)?(?:[0-9][0-9, -]*)?(?:by )?"
    r"(?P<holder>[A-Z][\w&.-]*(?: [A-Z][\w&.-]*){0,3})",
    re.IGNORECASE,
)
_SURE_LENGTH = 8
"""Letters from which on a product line is taken for its maker's anywhere in a text, not only at its head."""

Words = tuple[tuple[str, str], ...]
"""(folded word, what it stands for), the longest first."""


@dataclass(frozen=True, slots=True)
class Maker:
    """A maker of gear, in the one spelling of `cmdb/data/gear.yaml`."""

    name: str
    length: int
    """Characters at the head of the text that said it; 0 where something else did."""


def maker_at_head(text: str) -> Maker | None:
    """The maker whose name a text begins with; None where it begins otherwise."""
    folded = text.casefold()
    for head, name in _words("said"):
        if folded.startswith(head) and _ends_word(folded, len(head)):
            return Maker(name, len(head))
    return None


def maker_of(text: str) -> Maker | None:
    """The maker of the device that a text describes; None when nothing in it tells."""
    return maker_at_head(text) or _by_line(text.casefold()) or _by_notice(text)


def makes_gear_only(name: str) -> bool:
    """Whether a program of this maker runs on machines of the same maker, so that it says whose machine it is."""
    data = table("gear")
    return name in data["said"] and name not in data["software_too"]["makers"]


def family_of(maker: str, text: str) -> str | None:
    """The product line of this maker that a text names, the longest first; None when it names none."""
    folded = text.casefold()
    for line, spelled in _lines().get(maker, ()):
        at = folded.find(line)
        if at >= 0 and (at == 0 or not folded[at - 1].isalnum()):
            return spelled
    return None


def spelled_maker(name: str) -> str:
    """The one spelling of a maker that is known here, else the name as it is."""
    found = maker_at_head(name)
    return found.name if found is not None and found.length == len(name) else name


def _by_line(folded: str) -> Maker | None:
    for line, name in _words("speaking"):
        at = folded.find(line)
        if at == 0 and (_ends_word(folded, len(line)) or line[-1] in "-0123456789" or folded[len(line)].isdigit()):
            return Maker(name, 0)
        if at > 0 and len(line) >= _SURE_LENGTH and not folded[at - 1].isalnum() and _ends_word(folded, at + len(line)):
            return Maker(name, 0)
    return None


def _by_notice(text: str) -> Maker | None:
    notice = _COPYRIGHT.search(text)
    found = maker_at_head(notice["holder"]) if notice is not None else None
    return Maker(found.name, 0) if found is not None else None


def _ends_word(text: str, at: int) -> bool:
    return at >= len(text) or not text[at].isalnum()


@cache
def _words(section: str) -> Words:
    sections = [table("gear")[section], *([table("gear")["called"]] if section == "said" else [])]
    said = {(word.casefold(), maker) for data in sections for maker, words in data.items() for word in words}
    if section == "said":
        said |= {(maker.casefold(), maker) for data in sections for maker in data}
    return tuple(sorted(said, key=lambda pair: (-len(pair[0]), pair)))


@cache
def _lines() -> Mapping[str, Words]:
    lines = {maker: {(line.casefold(), line) for line in said} for maker, said in table("gear")["lines"].items()}
    return {maker: tuple(sorted(said, key=lambda pair: (-len(pair[0]), pair))) for maker, said in lines.items()}
