"""Banners made of product tokens: `Name/1.2.3 (comment) Other/4.5`, `Name 1.2.3`, `Name(1.2.3)` or a bare name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from cmdb.data.lists import table
from cmdb.normalise.fingerprint import NOTHING, Fingerprint, Part
from cmdb.normalise.folding import folded
from cmdb.normalise.makers import maker_at_head, makes_gear_only
from cmdb.normalise.system_mentions import mentioned_system

_TOKEN = re.compile(
    r"(?P<name>[A-Za-z$][\w.&+$-]*(?:\(R\))?(?: (?!v?\d)(?:[A-Za-z(][\w()&.-]*))*?)"
    r"(?:/|\(| v(?=\d)| [Vv]ersion | (?=\d)|-(?=\d+\.))(?P<version>[vV]?[\w.+~-]*\d[\w.+~:-]*|master|svn-\d+)\)?"
)
_UPNP = re.compile(
    r"^(?P<left>.*?),?\s*(?:DLNADOC/\S+\s)?UPnP/\d\.\d,?\s*(?:DLNADOC/\S+\s)?(?P<right>.*)$", re.IGNORECASE
)
_COMMENT = re.compile(r"\([^()]*(?:\([^()]*\)[^()]*)*\)")
_EDITION = re.compile(r"-(?:release|final|enterprise|community)(?:-edition)?$", re.IGNORECASE)
_BUILD_OF_SYSTEM = re.compile(r"-(?:X\d-)?(?:Win32|Win64|Linux|FreeBSD|MacOSX)$", re.IGNORECASE)
Products = Mapping[str, tuple[str, str]]
"""Folded name of a program → its maker and product."""
NO_MORE: Products = {}
_LIMIT = 20
_LONGEST_NAME = 60
_BESIDE = frozenset(
    {"php", "perl", "python", "cpython", "openssl", "upnp", "dlnadoc", "ipp", "dav", "http", "gnutls", "java", "servlet",
     "linux", "ruby", "libressl", "wolfssl", "abysslib", "microsofthttpapi", "passenger", "phusionpassenger", "unknown",
     "frontpage", "svn", "zend", "communique", "jrunconnector", "http11", "http10", "webaccess", "jsp", "mono"}
)  # fmt: skip
"""Languages, libraries and protocols that a server names beside itself."""


@dataclass(frozen=True, slots=True)
class _Token:
    name: str
    version: str | None


def read_tokens(text: str, more: Products = NO_MORE) -> Fingerprint | None:
    """The program that a banner of product tokens is of; an unknown program by the name it gives itself.

    `more` are programs that a site knows beside the shipped ones. The maker of an unknown program is known only where its name
    begins with one that makes gear.
    """
    known = {**_products(), **more} if more else _products()
    words = " ".join(text.split())
    upnp = _UPNP.match(words)
    if upnp is not None and upnp["left"]:
        return _read_upnp(upnp["left"], upnp["right"], known)
    tokens = _tokens(words, known)
    subject = _subject(tokens, known)
    if subject is None:
        return None
    service, hardware = _part(subject, known)
    beside = tuple(Part(None, None, token.name, token.version) for token in tokens if token is not subject)
    return Fingerprint(service=service, system=_system(words, service), hardware=hardware, components=beside)


def _read_upnp(left: str, right: str, known: Products) -> Fingerprint | None:
    # UPnP Device Architecture 1.1 §1.2.2: SERVER is OS/version UPnP/version product/version
    tokens = _tokens(right, known)
    subject = _subject(tokens, known) or (tokens[0] if tokens else None)
    service, _ = _part(subject, known) if subject is not None else (NOTHING, NOTHING)
    maker = maker_at_head(left)
    hardware = NOTHING
    if maker is not None:
        model = left[maker.length :].strip(" /")
        hardware = Part(maker.name, None, None if re.match(r"^\d+\.\d", model) else model or None)
    return Fingerprint(service=service, system=mentioned_system(left) or NOTHING, hardware=hardware)


def system_beside(text: str) -> Part | None:
    """The system that a banner names in its comments, or before `UPnP/`; None when it names none there."""
    words = " ".join(text.split())
    upnp = _UPNP.match(words)
    said = upnp["left"] if upnp is not None else " ".join(_COMMENT.findall(_round(words)))
    return mentioned_system(said)


def _round(words: str) -> str:
    return words.replace("[", "(").replace("]", ")")


def _subject(tokens: tuple[_Token, ...], known: Products) -> _Token | None:
    named = next((token for token in tokens if folded(token.name) in known), None)
    return named or next((token for token in tokens if not _is_beside(token.name)), None)


def _part(subject: _Token, known: Products) -> tuple[Part, Part]:
    found = known.get(folded(subject.name))
    if found is not None:
        vendor, product = found
        return Part(vendor, product, product, subject.version), _machine(vendor)
    maker = maker_at_head(subject.name)
    product = subject.name.replace("-", " ").strip()
    if maker is None:
        # a lone word without a version may be anything; the program that says it is not known by it
        return (Part(None, product, product, subject.version) if subject.version else NOTHING), NOTHING
    rest = subject.name[maker.length :].strip(" -_/")
    return Part(maker.name, rest or product, rest or product, subject.version), _machine(maker.name)


def _machine(vendor: str) -> Part:
    return Part(vendor) if makes_gear_only(vendor) else NOTHING


def _tokens(words: str, known: Products) -> tuple[_Token, ...]:
    bare = _bare(words)
    if folded(bare) in known:
        return (_Token(bare, None),)
    found = [_Token(match["name"].strip(" -"), _clean(match["version"])) for match in _TOKEN.finditer(_outside(words))]
    head = bare.partition(" + ")[0]
    if not found or (folded(head.split(" ")[0]) in known and folded(found[0].name) not in known):
        found.insert(0, _Token(head if folded(head) in known else bare, None))
    return tuple(found[:_LIMIT])


def _outside(words: str) -> str:
    """The text without its comments, which name systems and modules; a comment that is a version is kept."""
    return _COMMENT.sub(lambda match: match[0] if re.match(r"[(][vV]?\d+\.\d", match[0]) else " ", words)


def _bare(words: str) -> str:
    return (
        _COMMENT.sub(lambda match: match[0] if match[0] == "(R)" else "", words)
        .partition(";")[0]
        .strip()[:_LONGEST_NAME]
    )


def _clean(version: str) -> str:
    cleaned = _BUILD_OF_SYSTEM.sub("", _EDITION.sub("", version.strip(".,;:-")))
    return cleaned[1:] if re.match(r"[vV]\d", cleaned) else cleaned


def _is_beside(name: str) -> bool:
    word = folded(name)
    return word in _BESIDE or word.startswith(("mod", "lib")) or not word


def _system(words: str, service: Part) -> Part:
    if service.product in ("IIS", "PWS"):
        release = table("releases")["windows_iis"].get(service.version or "") if service.product == "IIS" else None
        return Part("Microsoft", "Windows", release[0] if release else "Windows")
    return system_beside(words) or mentioned_system(_COMMENT.sub("", _round(words)).partition("/")[2]) or NOTHING


@cache
def _products() -> Products:
    return {
        folded(word): (vendor, product)
        for vendor, products in table("products").items()
        for product, words in products.items()
        for word in words
    }
