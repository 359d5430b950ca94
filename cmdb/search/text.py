"""What full-text search finds a CI by: its fields, each with the words of its values.

Stores keep these words, and narrow filters by them: a change of fields or of `cmdb.search.words` comes with a migration that
makes them anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from cmdb.entities import CI, Lifecycle
from cmdb.search import words
from cmdb.values import Value

WORDS_LIMIT = 200
"""Words of the texts of one CI; a long description is known by its beginning. Identifiers are kept whole."""
RETIRED = ".retired"
"""The word that only retired CIs have."""


class Sort(IntEnum):
    """What a field says, the most telling first."""

    NAME = 0
    CODE = 1
    ADDRESS = 2
    HOST = 3
    TEXT = 4


_WORDS: dict[Sort, Callable[[str], list[str]]] = {
    Sort.NAME: words.host_words,
    Sort.CODE: lambda value: [words.squeezed(value)],
    Sort.ADDRESS: lambda value: [words.address(value)],
    Sort.HOST: words.host_words,
    Sort.TEXT: words.words,
}
_FIELDS: dict[str, Sort] = {
    "serial_number": Sort.CODE,
    "asset_tag": Sort.CODE,
    "mac_addresses": Sort.CODE,
    "mac_address": Sort.CODE,
    "bridge_address": Sort.CODE,
    "chassis_serial": Sort.CODE,
    "board_serial": Sort.CODE,
    "system_uuid": Sort.CODE,
    "part_number": Sort.CODE,
    "ip_addresses": Sort.ADDRESS,
    "address": Sort.ADDRESS,
    "bind_addresses": Sort.ADDRESS,
    "local_address": Sort.ADDRESS,
    "public_ip": Sort.ADDRESS,
    "cidr": Sort.ADDRESS,
    "cidrs": Sort.ADDRESS,
    "fqdn": Sort.HOST,
    "dns_name": Sort.HOST,
    "hosts": Sort.HOST,
    "manufacturer": Sort.TEXT,
    "model": Sort.TEXT,
    "description": Sort.TEXT,
    "location": Sort.TEXT,
    "tags": Sort.TEXT,
}
FIELDS = ("name", *_FIELDS)
"""Fields that are searched, in the order in which one is named as the reason when several fit alike."""
_MEMBERS = "members"
"""Stack members, objects with serials of their own."""


@dataclass(frozen=True, slots=True)
class Said:
    """One value of a searched field, with its words."""

    field: str
    sort: Sort
    value: str
    words: tuple[str, ...]


def said(ci: CI) -> Iterator[Said]:
    """Every searched value of a CI, its name first, then in the order of `FIELDS`; stack members' serials last."""
    yield Said("name", Sort.NAME, ci.name, tuple(words.host_words(ci.name)))
    for field, sort in _FIELDS.items():
        value = ci.attributes.get(field)
        if value is not None:
            for text in _texts(value):
                yield Said(field, sort, text, tuple(_WORDS[sort](text)))
    for serial in _member_serials(ci.attributes.get(_MEMBERS)):
        yield Said(_MEMBERS, Sort.CODE, serial, (words.squeezed(serial),))


def _member_serials(members: Value) -> Iterator[str]:
    for member in members if isinstance(members, list | tuple) else ():
        serial = member.get("serial_number") if isinstance(member, dict) else None
        if isinstance(serial, str):
            yield serial


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        yield from (text for text in value if isinstance(text, str))


@dataclass(frozen=True, slots=True)
class SearchText:
    """The words of a CI, each once, divided by blanks: those of its name, and those of all else."""

    name: str
    rest: str


def search_text(ci: CI) -> SearchText | None:
    """What the index keeps of a CI; None for a merged one, which is found by the one that remains."""
    if ci.merged_into is not None:
        return None
    codes: list[str] = [RETIRED] if ci.lifecycle is Lifecycle.RETIRED else []
    texts: list[str] = []
    # not by way of `said`: an import asks this of every row
    for field, value in ci.attributes.items():
        sort = _FIELDS.get(field)
        if sort is not None:
            split = _WORDS[sort]
            found = texts if sort is Sort.TEXT else codes
            for text in (value,) if isinstance(value, str) else _texts(value):
                found += split(text)
        elif field == _MEMBERS:
            codes += [words.squeezed(serial) for serial in _member_serials(value)]
    return SearchText(_once(words.host_words(ci.name)), _once([*codes, *texts[:WORDS_LIMIT]]))


def identifier_words(field: str, value: str) -> tuple[str, ...] | None:
    """Words that the index holds of every CI whose `field` has this value, in whatever case; None where it may not hold all."""
    sort = _FIELDS.get(field, Sort.TEXT)
    return None if sort is Sort.TEXT else tuple(word for word in _WORDS[sort](value) if word)


def _once(found: list[str]) -> str:
    """Words once each and not empty."""
    return " ".join(dict.fromkeys(filter(None, found)))
