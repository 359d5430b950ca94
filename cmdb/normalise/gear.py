"""A device's own description, read by the grammar that most makers follow: maker, line, model, labelled versions."""

from __future__ import annotations

import re

from cmdb.normalise.fingerprint import Fingerprint, Part
from cmdb.normalise.makers import family_of, maker_of

_VERSION = (
    r"(?:(?:[A-Z][a-z]+_[vV])?[A-Za-z]{0,4}[-_.]?[0-9][0-9A-Za-z]*(?:[._-][0-9A-Za-z]+)*(?:\([0-9A-Za-z]+\))?(?::HF[0-9]+)?"
    r"|[A-Z]{2,4}(?:\.[A-Z0-9]+)*\.[A-Z]?[0-9]+)"
)
_WORD = r"(?:version|ver|rev(?:ision)?|release|build ver)"
_V = r"\.?\s*[:=]?\s*\(?(?:[A-Za-z0-9]+ OS )?"
_LABELLED = (
    re.compile(
        rf"\b(?:(?:soft(?:ware)?|s/?w)(?![a-z](?<!v))[ _-]*{_WORD}?|(?:application|product|system|os) {_WORD}){_V}[vV.]{{0,2}}(?P<v>{_VERSION})",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?:firm(?:ware)?|f/?w|fv)[ _-]*{_WORD}?{_V}[vV]?(?P<v>{_VERSION}|[A-Z](?=\s*,))", re.IGNORECASE),
    re.compile(rf"\b{_WORD}\b{_V}[vV]?(?P<v>{_VERSION})", re.IGNORECASE),
    re.compile(r"(?:\b|(?<=[0-9]))[vV](?P<v>[0-9][0-9A-Za-z]*(?:[._][0-9A-Za-z]+)*(?:\([0-9]+\))?)"),
    re.compile(r"(?:^|[\s(])(?P<v>[0-9]+\.[0-9]+[0-9A-Za-z]*(?:[._-][0-9A-Za-z]+)*)(?=$|[\s,;)])"),
)
_ENGINE = re.compile(r"\b(?P<part>OS|SS|ACCXES|IOT|ESS)\s*(?P<v>[0-9A-Z][0-9A-Za-z_]*(?:\.[0-9A-Za-z]+)+)")
_PARTS = ("OS", "SS", "ACCXES", "IOT", "ESS")
"""Parts of a printer's software, the one that makers call the version first."""
_LONGEST_VERSION = 40
_STOP = re.compile(
    r"\s*(?:[,;]|\s/\s?|\s-\s|\(|\s:|:\s"
    r"|\b(?:s/?w|f/?w|soft(?:ware)?|firm(?:ware)?|h/?w|hardware|version|ver|rev(?:ision)?|release|copyright|build|running|serial|sn)\b[\s.:=_-]"
    r"|\s[vV]?\d+\.\d|(?<=\d)v\d+\.\d|\b(?:SW|HW|FW):|\beeprom\b|\bser#|\b\d+-port\b|\bsoftware$|\(tm\)|\bwith\b|\bcompatible\b)",
    re.IGNORECASE,
)
_LEGAL = re.compile(
    r"^(?:[\s,.]*\b(?:inc|corp(?:oration)?|co|company|ltd|llc|gmbh|ag|communications|international|\(r\))\b)*[\s,.:-]*",
    re.IGNORECASE,
)
_PREAMBLE = re.compile(r"^(?:SNMP agent for |Linux, |- )", re.IGNORECASE)
_MODEL = re.compile(r"(?:^|(?<=[\s/]))(?=[^\s/]*\d)[A-Za-z0-9][\w.-]*(?:/[A-Z0-9]+)?(?=$|[\s,;(/])")
_DESIGNATION = re.compile(r"^(?:[A-Z][\w-]+ )?(?P<model>[A-Z]{1,5}-?[0-9]{1,5}[A-Z0-9-]*)(?=$|[\s,;:(])")
_LONGEST_UNNAMED = 120
_KIND = re.compile(r" (?:printer|product|device)$", re.IGNORECASE)
_LONGEST_PRODUCT = 60


def read_gear(text: str) -> Fingerprint | None:
    """Maker, family, model and software version of a device; None when no known maker is named or follows from a line."""
    words = _PREAMBLE.sub("", " ".join(text.split()))
    maker = maker_of(words)
    if maker is None:
        return None
    rest = words
    if maker.length:
        rest = _LEGAL.sub("", words[maker.length :])
        again = maker_of(rest)
        if again is not None and again.name == maker.name and again.length:
            rest = rest[again.length :].strip()
    product = _product(rest)
    family = family_of(maker.name, rest[: len(product or "") + 40])
    model = _MODEL.search(product) if product else None
    return Fingerprint(
        hardware=Part(
            vendor=maker.name,
            family=family,
            product=product or family,
            model=model[0] if model and model[0] != product else None,
            version=_version(rest),
        )
    )


def read_unnamed(text: str) -> Fingerprint | None:
    """Model and version of a device that names no maker; None where its text begins with no designation.

    A designation has capitals and digits, and stands first or second; what a person wrote there seldom has such.
    """
    words = _PREAMBLE.sub("", " ".join(text.split()))
    found = _DESIGNATION.match(words)
    if found is None or len(words) > _LONGEST_UNNAMED:
        return None
    version = _version(words[found.end() :])
    if version is None and found.end() < len(words):
        return None
    return Fingerprint(hardware=Part(product=found["model"], version=version))


def _product(rest: str) -> str | None:
    stop = _STOP.search(rest)
    product = (rest[: stop.start()] if stop else rest).strip(" -,.:")[:_LONGEST_PRODUCT].strip()
    return _KIND.sub("", product) or None


def _version(rest: str) -> str | None:
    for pattern in _LABELLED[:3]:
        for match in pattern.finditer(rest):
            if len(match["v"]) <= _LONGEST_VERSION:
                return match["v"].rstrip(".-")
    parts = {match["part"]: match["v"] for match in _ENGINE.finditer(rest)}
    if parts:
        return next(parts[part] for part in _PARTS if part in parts)
    for pattern in _LABELLED[3:]:
        bare = pattern.search(rest)
        if bare is not None:
            return bare["v"].rstrip(".-")
    return None
