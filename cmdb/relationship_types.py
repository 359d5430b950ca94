"""Relationship types: which classes they join, and how failure travels along them; data in `cmdb/data`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import product
from types import MappingProxyType
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict


class Effect(StrEnum):
    """What one end becomes when the other is down."""

    DOWN = "down"
    DEGRADED = "degraded"


class Travel(StrEnum):
    """Which way *degraded* goes along a relationship."""

    TARGET_TO_SOURCE = "target_to_source"
    SOURCE_TO_TARGET = "source_to_target"


class RelationshipType(BaseModel):
    """`(source)-[:NAME]->(target)`: pairs of classes (subclasses included), and the failure that travels.

    `target_down` is what the source becomes when the target is down, `source_down` what the target becomes when the source
    is; None: nothing. Where `redundancy_of_whole` is true, a redundancy group of the target that lists the source decides
    instead of `source_down`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    pairs: tuple[tuple[str, str], ...]
    target_down: Effect | None = None
    source_down: Effect | None = None
    degraded_travels: Travel | None = None
    redundancy_of_whole: bool = False
    is_symmetric: bool = False


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


ClassNames = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]


class RelationshipRow(BaseModel):
    """One type as YAML spells it; a pair is [source classes, target classes]."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str = ""
    pairs: tuple[tuple[ClassNames, ClassNames], ...] = ()
    target_down: Effect | None = None
    source_down: Effect | None = None
    degraded_travels: Travel | None = None
    redundancy_of_whole: bool = False
    is_symmetric: bool = False

    def expanded_pairs(self) -> tuple[tuple[str, str], ...]:
        """All (source class, target class) of the pairs, in order."""
        return tuple(pair for sources, targets in self.pairs for pair in product(sources, targets))

    def as_type(self, name: str) -> RelationshipType:
        """The type of this name."""
        return RelationshipType(
            name=name,
            description=self.description,
            pairs=self.expanded_pairs(),
            target_down=self.target_down,
            source_down=self.source_down,
            degraded_travels=self.degraded_travels,
            redundancy_of_whole=self.redundancy_of_whole,
            is_symmetric=self.is_symmetric,
        )


@cache
def built_in_types() -> Mapping[str, RelationshipType]:
    """The types that the product ships with, by name, in the order of the data file."""
    document = yaml.safe_load(files("cmdb.data").joinpath("relationship_types.yaml").read_text(encoding="utf-8"))
    return MappingProxyType({name: RelationshipRow.model_validate(row).as_type(name) for name, row in document.items()})
