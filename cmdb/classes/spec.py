"""What the registry knows of a class and of an attribute: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Family(StrEnum):
    """By whose rules a CI is identified (design §6)."""

    DEVICE = "device"
    """What is or acts as a machine or a piece of gear: the ladder of serials, MACs, keys, names and addresses."""
    DEPENDENT = "dependent"
    """What is inside a device: by its name within its host."""
    CATALOGUE = "catalogue"
    """What is the same thing wherever it is seen: by its content."""
    LOGICAL = "logical"
    """Everything else: by source and native key, else by class and name within site and network."""


class Weight(StrEnum):
    """How much an attribute counts for completeness (design §10): required 60 %, recommended 40 %."""

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    OPTIONAL = "optional"


class AttributeType(StrEnum):
    """The type of an attribute's value."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXTS = "list of text"
    OBJECTS = "list of objects"


class Format(StrEnum):
    """How a text is spelled; one that is not of its format is kept as it is and identifies nothing."""

    MAC = "mac"
    IP = "ip"
    CIDR = "cidr"
    UUID = "uuid"
    FQDN = "fqdn"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeSpec:
    """One attribute of a class; `unit` is UCUM or a word, `choices` closes the set, `fields` are those of an object."""

    name: str
    type: AttributeType
    description: str
    unit: str | None = None
    weight: Weight = Weight.OPTIONAL
    is_identity: bool = False
    format: Format | None = None
    choices: tuple[str, ...] = ()
    fields: tuple[AttributeSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class Info:
    """Metadata of a field of a class, used as `Annotated[Text, Info("…")]`; read by the registry and by JSON Schema."""

    description: str
    unit: str | None = None
    weight: Weight = Weight.OPTIONAL
    is_identity: bool = False
    format: Format | None = None
    choices: tuple[str, ...] = ()

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add description, `x-unit`, `x-weight`, `x-identity` and `x-format` to the field's schema."""
        schema = handler(core_schema)
        schema["description"] = self.description
        schema["x-weight"] = self.weight.value
        if self.unit:
            schema["x-unit"] = self.unit
        if self.is_identity:
            schema["x-identity"] = True
        if self.format:
            schema["x-format"] = self.format.value
        if self.choices:
            schema["enum"] = [*self.choices, None]
        return schema


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassSpec:
    """One class of CIs.

    `name` is snake_case, `label` PascalCase; `parents` are the direct ones. `depth` is the longest way up, so a larger one is
    more specific. `host_relationship` is the type of `(dependent)-[…]->(host)`, None for classes without a host.
    """

    name: str
    label: str
    description: str
    family: Family
    parents: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeSpec] = field(default_factory=dict)
    host_relationship: str | None = None
    is_dependent_with_host: bool = False
    """A logical class that is identified inside its host when it names one (database, cluster, middleware)."""
    is_abstract: bool = False
    identity_note: str = ""
    """Why a class has no identity attributes of its own, where it has none."""
    depth: int = 0
    layer: str = ""
    """Where it stands in the service model; groups the reference page."""

    @property
    def identity(self) -> tuple[str, ...]:
        """Names of the attributes that identify, in order of declaration; `name` among them when the name does."""
        return tuple(name for name, attribute in self.attributes.items() if attribute.is_identity)
