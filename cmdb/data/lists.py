"""The lists that are data: read once from the YAML files beside this module, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml

Table = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Section, then key, then texts."""


@cache
def table(name: str) -> Table:
    """The file `<name>.yaml`: a mapping of sections to mappings of keys to lists of texts (a lone text is a list of one)."""
    document = yaml.safe_load(files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            str(section): MappingProxyType({str(key): _texts(values) for key, values in (entries or {}).items()})
            for section, entries in document.items()
        }
    )


def _texts(values: object) -> tuple[str, ...]:
    if isinstance(values, list):
        return tuple(str(value) for value in values)
    return () if values is None else (str(values),)
