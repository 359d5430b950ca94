"""Export in the `graph` format: what is live, in an order and with ids that an import into an empty store keeps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import cast

from cmdb.entities import CI, Claim, Kind, Lifecycle, Redundancy, Relationship
from cmdb.registry import Registry
from cmdb.store.protocol import Store
from cmdb.values import Value


def write_graph(store: Store, registry: Registry, *, as_of: int | None = None) -> Iterator[str]:
    """Lines without their ends: CIs in id order, then relationships and redundancy groups; reads page by page.

    Merged CIs are left out. A native key is written when one source's key names the CI; keys that two CIs carry are qualified by
    their source.
    """
    natives, named = _claimed(store, as_of)
    several = {key for key, count in Counter(key for _, key in natives.values()).items() if count > 1}
    hosts: dict[str, str] = {}
    for relationship in _all(store, Kind.RELATIONSHIP, as_of):
        hosts.setdefault(
            f"{cast('Relationship', relationship).source}|{cast('Relationship', relationship).type}",
            cast("Relationship", relationship).target,
        )
    for entity in _all(store, Kind.CI, as_of):
        ci = cast("CI", entity)
        if ci.merged_into is not None:
            continue
        source, key = natives.get(ci.id, ("", ""))
        document: dict[str, Value] = {"id": ci.id, "class": ci.class_name}
        if ci.id in named:
            document["name"] = ci.name
        if key:
            document["native_key"] = f"{source}:{key}" if key in several else key
        attributes = dict(ci.attributes)
        if ci.lifecycle is not Lifecycle.LIVE:
            attributes["lifecycle"] = ci.lifecycle.value
        spec = registry.get(ci.class_name)
        host = hosts.get(f"{ci.id}|{spec.host_relationship}") if spec.host_relationship else None
        if host is not None:
            attributes["host"] = host
        document["attributes"] = {name: attributes[name] for name in sorted(attributes)}
        yield _line({"ci": document})
    for entity in _all(store, Kind.RELATIONSHIP, as_of):
        relationship = cast("Relationship", entity)
        yield _line(
            {
                "relationship": {
                    "source": relationship.source,
                    "type": relationship.type,
                    "target": relationship.target,
                    "attributes": relationship.attributes,
                    "confidence": relationship.confidence,
                }
            }
        )
    for entity in _all(store, Kind.REDUNDANCY, as_of):
        yield _line({"redundancy": _group(cast("Redundancy", entity))})


def _group(group: Redundancy) -> dict[str, Value]:
    document: dict[str, Value] = {"of": group.of, "members": list(group.members)}
    if group.min_up is not None:
        document["min_up"] = group.min_up
    else:
        document["min_up_percent"] = group.min_up_percent
    if group.name is not None:
        document["name"] = group.name
    return document


def _claimed(store: Store, as_of: int | None) -> tuple[dict[str, tuple[str, str]], set[str]]:
    """The smallest (source, native key) by CI, and the CIs that some claim gives a name."""
    natives: dict[str, tuple[str, str]] = {}
    named: set[str] = set()
    for entity in _all(store, Kind.CLAIM, as_of):
        claim = cast("Claim", entity)
        if claim.name is not None:
            named.add(claim.ci)
        if claim.native_key is not None:
            candidate = (claim.source, claim.native_key)
            natives[claim.ci] = min(natives.get(claim.ci, candidate), candidate)
    return natives, named


def _all(store: Store, kind: Kind, as_of: int | None) -> Iterator[object]:
    after = ""
    while page := store.scan(kind, after=after, as_of=as_of):
        yield from page
        after = page[-1].id


def _line(document: dict[str, Value]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
