"""The part of the graph around one CI, with a cap, and what the cap left out."""

from __future__ import annotations

from collections import Counter
from typing import cast

from cmdb.documents import brief
from cmdb.entities import CI, Kind, Relationship
from cmdb.store.protocol import PAGE_LIMIT
from cmdb.store.view import View


def neighbourhood(view: View, root: CI, *, depth: int, limit: int) -> dict[str, object]:
    """CIs within `depth` hops of `root` over relationships of any type and direction, nearest first, at most `limit`.

    Within a hop, CIs come by name ignoring case, then id. What lies beyond a CI that was left out is not counted.
    """
    kept: dict[str, tuple[CI, int]] = {root.id: (root, 0)}
    edges: dict[str, Relationship] = {}
    left_out: Counter[str] = Counter()
    is_complete = True
    frontier = [root.id]
    for hops in range(1, depth + 1):
        found, is_whole = _around(view, frontier)
        is_complete = is_complete and is_whole
        edges.update(found)
        ids = {end for edge in found.values() for end in (edge.source, edge.target)} - kept.keys()
        cis = [cast("CI", ci) for ci in view.get_many(Kind.CI, ids).values()]
        cis.sort(key=lambda ci: (ci.name.casefold(), ci.id))
        room = limit - len(kept)
        for ci in cis[:room]:
            kept[ci.id] = (ci, hops)
        left_out.update(ci.class_name for ci in cis[room:])
        frontier = [ci.id for ci in cis[:room]]
        if not frontier:
            break
    between = [edge for edge in edges.values() if edge.source in kept and edge.target in kept]
    return {
        "root": root.id,
        "depth": depth,
        "cis": [{**brief(ci), "hops": hops} for ci, hops in kept.values()],
        "relationships": [
            {"source": edge.source, "type": edge.type, "target": edge.target, "confidence": edge.confidence}
            for edge in sorted(between, key=lambda edge: edge.id)
        ],
        "left_out": dict(sorted(left_out.items())),
        "is_complete": is_complete,
    }


def _around(view: View, ids: list[str]) -> tuple[dict[str, Relationship], bool]:
    """Relationships at either end of these CIs; False when there are more than one read may hold."""
    found: dict[str, Relationship] = {}
    is_whole = True
    for field in ("source", "target"):
        entities = view.find(Kind.RELATIONSHIP, field, ids, limit=PAGE_LIMIT)
        is_whole = is_whole and len(entities) < PAGE_LIMIT
        found.update((entity.id, cast("Relationship", entity)) for entity in entities)
    return found, is_whole
