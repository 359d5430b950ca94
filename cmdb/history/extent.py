"""A part of the estate that a question or a baseline is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cmdb.entities import CI, Entity, Redundancy, Relationship


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """All of it, the CIs of some classes, or one CI; with the relationships and redundancy groups of its CIs."""

    class_names: frozenset[str] | None = None
    ci: str | None = None

    def holds(self, entity: Entity, cis: Mapping[str, CI]) -> bool:
        """Whether an entity belongs to it; `cis` are the CIs that relationships and groups may name."""
        match entity:
            case CI():
                return self.holds_ci(entity)
            case Relationship(source=source, target=target):
                return self._holds_any((source, target), cis)
            case Redundancy(of=of, members=members):
                return self._holds_any((of, *members), cis)
            case _:
                return False

    def holds_ci(self, ci: CI) -> bool:
        """Whether a CI belongs to it."""
        return (self.ci is None or self.ci == ci.id) and (self.class_names is None or ci.class_name in self.class_names)

    def _holds_any(self, ids: tuple[str, ...], cis: Mapping[str, CI]) -> bool:
        if self.class_names is None and self.ci is None:
            return True
        return any(id_ in cis and self.holds_ci(cis[id_]) for id_ in ids)


EVERYTHING = Extent()
