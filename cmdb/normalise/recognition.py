"""From a text that something says of itself to vendor, product and version: one way in for every kind of text."""

from __future__ import annotations

import re
from dataclasses import replace

from cmdb.normalise.banner_tokens import read_tokens, system_beside
from cmdb.normalise.fingerprint import UNKNOWN, Fingerprint, Spoken
from cmdb.normalise.gear import read_gear, read_unnamed
from cmdb.normalise.knowledge import SHIPPED_ONLY, Knowledge
from cmdb.normalise.makers import maker_at_head
from cmdb.normalise.object_ids import read_object_id
from cmdb.normalise.releases import read_release, read_windows_name
from cmdb.normalise.spoken_rules import built_in_rules, first_match
from cmdb.normalise.ssh_banners import read_maker, read_openssh
from cmdb.normalise.subjects import read_subject
from cmdb.normalise.system_mentions import mentioned_system

TEXT_LIMIT = 1_024
"""Characters that are looked at; descriptions are at most 255 (RFC 3418), banners end long before."""
_OID = re.compile(r"^(?P<oid>1\.3\.6\.1\.4\.1(?:\.\d+)+)\s*(?P<text>.*)$", re.DOTALL)


def recognise(kind: Spoken, text: str, knowledge: Knowledge = SHIPPED_ONLY) -> Fingerprint:
    """What is behind a text of this kind; `UNKNOWN` rather than a guess. Pure, and cheap: no text is looked at twice.

    Shapes that the site knows come first, then those of `cmdb/data/spoken.yaml`, then the grammar of the kind.
    """
    said = text[:TEXT_LIMIT].strip()
    if not said:
        return UNKNOWN
    found = first_match(knowledge.rules.get(kind, ()), said) or _read(kind, said, knowledge)
    return found if found is not None else UNKNOWN


def _read(kind: Spoken, said: str, knowledge: Knowledge) -> Fingerprint | None:
    by_shape = first_match(built_in_rules(kind), said)
    match kind:
        case Spoken.SYSDESCR:
            return _read_description(said, by_shape)
        case Spoken.SSH:
            return read_openssh(said) or by_shape or read_maker(said)
        case Spoken.HTTP:
            return _with_system(by_shape, said) if by_shape is not None else read_tokens(said, knowledge.products)
        case Spoken.TELNET:
            return by_shape or read_release(said) or read_gear(said) or _mentioned(said)
        case Spoken.SMB:
            return by_shape or read_windows_name(said)
        case Spoken.X509:
            return by_shape or read_subject(said)
        case Spoken.GREETING:
            return by_shape


def _read_description(said: str, by_shape: Fingerprint | None) -> Fingerprint | None:
    behind = _OID.match(said)
    text = behind["text"] if behind is not None else said
    found = by_shape or _on_gear(read_release(said), text) or read_gear(text)
    if found is None and behind is not None:
        found = read_object_id(behind["oid"])
    return found or _mentioned(text) or read_unnamed(text)


def _on_gear(found: Fingerprint | None, text: str) -> Fingerprint | None:
    """The same with the machine, where an appliance names its maker before the system that it runs."""
    if found is None or found.hardware or maker_at_head(text) is None:
        return found
    gear = read_gear(text)
    if gear is None or gear.hardware.vendor == found.system.vendor:
        return found
    return replace(found, hardware=replace(gear.hardware, version=None))


def _mentioned(text: str) -> Fingerprint | None:
    system = mentioned_system(text)
    return Fingerprint(system=system) if system is not None else None


def _with_system(found: Fingerprint, said: str) -> Fingerprint:
    """The same with the system that the banner mentions beside its product, where the shape says none."""
    if found.system:
        return found
    return replace(found, system=system_beside(said) or found.system)
