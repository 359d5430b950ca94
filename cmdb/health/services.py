"""What a service is made of: everything that it needs, directly or through others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from cmdb.entities import CI, Kind, Relationship
from cmdb.registry import Registry
from cmdb.store.view import View

MAX_PARTS = 10_000
"""CIs of one service that are looked at; what lies beyond is told."""


def parts_of(view: View, registry: Registry, service: CI) -> tuple[tuple[str, ...], bool]:
    """Ids of the service and of what it needs, nearest first, and whether that is all.

    Followed are relationships by which failure travels: to what a CI needs, and to the parts and members of what it is.
    """
    needs = {kind.name for kind in registry.relationship_types() if kind.target_down is not None}
    made_of = {kind.name for kind in registry.relationship_types() if kind.source_down is not None} | {
        "MEMBER_OF",
        "PART_OF",
    }
    known = {service.id: None}
    ring = [service.id]
    while ring and len(known) < MAX_PARTS:
        ahead = [id_ for id_ in _next(view, ring, needs - made_of, made_of) if id_ not in known]
        ring = list(dict.fromkeys(ahead))[: MAX_PARTS - len(known)]
        known.update(dict.fromkeys(ring))
    return tuple(known), len(known) < MAX_PARTS


def _next(view: View, ids: list[str], needs: set[str], made_of: set[str]) -> Iterator[str]:
    for start in range(0, len(ids), 500):
        piece = ids[start : start + 500]
        for entity in view.find(Kind.RELATIONSHIP, "source", piece):
            relationship = cast("Relationship", entity)
            if relationship.type in needs:
                yield relationship.target
        for entity in view.find(Kind.RELATIONSHIP, "target", piece):
            relationship = cast("Relationship", entity)
            if relationship.type in made_of:
                yield relationship.source
