"""What a row or a CI offers to be recognised by: normalised identifying values by kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cmdb.normalise import forms, naming, never
from cmdb.values import Attributes, Value


class Kind(StrEnum):
    """Kinds of identifying values, strongest first; the last three only qualify the others."""

    SERIAL = "serial"
    MAC = "mac"
    UUID = "uuid"
    BOARD = "board"
    MACHINE_ID = "machine_id"
    HOST_KEY = "host_key"
    ASSET_TAG = "asset_tag"
    FQDN = "fqdn"
    NAME = "name"
    ADDRESS = "address"
    MAKER = "maker"
    SITE = "site"
    VIRTUAL_SYSTEM = "virtual_system"


STRONG = (Kind.SERIAL, Kind.MAC, Kind.UUID, Kind.BOARD, Kind.MACHINE_ID, Kind.HOST_KEY, Kind.ASSET_TAG)
WEAK = (Kind.FQDN, Kind.NAME, Kind.ADDRESS)
IDENTIFYING = STRONG + WEAK

Evidence = Mapping[Kind, frozenset[str]]
"""Values by kind; a kind that is absent does not speak."""

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SetAside:
    """A value that was said but identifies nothing, with the reason (design §6, values that never identify)."""

    kind: Kind
    value: str
    reason: never.Reason


@dataclass(frozen=True, slots=True)
class Gathered:
    """What identifies, and what was set aside."""

    evidence: Evidence
    set_aside: tuple[SetAside, ...]


class _Collector:
    """Sorts offered values into those that identify and those set aside."""

    def __init__(self, fillers: never.Fillers) -> None:
        self._fillers = fillers
        self.found: dict[Kind, set[str]] = {}
        self.aside: list[SetAside] = []

    def offer(self, kind: Kind, value: str | None, *, spoken: str | None = None) -> None:
        if value is None:
            return
        reason = never.never_identifies(kind.value, value, self._fillers)
        if reason is None:
            self.found.setdefault(kind, set()).add(spoken or value)
        else:
            self.aside.append(SetAside(kind, value, reason))

    def offer_name(self, text: str) -> None:
        if forms.ip(text) is not None:
            return
        full = naming.fqdn(text)
        if full is not None and "." in full:
            self.offer(Kind.FQDN, full)
        short = naming.short_name(text)
        if short:
            self.offer(Kind.NAME, short.casefold())


def gather(
    name: str | None, attributes: Attributes, network: str, fillers: never.Fillers = never.NO_FILLERS
) -> Gathered:
    """The identifying values of one row. Attributes are already of the registry's types and spelling; `fillers` are the site's.

    Addresses are scoped `network/vrf|address`; names lose their domain; a name with dots is also an FQDN, and a name that is an
    address identifies nothing.
    """
    if name is None and not attributes:
        return Gathered({}, ())
    collector = _Collector(fillers)
    for text in _serials(attributes):
        collector.offer(Kind.SERIAL, forms.serial(text))
    for text in _texts(attributes.get("mac_addresses")):
        collector.offer(Kind.MAC, forms.mac(text))
    for text in _texts(attributes.get("system_uuid")):
        known_forms = forms.uuid_forms(text)
        if known_forms:
            collector.offer(Kind.UUID, known_forms[0])
    for kind, attribute in ((Kind.BOARD, "board_serial"), (Kind.ASSET_TAG, "asset_tag")):
        for text in _texts(attributes.get(attribute)):
            collector.offer(kind, forms.serial(text))
    for text in _texts(attributes.get("machine_id")):
        collector.offer(Kind.MACHINE_ID, text.strip().lower())
    for text in _texts(attributes.get("ssh_host_keys")):
        collector.offer(Kind.HOST_KEY, text.strip())
    for text in (*_texts(attributes.get("fqdn")), *((name,) if name else ())):
        collector.offer_name(text)
    space = f"{network}/{_first(attributes.get('vrf')) or ''}"
    for text in _texts(attributes.get("ip_addresses")):
        address = forms.ip(text)
        collector.offer(Kind.ADDRESS, address, spoken=f"{space}|{address}")
    for kind, attribute in ((Kind.SITE, "site"), (Kind.VIRTUAL_SYSTEM, "virtual_system")):
        qualifier = _first(attributes.get(attribute))
        if qualifier:
            collector.found[kind] = {qualifier.casefold()}
    maker = naming.manufacturer(_first(attributes.get("manufacturer")) or "")
    if maker:
        collector.found[Kind.MAKER] = {maker.casefold()}
    # an address is nobody's own while the word about it is a MAC that moves between routers
    if Kind.MAC not in collector.found and any(aside.reason is never.Reason.VIRTUAL_MAC for aside in collector.aside):
        collector.found.pop(Kind.ADDRESS, None)
    return Gathered({kind: frozenset(values) for kind, values in collector.found.items()}, tuple(collector.aside))


def _serials(attributes: Attributes) -> Iterable[str]:
    yield from _texts(attributes.get("serial_number"))
    members = attributes.get("members")
    if isinstance(members, (list, tuple)):
        for member in members:
            if isinstance(member, Mapping):
                yield from _texts(member.get("serial_number"))


def _texts(value: Value) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, (list, tuple)):
        return tuple(item for item in value if isinstance(item, str))
    return ()


def _first(value: Value) -> str | None:
    texts = _texts(value)
    return texts[0] if texts and texts[0].strip() else None


def union(pieces: Iterable[Evidence]) -> dict[Kind, frozenset[str]]:
    """All values of all pieces, by kind."""
    merged: dict[Kind, frozenset[str]] = {}
    for piece in pieces:
        for kind, values in piece.items():
            merged[kind] = merged.get(kind, NOTHING) | values
    return merged


def without(evidence: Evidence, keys: frozenset[tuple[Kind, str]]) -> dict[Kind, frozenset[str]]:
    """The evidence less these (kind, value) pairs; a kind with nothing left does not speak."""
    kept: dict[Kind, frozenset[str]] = {}
    for kind, values in evidence.items():
        rest = frozenset(value for value in values if (kind, value) not in keys)
        if rest:
            kept[kind] = rest
    return kept
