"""Values that identify nothing at one site, from its YAML: the part `identity` of the site's file.

    identity:
      placeholders:                     # of serial (and board), asset_tag, machine_id and uuid
        serial: {ACME-000000: boards of one supplier before 2019}
        uuid: {12121212-0000-4000-8000-000000000001: a template of ours that was copied}
      mac_prefixes:                     # hex digits with or without separators; may end inside an octet
        virtual: {"00:00:5e:00:03": our load balancers}
        on_every_host: {"02:00:4e:43:50:49": VPN client}
        hypervisor: {"06:10": addresses that our own hypervisor hands out}
      addresses: {192.168.99.1: bridge of a test tool}
      names: {image: name that the installer leaves behind}

Each value stands with the reason for which it is there.
"""

from __future__ import annotations

import string

from pydantic import BaseModel, ConfigDict

from cmdb.normalise import forms
from cmdb.normalise.never import NO_FILLERS, Fillers, folded
from cmdb.yaml_document import Steps, YamlDocument

Reasons = dict[str, str]
"""Value, and where it is known from."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlaceholderRow(_Part):
    """Texts and UUIDs that stand where a number was never filled in."""

    serial: Reasons = {}
    asset_tag: Reasons = {}
    machine_id: Reasons = {}
    uuid: Reasons = {}


class PrefixRow(_Part):
    """Beginnings of MAC addresses."""

    virtual: Reasons = {}
    on_every_host: Reasons = {}
    hypervisor: Reasons = {}


class IdentityRow(_Part):
    """The part as YAML spells it."""

    placeholders: PlaceholderRow = PlaceholderRow()
    mac_prefixes: PrefixRow = PrefixRow()
    addresses: Reasons = {}
    names: Reasons = {}


def fillers_of(document: YamlDocument, row: IdentityRow) -> Fillers:
    """The site's fillers; `NO_FILLERS` when there are none. Raises `Invalid` with file and line for what is no such value."""
    texts: set[tuple[str, str]] = set()
    for kind, listed in (
        ("serial", row.placeholders.serial),
        ("board", row.placeholders.serial),
        ("asset_tag", row.placeholders.asset_tag),
        ("machine_id", row.placeholders.machine_id),
    ):
        texts |= {(kind, folded(value)) for value in listed}
    made = Fillers(
        texts=frozenset(texts),
        uuids=frozenset(_uuids(document, row.placeholders.uuid)),
        virtual_macs=_prefixes(document, "virtual", row.mac_prefixes.virtual),
        macs_on_every_host=_prefixes(document, "on_every_host", row.mac_prefixes.on_every_host),
        hypervisor_macs=_prefixes(document, "hypervisor", row.mac_prefixes.hypervisor),
        addresses=frozenset(_addresses(document, row.addresses)),
        names=frozenset(name.casefold().rstrip(".") for name in row.names),
    )
    return NO_FILLERS if made == NO_FILLERS else made


def _uuids(document: YamlDocument, listed: Reasons) -> list[str]:
    found: list[str] = []
    for value in listed:
        readings = forms.uuid_forms(value)
        if not readings:
            steps: Steps = ("identity", "placeholders", "uuid", value)
            raise document.refuse(steps, f"{value!r} is no UUID; write 32 hexadecimal digits, with dashes or without")
        found += readings
    return found


def _prefixes(document: YamlDocument, part: str, listed: Reasons) -> tuple[str, ...]:
    found: list[str] = []
    for value in listed:
        digits = value.lower().translate(str.maketrans("", "", ":-. "))
        if not 2 <= len(digits) <= 12 or any(digit not in string.hexdigits for digit in digits):
            steps: Steps = ("identity", "mac_prefixes", part, value)
            raise document.refuse(
                steps, f"{value!r} begins no MAC address; write 2 to 12 hexadecimal digits, as in 02:42"
            )
        found.append(digits)
    return tuple(found)


def _addresses(document: YamlDocument, listed: Reasons) -> list[str]:
    found: list[str] = []
    for value in listed:
        address = forms.ip(value)
        if address is None:
            raise document.refuse(
                ("identity", "addresses", value), f"{value!r} is no IP address; write one without a mask"
            )
        found.append(address)
    return found
