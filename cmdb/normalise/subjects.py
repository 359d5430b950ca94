"""Default certificates of devices: the maker in the subject's organisation, the model in its unit or its common name."""

from __future__ import annotations

import re

from cmdb.normalise.fingerprint import Fingerprint, Part
from cmdb.normalise.makers import maker_at_head
from cmdb.normalise.naming import manufacturer

_PAIR = re.compile(r"(?:^|[,+])\s*(?P<key>[A-Z]+)=(?P<value>(?:\\.|[^,+\\])*)")
_MODEL = re.compile(r"^[A-Za-z]{1,6}-?\d[\w.-]*$")
_ADDRESS = re.compile(r"^(?:SN-)?(?:[0-9A-Fa-f]{2}[:-]?){6}$|^\d+(?:\.\d+){3}$")
_DOMAIN = re.compile(r"\.[a-z]{2,}$")
_ESCAPE = re.compile(r"\\+(.)")


def read_subject(text: str) -> Fingerprint | None:
    """The device whose factory certificate this is; None where the organisation makes no gear, or names a public host."""
    said: dict[str, str] = {}
    for match in _PAIR.finditer(text):
        said.setdefault(match["key"], _ESCAPE.sub(r"\1", match["value"]).strip())
    maker = maker_at_head(said.get("O", "").replace(",", ""))
    if maker is None or _is_trimmed(maker.name, said.get("O", "")):
        return None
    common = said.get("CN", "")
    candidates = (said.get("OU", ""), common)
    model = next((value for value in candidates if _MODEL.match(value) and not _ADDRESS.match(value)), None)
    return Fingerprint(hardware=Part(vendor=maker.name, product=model))


def _is_trimmed(maker: str, organisation: str) -> bool:
    """Whether the organisation is another one whose name only begins like the maker's."""
    spelled = manufacturer(organisation) or organisation
    rest = spelled.casefold().replace(maker.casefold(), "", 1).split()
    return len(rest) > 3
