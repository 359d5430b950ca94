"""Short ways to say entities and change sets in tests."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping

from cmdb.changeset import ChangeSet, KeyWrite, Sighting, Write
from cmdb.entities import CI, ENTITY_TYPES, Claim, Entity, Kind, Lifecycle, Relationship
from cmdb.values import Value

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
_NUMBERS = itertools.count(1)


class Clock:
    """Says noon of 1 March 2026, and a second more each time it is asked; `now` may be set."""

    def __init__(self) -> None:
        self.now = NOW - dt.timedelta(seconds=1)

    def __call__(self) -> dt.datetime:
        self.now += dt.timedelta(seconds=1)
        return self.now


def minute(number: int) -> dt.datetime:
    """`NOW` and some minutes."""
    return NOW + dt.timedelta(minutes=number)


def ci(
    id_: str,
    name: str | None = None,
    *,
    class_name: str = "server",
    lifecycle: Lifecycle = Lifecycle.LIVE,
    merged_into: str | None = None,
    attributes: Mapping[str, Value] | None = None,
) -> CI:
    """A CI whose name is its id unless said otherwise."""
    return CI(
        id=id_,
        class_name=class_name,
        name=id_ if name is None else name,
        lifecycle=lifecycle,
        merged_into=merged_into,
        attributes=dict(attributes or {}),
        created_at=NOW,
    )


def relationship(
    source: str, type_: str, target: str, *, confidence: float = 1.0, attributes: Mapping[str, Value] | None = None
) -> Relationship:
    """`(source)-[:type_]->(target)`, claimed by ssh."""
    return Relationship(
        id=Relationship.make_id(source, type_, target),
        source=source,
        type=type_,
        target=target,
        confidence=confidence,
        attributes=dict(attributes or {}),
        claimed={"ssh": confidence},
    )


def claim(id_: str, ci_id: str, source: str = "ssh") -> Claim:
    """A claim of a source on a CI."""
    return Claim(
        id=id_, ci=ci_id, source=source, network="default", record=f"native:{id_}", native_key=id_, class_name="server"
    )


def kind_of(entity: Entity) -> Kind:
    """The kind of an entity."""
    return next(kind for kind, entity_type in ENTITY_TYPES.items() if type(entity) is entity_type)


def made(*entities: Entity) -> tuple[Write, ...]:
    """Writes that make the entities."""
    return tuple(Write(kind_of(entity), entity.id, None, entity) for entity in entities)


def changed(before: Entity, after: Entity) -> Write:
    """A write that changes an entity."""
    return Write(kind_of(before), before.id, before, after)


def ended(entity: Entity) -> Write:
    """A write that ends an entity."""
    return Write(kind_of(entity), entity.id, entity, None)


def change_set(
    *writes: Write,
    planned_at: int = 0,
    keys: Iterable[KeyWrite] = (),
    sightings: Iterable[Sighting] = (),
    consulted_keys: Iterable[str] = (),
    consulted_ids: Iterable[str] = (),
    id_: str | None = None,
    by: str = "alice",
    run_id: str = "",
    source: str = "",
) -> ChangeSet:
    """A change set with an id of its own unless said otherwise."""
    return ChangeSet(
        id=f"change-set-{next(_NUMBERS)}" if id_ is None else id_,
        at=NOW,
        by=by,
        reason="test",
        run_id=run_id,
        source=source,
        planned_at=planned_at,
        writes=writes,
        keys=tuple(keys),
        sightings=tuple(sightings),
        consulted_keys=frozenset(consulted_keys),
        consulted_ids=frozenset(consulted_ids),
    )
