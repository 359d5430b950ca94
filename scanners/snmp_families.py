"""What is known of vendors, read from `scanners/data/snmp/*.yaml`: how to recognise a family, and where it keeps serial, model and version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from cmdb.errors import Invalid

_Oid = Annotated[str, Field(pattern=r"^\d+(\.\d+)+$")]


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from None
    return pattern


_Pattern = Annotated[str, AfterValidator(_compiles)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(_Record):
    """Where a value may stand: exactly one of `object` (an instance), `column` (its first row), `text` (a scalar by name) and `entity` (a field of the chassis).

    `pattern` must match for the place to count; its first group that matched is the value, else the whole match. `form` builds
    the value of all groups, {0} being the first; `values` translates whole values; `prefix` is put in front.
    """

    object: _Oid | None = None
    column: _Oid | None = None
    text: Literal["sys_descr", "sys_object_id", "sys_name", "device_descr", "printer_name"] | None = None
    entity: (
        Literal[
            "descr",
            "name",
            "model",
            "serial_number",
            "software_revision",
            "firmware_revision",
            "hardware_revision",
            "manufacturer",
        ]
        | None
    ) = None
    pattern: _Pattern | None = None
    form: str | None = None
    prefix: str = ""
    values: Mapping[str, str] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Place:
        if sum(place is not None for place in (self.object, self.column, self.text, self.entity)) != 1:
            raise ValueError("exactly one of object, column, text and entity must be given")
        return self

    def read(self, raw: str) -> str:
        """The value that stands in `raw`, empty when it does not fit."""
        value = raw
        if self.pattern is not None:
            found = re.search(self.pattern, raw, re.MULTILINE)
            if found is None:
                return ""
            groups = [group or "" for group in found.groups()] or [found.group(0)]
            value = self.form.format(*groups) if self.form else next(filter(None, groups), "")
        value = value.strip()
        if self.values is not None:
            value = self.values.get(value, "")
        return self.prefix + value if value else ""


class ClassRule(_Record):
    """A model that says what the device is; the first rule that matches decides."""

    model: _Pattern
    class_name: str


class Family(_Record):
    """Devices that keep their facts in the same places."""

    name: str
    sys_object_id: tuple[_Oid, ...] = ()
    """Prefixes, whole subidentifiers; the longest that fits wins."""
    sys_descr: _Pattern | None = None
    probe: _Oid | None = None
    """An instance that only this family has."""
    class_name: str | None = None
    """None: told from what the device does."""
    classes: tuple[ClassRule, ...] = ()
    manufacturer: str | None = None
    os_name: str | None = None
    os_names: tuple[Place, ...] = ()
    manufacturers: tuple[Place, ...] = ()
    serial_number: tuple[Place, ...] = ()
    chassis_serial: tuple[Place, ...] = ()
    model: tuple[Place, ...] = ()
    os_version: tuple[Place, ...] = ()
    kernel_version: tuple[Place, ...] = ()
    architecture: tuple[Place, ...] = ()
    asset_tag: tuple[Place, ...] = ()
    part_number: tuple[Place, ...] = ()
    hardware_version: tuple[Place, ...] = ()
    system_uuid: tuple[Place, ...] = ()
    source: str
    """The MIB or document that the places come from."""

    def places(self) -> tuple[Place, ...]:
        """All places of all facts."""
        return (
            *self.os_names,
            *self.manufacturers,
            *self.serial_number,
            *self.chassis_serial,
            *self.model,
            *self.os_version,
            *self.kernel_version,
            *self.architecture,
            *self.asset_tag,
            *self.part_number,
            *self.hardware_version,
            *self.system_uuid,
        )

    def objects(self) -> list[str]:
        """The instances to ask for, each once."""
        return list(dict.fromkeys(place.object for place in self.places() if place.object))

    def columns(self) -> list[str]:
        """The columns to walk, each once."""
        return list(dict.fromkeys(place.column for place in self.places() if place.column))

    def fit(self, sys_object_id: str, sys_descr: str) -> int:
        """How specifically the family fits: -1 not at all, else the length of what matched, a matching description counting more."""
        length = 0
        if self.sys_object_id:
            lengths = [
                len(prefix)
                for prefix in self.sys_object_id
                if sys_object_id == prefix or sys_object_id.startswith(prefix + ".")
            ]
            if not lengths:
                return -1
            length = max(lengths)
        if self.sys_descr is not None:
            if re.search(self.sys_descr, sys_descr) is None:
                return -1
            length += 100
        return length


class Noise(_Record):
    """Rows that a MIB lists and that are nothing to keep; patterns match whole names or descriptions."""

    passing_interfaces: tuple[_Pattern, ...] = ()
    """Come and go with containers and virtual machines, or stand for nothing."""
    virtual_interfaces: tuple[_Pattern, ...] = ()
    """Last, but carry no cable: not counted when it is judged whether a host routes."""
    passing_storage: tuple[_Pattern, ...] = ()
    """Mount points in memory or of packages."""


class _File(_Record):
    families: tuple[Family, ...] = ()
    manufacturers: Mapping[int, str] = {}
    noise: Noise = Noise()


@dataclass(frozen=True, slots=True)
class Families:
    """All families and the makers behind enterprise numbers (IANA Private Enterprise Numbers)."""

    families: tuple[Family, ...]
    manufacturers: Mapping[int, str]
    noise: Noise

    def choose(self, sys_object_id: str, sys_descr: str, present: Mapping[str, object]) -> Family:
        """The best fit; a family with a probe fits only where its object is in `present`, and then best."""
        best, best_fit = GENERIC, -1
        for family in self.families:
            fit = family.fit(sys_object_id, sys_descr)
            if fit < 0 or (family.probe is not None and family.probe not in present):
                continue
            fit += 1000 if family.probe is not None else 0
            if fit > best_fit:
                best, best_fit = family, fit
        return best

    def probes(self, sys_object_id: str, sys_descr: str) -> list[str]:
        """The objects that would settle the choice."""
        return [
            family.probe
            for family in self.families
            if family.probe is not None and family.fit(sys_object_id, sys_descr) >= 0
        ]

    def manufacturer(self, sys_object_id: str) -> str | None:
        """Who owns the enterprise number of `1.3.6.1.4.1.N…`, where it is a maker of devices."""
        parts = sys_object_id.split(".")
        if parts[:6] != ["1", "3", "6", "1", "4", "1"] or len(parts) < 7:
            return None
        return self.manufacturers.get(int(parts[6]))


GENERIC = Family(name="generic", source="RFC 3418, RFC 6933")


@cache
def known_families() -> Families:
    """Everything under `scanners/data/snmp`; raises `Invalid` with the file when one is wrong."""
    families: list[Family] = []
    manufacturers: dict[int, str] = {}
    noise = Noise()
    for entry in sorted(files("scanners").joinpath("data", "snmp").iterdir(), key=lambda item: item.name):
        if not entry.name.endswith(".yaml"):
            continue
        try:
            content = _File.model_validate(yaml.safe_load(entry.read_text("utf-8")))
        except (ValidationError, yaml.YAMLError) as error:
            raise Invalid(str(error), place=entry.name) from error
        families += content.families
        manufacturers.update(content.manufacturers)
        noise = Noise.model_validate(
            {field: getattr(noise, field) + getattr(content.noise, field) for field in Noise.model_fields}
        )
    return Families(tuple(families), manufacturers, noise)
