"""What follows from a source's own words: maker, model and system from a description, product and version from a banner."""

from __future__ import annotations

from collections.abc import Mapping

from cmdb.classes.spec import ClassSpec, Family
from cmdb.normalise.cpe import cpe_of
from cmdb.normalise.fingerprint import Fingerprint, Part, Spoken
from cmdb.normalise.knowledge import SHIPPED_ONLY, Knowledge
from cmdb.normalise.recognition import recognise
from cmdb.normalise.spelling import one_spelling
from cmdb.values import Value

SPELLED = frozenset({"manufacturer", "vendor"})
"""Attributes that hold a maker's name; claims keep the source's spelling, CIs have the one spelling."""
_KIND_OF_SERVICE = {"ssh": Spoken.SSH, "http": Spoken.HTTP, "https": Spoken.HTTP, "telnet": Spoken.TELNET}
_GREETED = frozenset(
    {"ftp", "smtp", "smtps", "submission", "imap", "imaps", "pop3", "pop3s", "nntp", "sip", "ntp", "domain", "mysql"}
)


def described(spec: ClassSpec, values: Mapping[str, Value], knowledge: Knowledge = SHIPPED_ONLY) -> dict[str, Value]:
    """What a draft of this class leaves unsaid and its own words tell; nothing for classes that have no such words."""
    if spec.family is Family.DEVICE:
        return described_device(values, knowledge)
    return described_service(values, knowledge) if "banner" in spec.attributes else {}


def described_device(values: Mapping[str, Value], knowledge: Knowledge = SHIPPED_ONLY) -> dict[str, Value]:
    """Maker, model, system and its version of a device that a source described and left unsaid; only what was not said.

    Read from `sys_description` and `sys_object_id`. The same words always give the same values.
    """
    description, object_id = _text(values, "sys_description"), _text(values, "sys_object_id")
    if not description and not object_id:
        return {}
    found = recognise(Spoken.SYSDESCR, f"{object_id} {description}".strip(), knowledge)
    maker = found.hardware.vendor or _maker_by(object_id, knowledge)
    is_unnamed = not _text(values, "os_name")
    cpe = cpe_of(found.system, is_system=True) if is_unnamed else None
    return _unsaid(
        values,
        {
            "manufacturer": maker,
            "model": found.hardware.model or found.hardware.product,
            "os_name": found.system.product,
            "os_version": found.system.version if is_unnamed and found.system.product else None,
            "os_cpe": [cpe] if cpe else None,
            "firmware_version": found.hardware.version or (None if found.system.product else found.system.version),
            "architecture": found.architecture,
        },
    )


def described_service(values: Mapping[str, Value], knowledge: Knowledge = SHIPPED_ONLY) -> dict[str, Value]:
    """Product and version of a network service whose banner was heard and that nobody named; only what was not said."""
    banner, service = _text(values, "banner"), _text(values, "service").lower()
    kind = Spoken.SSH if banner.startswith("SSH-") else _KIND_OF_SERVICE.get(service)
    if kind is None and service in _GREETED:
        kind = Spoken.GREETING
    if not banner or kind is None or _text(values, "product"):
        return {}
    heard = banner.partition("-")[2].partition("-")[2] if banner.startswith("SSH-") else banner
    part = recognise(kind, heard, knowledge).service
    cpe = cpe_of(part, is_system=False)
    return _unsaid(values, {"product": part.product, "version": part.version, "cpe": [cpe] if cpe else None})


def shown(attribute: str, value: Value, knowledge: Knowledge = SHIPPED_ONLY) -> Value:
    """The value of a claim as a CI shows it: a maker in the one spelling, everything else as it is."""
    if attribute not in SPELLED or not isinstance(value, str):
        return value
    return one_spelling(value, knowledge) or value


def is_shown_alike(attribute: str, one: Value, other: Value, knowledge: Knowledge = SHIPPED_ONLY) -> bool:
    """Whether two values are one maker, spelled in two ways; False for every attribute that holds no maker."""
    return attribute in SPELLED and shown(attribute, one, knowledge) == shown(attribute, other, knowledge)


def _maker_by(object_id: str, knowledge: Knowledge) -> str | None:
    found: Fingerprint = recognise(Spoken.SYSDESCR, object_id, knowledge)
    part: Part = found.hardware
    return part.vendor


def _unsaid(values: Mapping[str, Value], found: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in found.items() if value and values.get(name) is None}


def _text(values: Mapping[str, Value], name: str) -> str:
    value = values.get(name)
    return value.strip() if isinstance(value, str) else ""
