"""How failure travels, from the registry's relationship types to the rules of the impact graph."""

from __future__ import annotations

from cmdb.registry import Registry
from cmdb.relationship_types import RelationshipType, Travel
from impact.travel import Effect, TravelRule, Way

_WAYS = {None: Way.NO, Travel.TARGET_TO_SOURCE: Way.TO_SOURCE, Travel.SOURCE_TO_TARGET: Way.TO_TARGET}


def travel_rules(registry: Registry) -> tuple[TravelRule, ...]:
    """One rule for each relationship type."""
    return tuple(_rule(type_) for type_ in registry.relationship_types())


def _rule(type_: RelationshipType) -> TravelRule:
    return TravelRule(
        name=type_.name,
        target_down=Effect(type_.target_down.value) if type_.target_down else Effect.NONE,
        source_down=Effect(type_.source_down.value) if type_.source_down else Effect.NONE,
        degraded_travels=_WAYS[type_.degraded_travels],
    )
