"""All classes that the product ships with."""

from __future__ import annotations

from types import ModuleType

from cmdb.classes import (
    cloud,
    devices,
    facilities,
    inside,
    kubernetes,
    network,
    organisation,
    services,
    software,
    storage,
)
from cmdb.classes.item import ConfigurationItem

_LAYERS: tuple[ModuleType, ...] = (
    services,
    software,
    devices,
    inside,
    network,
    storage,
    facilities,
    cloud,
    kubernetes,
    organisation,
)


def built_in_classes() -> tuple[type[ConfigurationItem], ...]:
    """Every class, parents before children, else in the order of the layers and of their modules."""
    ordered: dict[type[ConfigurationItem], None] = {ConfigurationItem: None}

    def add(class_: type[ConfigurationItem]) -> None:
        for parent in class_.__bases__:
            if issubclass(parent, ConfigurationItem):
                add(parent)
        ordered.setdefault(class_)

    for module in _LAYERS:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, ConfigurationItem):
                add(value)
    return tuple(ordered)
