"""The lists that are data: read once from the YAML files beside this module, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

try:
    # libyaml reads these files ten times as fast; PyYAML is also built without it
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

Table = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Section, then key, then texts."""


@cache
def table(name: str) -> Table:
    """The file `<name>.yaml`: a mapping of sections to mappings of keys to lists of texts (a lone text is a list of one)."""
    document = shipped(name)
    return MappingProxyType(
        {
            str(section): MappingProxyType({str(key): _texts(values) for key, values in (entries or {}).items()})
            for section, entries in document.items()
        }
    )


@cache
def shipped(name: str) -> Mapping[str, Any]:
    """The content of the file `<name>.yaml`, a mapping, as YAML has it; read once and shared."""
    document = yaml.load(files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8"), SafeLoader)
    assert isinstance(document, dict), name
    return MappingProxyType(document)


def _texts(values: object) -> tuple[str, ...]:
    if isinstance(values, list):
        return tuple(str(value) for value in values)
    return () if values is None else (str(values),)
