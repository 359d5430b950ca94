"""Into which words texts, codes and addresses are split, for the index and for what people type alike."""

from __future__ import annotations

import re
import unicodedata

from cmdb.normalise import forms

WORD_LIMIT = 64
"""Characters of a word; a longer one is known by its beginning."""
_ADDRESS = re.compile(r"[0-9a-f.:/]+")
_ADDRESS_MARK = re.compile(r"[^0-9a-z.]")
_HEX_GROUPS = re.compile(r"(?:[0-9a-f]{2}[:\- ]){2,5}[0-9a-f]{0,2}|[0-9a-f]{4}\.[0-9a-f]{4}(?:\.[0-9a-f]{0,4})?")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_ASCII_MARK = re.compile(r"[^a-z0-9]+")


def folded(text: str) -> str:
    """Without accents and case: canonical and compatible decomposition (Unicode, NFKD), marks left out, case folded."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def words(text: str) -> list[str]:
    """The runs of letters and digits, in order."""
    if text.isascii():
        found = _ASCII_WORD.findall(text.lower())
        return found if len(text) <= WORD_LIMIT else [word[:WORD_LIMIT] for word in found]
    spaced = "".join(character if character.isalnum() else " " for character in folded(text))
    return [word[:WORD_LIMIT] for word in spaced.split()]


def squeezed(text: str) -> str:
    """All letters and digits as one word: `00:1B-21` is `001b21`."""
    if text.isascii():
        return _ASCII_MARK.sub("", text.lower())[:WORD_LIMIT]
    return "".join(character for character in folded(text) if character.isalnum())[:WORD_LIMIT]


def host_words(name: str) -> list[str]:
    """Words of a name or domain name, and each label that punctuation divides as one word: `web-01.rome` is also `web01`."""
    found = words(name)
    if len(found) == 1 and len(found[0]) == len(name):
        return found
    labels = [squeezed(label) for label in name.split(".")]
    return [*found, *(label for label in labels if label and label not in found)]


def code(text: str) -> str:
    """A serial number, MAC or UUID as one word, whatever divides it."""
    return squeezed(forms.mac(text) or text)


def address(text: str) -> str:
    """An address, or the beginning of one, as one word whose parts stay apart: `10.1.2.3`, `2001.db8..1`."""
    return _ADDRESS_MARK.sub(".", folded(text).strip())[:WORD_LIMIT]


def is_like_address(text: str) -> bool:
    """Whether a person may mean an address or the beginning of one: `10.1.`, `2001:db8`."""
    typed = folded(text).strip()
    return ("." in typed or ":" in typed) and _ADDRESS.fullmatch(typed) is not None


def is_like_mac(text: str) -> bool:
    """Whether a person may mean a MAC or at least three octets of its beginning: `00-1B-21`, `001b.21aa.bbcc`."""
    return _HEX_GROUPS.fullmatch(folded(text).strip()) is not None or forms.mac(text) is not None
