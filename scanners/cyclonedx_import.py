"""`cmdb import cyclonedx`: software as product CIs, on a machine or in an application, and services with what they need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import BinaryIO
from urllib.parse import unquote

from cmdb.formats.batch import Intake, Refused
from cmdb.formats.options import check_options
from cmdb.observation import Draft, Link, Scope, ScopeKind
from cmdb.values import Value
from scanners.cyclonedx_document import Bom, Part, read_bom

OPTIONS = ("installed_on", "part_of")
"""`installed_on`: the machine or image that has the software; `part_of`: the service that the described application is part of."""
_PURL = re.compile(r"pkg:([A-Za-z0-9.+-]+)/(?:([^@?#]+)/)?([^@/?#]+)(?:@([^?#]+))?")
"""Type, namespace, name and version (purl-spec)."""
_PACKAGE_TYPES = {"deb": "dpkg"}
"""What package managers on the host call themselves, so that one product is one CI whoever names it."""
_TOPS = {"container": "container_image", "operating-system": "software_product", "firmware": "software_product"}


class CycloneDxParser:
    """The parser of CycloneDX documents, JSON and XML."""

    def read(self, stream: BinaryIO, *, name: str, into: Intake, options: Mapping[str, str]) -> None:
        """Every component becomes a product, every service an application service, and what it depends on a relationship.

        Products are `INSTALLED_ON` what the option says, else on the application that the document describes.
        """
        check_options(options, OPTIONS, format_name="cyclonedx")
        _Reading(into, name, options).take(read_bom(stream, name=name, into=into))


class _Reading:
    def __init__(self, into: Intake, name: str, options: Mapping[str, str]) -> None:
        self._into = into
        self._name = name
        self._options = options
        self._ids: set[str] = set()
        self._top: str | None = None

    def take(self, bom: Bom) -> None:
        """Take in a whole document."""
        machine, service = (self._options.get(name) for name in OPTIONS)
        if bom.top is not None:
            self._top = self._part(bom.top, is_top=machine is None)
            if self._top is not None and machine is not None:
                self._into.link(Link(source=self._top, type="INSTALLED_ON", target=machine, is_by_key=True))
            if self._top is not None and service is not None and machine is None:
                self._into.link(Link(source=self._top, type="PART_OF", target=service, is_by_key=True))
        for part in (*(bom.top.parts if bom.top is not None else ()), *bom.parts):
            self._tree(part, machine, None)
        if self._top is not None and machine is None:
            # a bill lists everything, so what an older one listed besides is gone
            self._into.scope(Scope(kind=ScopeKind.RELATIONSHIPS, within=self._top, relationship_type="INSTALLED_ON"))
        dangling = 0
        for ref, on in bom.needs:
            if ref in self._ids and on in self._ids:
                if ref != on:
                    self._into.link(Link(source=ref, type="DEPENDS_ON", target=on))
            else:
                dangling += 1
        if dangling:
            self._into.warn(
                f"{self._name}: {dangling} dependencies name components that the document has not; left out"
            )

    def _tree(self, part: Part, machine: str | None, parent: str | None) -> None:
        id_ = self._part(part, is_top=False)
        if id_ is not None and part.is_service:
            above = parent or self._top
            if above is not None and machine is None:
                self._into.link(Link(source=id_, type="PART_OF", target=above))
        elif id_ is not None:
            holder = machine or self._top
            if holder is not None:
                self._into.link(Link(source=id_, type="INSTALLED_ON", target=holder, is_by_key=machine is not None))
        for inner in part.parts:
            self._tree(inner, machine, id_ if part.is_service else parent)

    def _part(self, part: Part, *, is_top: bool) -> str | None:
        """Draft a part; its id, None when it is refused."""
        number = len(self._ids) + 1
        id_ = part.ref if part.ref is not None and part.ref not in self._ids else f"{part.ref or 'part'}#{number}"
        name = _name(part)
        if name is None:
            self._into.refuse(Refused(None, id_, f"{part.type or 'a part'} without a name"))
            return None
        self._ids.add(id_)
        if part.is_service:
            draft = self._service(id_, name, part)
        elif is_top and part.type not in ("operating-system", "firmware"):
            draft = Draft(
                local_id=id_,
                class_name=_TOPS.get(part.type, "application"),
                name=name,
                native_key=_key(part),
                attributes=_said(version=part.version, vendor=part.vendor, description=part.description),
            )
        else:
            draft = _product(id_, name, part)
        self._into.draft(draft)
        return id_

    @staticmethod
    def _service(id_: str, name: str, part: Part) -> Draft:
        url = part.endpoints[0] if part.endpoints else None
        return Draft(
            local_id=id_,
            class_name="application_service",
            name=name,
            native_key=_key(part),
            attributes=_said(version=part.version, vendor=part.vendor, description=part.description, url=url),
        )


def _product(id_: str, name: str, part: Part) -> Draft:
    purl = _PURL.match(part.purl or "")
    type_ = purl[1].lower() if purl else None
    return Draft(
        local_id=id_,
        class_name="software_product",
        name=name,
        attributes=_said(
            version=part.version or (unquote(purl[4]) if purl and purl[4] else None),
            package_type=_PACKAGE_TYPES.get(type_ or "", type_),
            vendor=part.vendor,
            license=part.license,
            purl=part.purl,
            cpe=part.cpe,
            category=part.type or None,
            description=part.description,
        ),
    )


def _name(part: Part) -> str | None:
    """The name with its group, as the package manager spells it: `group:name` for Maven, `group/name` elsewhere."""
    if part.name is None or part.group is None or part.is_service or part.name.startswith(part.group):
        return part.name
    return f"{part.group}{':' if (part.purl or '').startswith('pkg:maven/') else '/'}{part.name}"


def _key(part: Part) -> str:
    """What names an application or a service in its source, whatever its version."""
    purl = _PURL.match(part.purl or "")
    if purl:
        return "/".join(piece for piece in (f"pkg:{purl[1]}", purl[2], purl[3]) if piece)
    return part.ref if part.is_service and part.ref else "/".join(piece for piece in (part.group, part.name) if piece)


def _said(**values: Value) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value is not None}
