"""Titles of installed software in one spelling: name, version, architecture, language, edition and maker parted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from cmdb.data.lists import table
from cmdb.normalise.forms import text as clean_text
from cmdb.normalise.knowledge import SHIPPED_ONLY, Knowledge
from cmdb.normalise.makers import maker_at_head
from cmdb.normalise.spelling import one_spelling

_MARKS = re.compile(r"[®™©]|\((?:R|TM|C)\)", re.IGNORECASE)
_BRACKETED = re.compile(r"\(([^()]*)\)")
_VERSION = re.compile(
    r"(?:^|(?<=[\s(-]))(?:(?:version|release|ver\.?)\s+|v(?=\d))?(?P<version>\d+(?:\.\d+)+(?:[-+~_.]?[0-9A-Za-z]+)*)(?=$|[\s),])",
    re.IGNORECASE,
)
_UPDATE = re.compile(r"\b(?P<major>\d{1,2}) Update (?P<update>\d+)\b")
_WORDED = re.compile(r"\s(?:version|release)\s+(?P<version>\d+)$", re.IGNORECASE)
_LOCALE = re.compile(r"^(?P<language>[a-z]{2})(?:[-_](?P<region>[A-Za-z]{2}|[A-Z][a-z]{3}))?$", re.IGNORECASE)
_TAIL_LOCALE = re.compile(r"\s-\s(?P<locale>[a-z]{2}-[a-z]{2})$", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d$")
_LONGEST = 512


@dataclass(frozen=True, slots=True)
class SoftwareTitle:
    """One title, parted; None where it does not say."""

    name: str
    version: str | None = None
    architecture: str | None = None
    """x86_64, x86 or arm64."""
    language: str | None = None
    """BCP 47, such as de or en-US."""
    vendor: str | None = None
    edition: str | None = None


def software_title(
    title: str, *, publisher: str | None = None, version: str | None = None, knowledge: Knowledge = SHIPPED_ONLY
) -> SoftwareTitle | None:
    """The parts of a title; None for blanks. `Microsoft Visual C++ 2015-2022 Redistributable (x64) - 14.38` is
    `Microsoft Visual C++ 2015-2022 Redistributable`, 14.38, x86_64. Idempotent on its own name.

    `version` is what the source says of it and wins over what the title says; years belong to the name. Package names
    (dpkg, rpm, purl) are one spelling already and are no titles.
    """
    words = clean_text(_MARKS.sub(" ", title)[:_LONGEST])
    if words is None:
        return None
    said = clean_text(version) if version else None
    parting = _Parting(_squeezed(words))
    parting.brackets()
    parting.tail_locale()
    parting.bare_architecture()
    parting.take_version(said)
    parting.take_edition()
    name = parting.words.strip(" -,") or words
    maker = one_spelling(publisher, knowledge) if publisher else None
    if maker is None:
        head = maker_at_head(name)
        maker = head.name if head is not None and head.length < len(name) else None
    return SoftwareTitle(
        name=name,
        version=said or parting.version,
        architecture=parting.architecture,
        language=parting.language,
        vendor=maker,
        edition=parting.edition,
    )


class _Parting:
    """A title on its way into parts; what is found leaves `words`."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.version: str | None = None
        self.architecture: str | None = None
        self.language: str | None = None
        self.edition: str | None = None

    def brackets(self) -> None:
        """`(x64 en-US)`, `(64-bit)`, `(German)`, `(User)`: taken out when every word of the bracket is understood."""
        for match in _BRACKETED.finditer(self.words):
            if self._understood(match[1]):
                self.words = _squeezed(self.words.replace(match[0], " ", 1))

    def _understood(self, inside: str) -> bool:
        folded = inside.strip().casefold()
        if folded in _scopes():
            return True
        if not folded or self._word(folded, inside.strip(), alone=True):
            return bool(folded)
        pieces = [piece for piece in re.split(r"[\s,/]+", inside) if piece.casefold() not in ("edition", "version")]
        return bool(pieces) and all(self._word(piece.casefold(), piece, alone=len(pieces) == 1) for piece in pieces)

    def _word(self, folded: str, said: str, *, alone: bool) -> bool:
        architecture = _architectures().get(folded)
        if architecture is not None:
            self.architecture = self.architecture or architecture
            return True
        language = _languages().get(folded)
        locale = _LOCALE.match(said)
        if (
            language is None
            and locale is not None
            and locale["language"].lower() in table("software_words")["languages"]
        ):
            if alone and locale["region"] is None:
                return False
            language = _bcp47(locale["language"], locale["region"])
        if language is not None:
            self.language = self.language or language
        return language is not None

    def tail_locale(self) -> None:
        """` - en-us` and ` - Deutsch` at the end."""
        match = _TAIL_LOCALE.search(self.words)
        if match is not None:
            language, _, region = match["locale"].partition("-")
            if language.lower() in table("software_words")["languages"]:
                self.language = self.language or _bcp47(language, region)
                self.words = self.words[: match.start()]
                return
        head, separator, tail = self.words.rpartition(" - ")
        language_named = _languages().get(tail.casefold()) if separator else None
        if language_named is not None:
            self.language = self.language or language_named
            self.words = head

    def bare_architecture(self) -> None:
        """`2010 x64 Redistributable`, `Tool 64-bit`: the word alone, outside brackets."""
        for match in _bare_architectures().finditer(self.words):
            if len(match[0].strip()) < len(self.words):
                self.architecture = self.architecture or _architectures()[match["word"].casefold()]
                self.words = _squeezed(self.words.replace(match[0], " ", 1))

    def take_version(self, said: str | None) -> None:
        """The number that is the version: the source's own, else the last dotted one; `8 Update 351` is 8u351."""
        update = _UPDATE.search(self.words)
        if update is not None:
            self.version = f"{update['major']}u{update['update']}"
            self.words = _squeezed(self.words[: update.start()] + update["major"] + self.words[update.end() :])
            return
        worded = _WORDED.search(self.words)
        if worded is not None:
            self.version, self.words = worded["version"], self.words[: worded.start()]
            return
        found = list(_VERSION.finditer(self.words))
        if found:
            last = found[-1]
            self._drop(last.start(), last.end())
            self.version = last["version"]
        elif said and self.words.endswith(f" {said}") and not _YEAR.search(self.words):
            self.words = self.words.removesuffix(said)

    def _drop(self, start: int, end: int) -> None:
        if self.words[start - 1 : start] == "(" and self.words[end : end + 1] == ")":
            start, end = start - 1, end + 1
        before = re.sub(r"\s*-\s*$", " ", self.words[:start])
        if before.strip():
            self.words = _squeezed(before + " " + self.words[end:])

    def take_edition(self) -> None:
        """`Community`, `Professional Plus`, `Enterprise Edition`: at the end or before a year."""
        match = _editions().search(self.words)
        if match is not None:
            self.edition = _spelled_editions()[match["edition"].casefold()]
            self.words = self.words[: match.start()] + (match["rest"] or "")


def _bcp47(language: str, region: str | None) -> str:
    return (
        f"{language.lower()}-{region.upper() if len(region) == 2 else region.title()}" if region else language.lower()
    )


def _squeezed(words: str) -> str:
    return " ".join(words.split())


@cache
def _architectures() -> Mapping[str, str]:
    pairs = [
        (word.casefold(), name) for name, words in table("software_words")["architectures"].items() for word in words
    ]
    return dict(sorted(pairs, key=lambda pair: -len(pair[0])))


@cache
def _bare_architectures() -> re.Pattern[str]:
    words = "|".join(re.escape(word) for word in _architectures())
    return re.compile(rf"(?:^|(?<=\s))(?P<word>{words})(?: edition)?(?=\s|$)", re.IGNORECASE)


@cache
def _spelled_editions() -> Mapping[str, str]:
    return {edition.casefold(): edition for edition in table("software_words")["editions"]["words"]}


@cache
def _editions() -> re.Pattern[str]:
    words = "|".join(re.escape(word) for word in sorted(_spelled_editions(), key=len, reverse=True))
    return re.compile(rf"(?<=\S)\s(?P<edition>{words})(?:\s+Edition)?(?P<rest>\s+(?:19|20)\d\d)?\s*$", re.IGNORECASE)


@cache
def _languages() -> Mapping[str, str]:
    return {word.casefold(): code for code, words in table("software_words")["languages"].items() for word in words}


@cache
def _scopes() -> frozenset[str]:
    return frozenset(word.casefold() for word in table("software_words")["scopes"]["words"])
