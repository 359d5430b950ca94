"""From a pydantic class to what the registry keeps of it."""

from __future__ import annotations

import re
import types
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cmdb.classes.item import ConfigurationItem
from cmdb.classes.spec import AttributeSpec, AttributeType, ClassSpec, Info

_TYPES: dict[object, AttributeType] = {
    str: AttributeType.TEXT,
    int: AttributeType.INTEGER,
    float: AttributeType.NUMBER,
    bool: AttributeType.BOOLEAN,
}


def snake_case(pascal: str) -> str:
    """`VirtualMachine` → `virtual_machine`, `ApiGateway` → `api_gateway`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", pascal).lower()


def pascal_case(snake: str) -> str:
    """`virtual_machine` → `VirtualMachine`."""
    return "".join(word.capitalize() for word in snake.split("_"))


def first_line(class_: type[BaseModel]) -> str:
    """The first line of the class's own docstring, without its full stop; empty when it has none."""
    document = class_.__dict__.get("__doc__") or ""
    return document.strip().partition("\n")[0].rstrip(".")


def read_class(class_: type[ConfigurationItem], depths: dict[str, int]) -> ClassSpec:
    """The spec of a class whose parents' `depths` are known already."""
    parents = tuple(parent for parent in class_.__bases__ if issubclass(parent, ConfigurationItem))
    names = tuple(snake_case(parent.__name__) for parent in parents)
    return ClassSpec(
        name=snake_case(class_.__name__),
        label="CI" if class_ is ConfigurationItem else class_.__name__,
        description=first_line(class_),
        family=class_.family,
        parents=names,
        aliases=class_.__dict__.get("aliases", ()),
        attributes=types.MappingProxyType(read_attributes(class_)),
        host_relationship=class_.host_relationship,
        is_dependent_with_host=class_.is_dependent_with_host,
        is_abstract=class_.is_abstract,
        identity_note=class_.__dict__.get("identity_note", ""),
        depth=1 + max((depths[name] for name in names), default=-1),
        layer=class_.layer,
    )


def read_attributes(class_: type[BaseModel]) -> dict[str, AttributeSpec]:
    """The attributes of a class, those of its parents first."""
    return {name: _read_field(class_, name, field) for name, field in class_.model_fields.items()}


def _read_field(class_: type[BaseModel], name: str, field: FieldInfo) -> AttributeSpec:
    info = next((entry for entry in field.metadata if isinstance(entry, Info)), None)
    if info is None:
        raise TypeError(f"{class_.__name__}.{name} has no Info")
    type_, inner = _type_of(field.annotation)
    return AttributeSpec(
        name=name,
        type=type_,
        description=info.description,
        unit=info.unit,
        weight=info.weight,
        is_identity=info.is_identity,
        format=info.format,
        choices=info.choices,
        fields=tuple(read_attributes(inner).values()) if inner else (),
    )


def _type_of(annotation: Any) -> tuple[AttributeType, type[BaseModel] | None]:
    if get_origin(annotation) in (Union, types.UnionType):
        (annotation,) = (member for member in get_args(annotation) if member is not type(None))
    if get_origin(annotation) is tuple:
        item = get_args(annotation)[0]
        return (AttributeType.TEXTS, None) if item is str else (AttributeType.OBJECTS, item)
    return _TYPES[annotation], None
