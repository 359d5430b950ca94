"""A CycloneDX bill of materials (ECMA-424), JSON or XML, as one tree of components and services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, cast
from xml.etree.ElementTree import Element

from cmdb.errors import Invalid
from cmdb.formats.batch import Intake
from cmdb.formats.json_document import read_json
from cmdb.formats.xml_document import local_name, read_xml, text_of
from cmdb.values import Value

_PEEK_BYTES = 1024
_MAKERS = ("manufacturer", "supplier", "provider", "publisher", "author")
"""Who made it, the surest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A component or a service; `ref` is its bom-ref, `parts` are those inside it."""

    is_service: bool
    type: str
    ref: str | None
    group: str | None
    name: str | None
    version: str | None
    purl: str | None = None
    cpe: str | None = None
    license: str | None = None
    vendor: str | None = None
    description: str | None = None
    endpoints: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Bom:
    """A whole document; `needs` are (ref, ref of what it depends on)."""

    top: Part | None
    parts: tuple[Part, ...]
    needs: tuple[tuple[str, str], ...] = field(default_factory=tuple)


def read_bom(stream: BinaryIO, *, name: str, into: Intake) -> Bom:
    """The document of a seekable stream; raises `Invalid` for what is no CycloneDX document of version 1."""
    start = stream.tell()
    head = stream.read(_PEEK_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    stream.seek(start)
    # a UTF-16 document begins with its mark, and is XML, since JSON is UTF-8
    is_xml = head.startswith((b"<", b"\xff\xfe", b"\xfe\xff"))
    return _from_xml(read_xml(stream, name=name), name) if is_xml else _from_json(stream, name, into)


def _from_json(stream: BinaryIO, name: str, into: Intake) -> Bom:
    document = read_json(stream, name=name, into=into)
    version = document.get("specVersion")
    if document.get("bomFormat") != "CycloneDX" or not isinstance(version, str) or not version.startswith("1."):
        raise Invalid(
            "no CycloneDX document: bomFormat is CycloneDX and specVersion 1.x; convert it with cyclonedx-cli",
            place=name,
        )
    metadata = document.get("metadata")
    top = metadata.get("component") if isinstance(metadata, Mapping) else None
    needs = []
    for dependency in _objects(document.get("dependencies")):
        on = dependency.get("dependsOn")
        if isinstance(on, list) and isinstance(dependency.get("ref"), str):
            needs += [(str(dependency["ref"]), one) for one in on if isinstance(one, str)]
    return Bom(
        _json_part(top, is_service=False) if isinstance(top, Mapping) else None,
        tuple(_json_parts(document)),
        tuple(needs),
    )


def _json_parts(holder: Mapping[str, Value]) -> Iterator[Part]:
    yield from (_json_part(one, is_service=False) for one in _objects(holder.get("components")))
    yield from (_json_part(one, is_service=True) for one in _objects(holder.get("services")))


def _json_part(said: Mapping[str, Value], *, is_service: bool) -> Part:
    def text(name: str) -> str | None:
        value = said.get(name)
        return value.strip() or None if isinstance(value, str) else None

    licenses = []
    for entry in _objects(said.get("licenses")):
        inner = entry.get("license")
        one = entry.get("expression") or (
            (inner.get("id") or inner.get("name")) if isinstance(inner, Mapping) else None
        )
        licenses += [one] if isinstance(one, str) else []
    makers = (said.get(name) for name in _MAKERS)
    vendor = next((one.get("name") if isinstance(one, Mapping) else one for one in makers if one), None)
    endpoints = said.get("endpoints")
    return Part(
        is_service=is_service,
        type=text("type") or "",
        ref=text("bom-ref"),
        group=text("group"),
        name=text("name"),
        version=text("version"),
        purl=text("purl"),
        cpe=text("cpe"),
        license=" AND ".join(licenses) or None,
        vendor=vendor if isinstance(vendor, str) else None,
        description=text("description"),
        endpoints=tuple(one for one in endpoints if isinstance(one, str)) if isinstance(endpoints, list) else (),
        parts=tuple(_json_parts(said)),
    )


def _objects(value: Value) -> list[Mapping[str, Value]]:
    return (
        [cast("Mapping[str, Value]", one) for one in value if isinstance(one, Mapping)]
        if isinstance(value, list)
        else []
    )


def _from_xml(root: Element, name: str) -> Bom:
    namespace = str(root.tag).rpartition("}")[0].lstrip("{")
    if local_name(root) != "bom" or not namespace.startswith("http://cyclonedx.org/schema/bom/1."):
        raise Invalid(
            "no CycloneDX document: the root is bom in a namespace of version 1.x; convert it with cyclonedx-cli",
            place=name,
        )
    metadata = _child(root, "metadata")
    top = _child(metadata, "component") if metadata is not None else None
    needs = []
    for dependency in _children(_child(root, "dependencies"), "dependency"):
        ref = dependency.get("ref")
        needs += [(ref, on) for inner in _children(dependency, "dependency") if ref and (on := inner.get("ref"))]
    return Bom(
        _xml_part(top, is_service=False) if top is not None else None,
        tuple(_xml_parts(root)),
        tuple(needs),
    )


def _xml_parts(holder: Element) -> Iterator[Part]:
    for kind in ("component", "service"):
        for one in _children(_child(holder, f"{kind}s"), kind):
            yield _xml_part(one, is_service=kind == "service")


def _xml_part(element: Element, *, is_service: bool) -> Part:
    licenses = []
    for entry in _child(element, "licenses") or ():
        if local_name(entry) == "expression":
            licenses.append(text_of(entry))
        else:
            licenses.append(text_of(_child(entry, "id")) or text_of(_child(entry, "name")))
    makers = (found for name in _MAKERS if (found := _child(element, name)) is not None)
    vendor = next((said for maker in makers if (said := text_of(_child(maker, "name")) or text_of(maker))), None)
    endpoints = (text_of(one) for one in _children(_child(element, "endpoints"), "endpoint"))
    return Part(
        is_service=is_service,
        type=element.get("type", ""),
        ref=element.get("bom-ref"),
        group=text_of(_child(element, "group")),
        name=text_of(_child(element, "name")),
        version=text_of(_child(element, "version")),
        purl=text_of(_child(element, "purl")),
        cpe=text_of(_child(element, "cpe")),
        license=" AND ".join(one for one in licenses if one) or None,
        vendor=vendor,
        description=text_of(_child(element, "description")),
        endpoints=tuple(one for one in endpoints if one),
        parts=tuple(_xml_parts(element)),
    )


def _child(element: Element | None, name: str) -> Element | None:
    return next(iter(_children(element, name)), None)


def _children(element: Element | None, name: str) -> list[Element]:
    return [] if element is None else [child for child in element if local_name(child) == name]
