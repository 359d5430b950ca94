"""An inventory of a GLPI or FusionInventory agent, JSON or XML, in one form.

Sources: the schema of glpi-project/inventory_format; FusionInventory's XML protocol, whose elements are the schema's names in
capitals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, cast
from xml.etree.ElementTree import Element

from cmdb.errors import Invalid
from cmdb.formats.batch import Intake
from cmdb.formats.json_document import read_json
from cmdb.formats.xml_document import read_xml
from cmdb.values import Value

Fields = Mapping[str, Value]
_PEEK_BYTES = 1024
_QUERIES = {
    "inventory": "inventory",
    "netinventory": "inventory",
    "netdiscovery": "netdiscovery",
    "snmp": "snmpquery",
    "snmpquery": "snmpquery",
}
_SAME = {"macaddr": "mac"}
"""Elements of the XML that the schema calls otherwise."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """One device as an agent described it; `content` has the schema's names in lower case. A partial one says only its sections."""

    query: str
    item_type: str | None
    device_id: str | None
    is_partial: bool
    content: Fields

    def section(self, name: str) -> Fields | None:
        """A section of one object, None when the inventory has none; raises `Invalid` for another value there."""
        value = self.content.get(name)
        if value is None or isinstance(value, Mapping):
            return value
        raise Invalid(f"content.{name} is {_kind(value)} instead of an object; update the agent that wrote it")

    def rows(self, name: str, refuse: Callable[[str], None]) -> list[Fields] | None:
        """A section of many objects, None when the inventory has none; tells `refuse` of what is none."""
        value = self.content.get(name)
        if value is None:
            return None
        if not isinstance(value, list):
            refuse(f"content.{name} is {_kind(value)} instead of a list; the section is left out")
            return None
        wrong = sum(not isinstance(row, Mapping) for row in value)
        if wrong:
            refuse(f"content.{name} holds {wrong} entries that are no objects; they are left out")
        return [cast("Fields", row) for row in value if isinstance(row, Mapping)]


def read_inventory(stream: BinaryIO, *, name: str, into: Intake) -> Inventory:
    """The inventory of a seekable stream; raises `Invalid` for what is none."""
    start = stream.tell()
    head = stream.read(_PEEK_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    stream.seek(start)
    if head.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        return _from_xml(read_xml(stream, name=name), name)
    return _from_json(read_json(stream, name=name, into=into), name)


def _from_json(document: Fields, name: str) -> Inventory:
    content = document.get("content")
    if not isinstance(content, Mapping):
        raise Invalid("no inventory: it has no content; give what the agent wrote with --json", place=name)
    action = document.get("action", "inventory")
    query = _QUERIES.get(str(action).casefold())
    if query is None:
        raise Invalid(f"action {str(action)[:40]!r} is no inventory; known are {', '.join(_QUERIES)}", place=name)
    return Inventory(
        query,
        _text(document.get("itemtype")) or ("Computer" if query == "inventory" else None),
        _text(document.get("deviceid")),
        document.get("partial") is True,
        {key.lower(): value for key, value in content.items()},
    )


def _from_xml(root: Element, name: str) -> Inventory:
    if str(root.tag).upper() != "REQUEST":
        raise Invalid(f"no inventory: the root element is {str(root.tag)[:40]!r}, not REQUEST", place=name)
    top = {str(child.tag).upper(): child for child in root}
    if "CONTENT" not in top:
        raise Invalid("no inventory: it has no CONTENT; give what the agent wrote with --local", place=name)
    said = {key: (child.text or "").strip() for key, child in top.items()}
    query = _QUERIES.get(said.get("QUERY", "INVENTORY").casefold())
    if query is None:
        raise Invalid(f"QUERY {said['QUERY'][:40]!r} is no inventory; known are {', '.join(_QUERIES)}", place=name)
    content: Fields = _object(top["CONTENT"])
    device = content.get("device")
    if isinstance(device, list):
        raise Invalid("several DEVICE elements in one request; split it", place=name)
    if query != "inventory":
        content = _gear(device if isinstance(device, Mapping) else {}, query)
    else:
        content = {
            key: value if key in _SINGLE or isinstance(value, list) else [value] for key, value in content.items()
        }
    info = content.get("network_device")
    kind = info.get("type") if isinstance(info, Mapping) else None
    item_type = said.get("ITEMTYPE") or (
        "Computer" if query == "inventory" else _ITEM_TYPES.get(str(kind).upper()) if kind else None
    )
    return Inventory(query, item_type or None, said.get("DEVICEID") or None, said.get("PARTIAL") == "1", content)


_ITEM_TYPES = {
    "NETWORKING": "NetworkEquipment",
    "PRINTER": "Printer",
    "STORAGE": "Storage",
    "COMPUTER": "Computer",
    "PHONE": "Phone",
    "POWER": "Power",
}
_SINGLE = frozenset(
    {"accesslog", "bios", "hardware", "operatingsystem", "versionclient", "versionprovider", "accountinfo"}
)
"""Sections of which a computer has one; all others are lists, also when the XML holds one element."""


def _gear(device: Fields, query: str) -> Fields:
    """What the JSON schema calls the parts of an XML device."""
    info = device.get("info") if query != "netdiscovery" else device
    content: dict[str, Value] = {"network_device": info if isinstance(info, Mapping) else {}}
    for section, entry, name in (("ports", "port", "network_ports"), ("components", "component", "network_components")):
        holder = device.get(section)
        if isinstance(holder, Mapping):
            rows = holder.get(entry)
            content[name] = rows if isinstance(rows, list) else [rows] if isinstance(rows, Mapping) else []
    return content


def _object(element: Element) -> dict[str, Value]:
    """An element's children by name in lower case, several of one name as a list; empty ones are not said."""
    found: dict[str, list[Value]] = {}
    for child in element:
        name = str(child.tag).lower()
        value: Value = _object(child) if len(child) else (child.text or "").strip() or None
        found.setdefault(_SAME.get(name, name), []).append(value)
    kept = {name: [value for value in values if value not in (None, {})] for name, values in found.items()}
    return {name: values[0] if len(values) == 1 else values for name, values in kept.items() if values}


def _text(value: Value) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _kind(value: Value) -> str:
    return "a list" if isinstance(value, list) else "an object" if isinstance(value, Mapping) else repr(value)[:40]


def text(fields: Fields, *names: str) -> str | None:
    """The first of these fields that says something, as text; raises `Invalid` for a list or an object there."""
    for name in names:
        value = fields.get(name)
        if value is None or value == "":
            continue
        if isinstance(value, Mapping | list):
            raise Invalid(f"{name} is {_kind(value)} instead of a text; update the agent that wrote it")
        if found := str(value).strip():
            return found
    return None


def whole(fields: Fields, name: str, *, times: int = 1) -> int | None:
    """A whole number that is not negative, multiplied; None for anything else."""
    value = fields.get(name)
    try:
        number = int(float(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1
    except (ValueError, OverflowError):
        return None
    return number * times if number >= 0 else None


def flag(fields: Fields, name: str) -> bool:
    """Whether a field says yes: true, 1, or a word of it."""
    return str(fields.get(name, "")).casefold() in ("1", "true", "yes", "on")


def texts(value: Value, inner: str = "ip") -> list[str]:
    """A list of texts, given as such, as one text, or as XML's object around them."""
    if isinstance(value, Mapping):
        value = value.get(inner)
    values = value if isinstance(value, list) else [value]
    return [one.strip() for one in values if isinstance(one, str) and one.strip()]
