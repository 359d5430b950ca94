"""Export in the `graph` format: what is live, in an order and with ids that an import into an empty store keeps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterator
from typing import cast

from cmdb.classes.spec import Family
from cmdb.entities import CI, Claim, Lifecycle, Redundancy, Relationship
from cmdb.identity.keys import inside_key
from cmdb.registry import Registry
from cmdb.store.view import View
from cmdb.store.walking import every, pages_of
from cmdb.values import Value


def write_graph(view: View, registry: Registry, *, kept: Container[str] | None = None) -> Iterator[str]:
    """Lines without their ends: CIs in id order, then relationships and redundancy groups; reads page by page.

    Merged CIs are left out. A native key is written when one source's key names the CI; keys that two CIs carry are qualified by
    their source. `kept` are the ids of the CIs to write, all when None; what joins two of them is written, and groups that are
    whole.
    """
    for document in ci_documents(view, registry):
        if kept is None or document["id"] in kept:
            yield _line({"ci": _within(document, kept)})
    for relationship in every(view, Relationship):
        if kept is not None and not (relationship.source in kept and relationship.target in kept):
            continue
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
    for group in every(view, Redundancy):
        if kept is None or all(id_ in kept for id_ in (group.of, *group.members)):
            yield _line({"redundancy": _group(group)})


def _within(document: dict[str, Value], kept: Container[str] | None) -> dict[str, Value]:
    """The CI without a host that the file does not hold."""
    attributes = cast("dict[str, Value]", document["attributes"])
    if kept is None or "host" not in attributes or attributes["host"] in kept:
        return document
    return {**document, "attributes": {name: value for name, value in attributes.items() if name != "host"}}


def ci_documents(view: View, registry: Registry) -> Iterator[dict[str, Value]]:
    """What a file says of each CI: id, class, attributes, and name and native key where a source gave them; in id order."""
    natives, said = _claimed(view)
    several = {key for key, count in Counter(key for _, key in natives.values()).items() if count > 1}
    ends = _ends(view, registry)
    for page in pages_of(view, CI):
        cis = [ci for ci in page if ci.merged_into is None]
        hosts = _hosts(view, registry, cis, ends, said)
        for ci in cis:
            source, key = natives.get(ci.id, ("", ""))
            document: dict[str, Value] = {"id": ci.id, "class": ci.class_name}
            if any(name is not None for _, name in said.get(ci.id, ())):
                document["name"] = ci.name
            if key:
                document["native_key"] = f"{source}:{key}" if key in several else key
            attributes = dict(ci.attributes)
            if ci.lifecycle is not Lifecycle.LIVE:
                attributes["lifecycle"] = ci.lifecycle.value
            if ci.id in hosts:
                attributes["host"] = hosts[ci.id]
            document["attributes"] = {name: attributes[name] for name in sorted(attributes)}
            yield document


def _group(group: Redundancy) -> dict[str, Value]:
    document: dict[str, Value] = {"of": group.of, "members": list(group.members)}
    if group.min_up is not None:
        document["min_up"] = group.min_up
    else:
        document["min_up_percent"] = group.min_up_percent
    if group.name is not None:
        document["name"] = group.name
    return document


_Said = dict[str, set[tuple[str, str | None]]]
"""Classes and names that the claims of a CI give it."""


def _claimed(view: View) -> tuple[dict[str, tuple[str, str]], _Said]:
    """The smallest (source, native key) by CI, and what claims call the CIs."""
    natives: dict[str, tuple[str, str]] = {}
    said: _Said = {}
    for claim in every(view, Claim):
        said.setdefault(claim.ci, set()).add((claim.class_name, claim.name))
        if claim.native_key is not None:
            candidate = (claim.source, claim.native_key)
            natives[claim.ci] = min(natives.get(claim.ci, candidate), candidate)
    return natives, said


def _ends(view: View, registry: Registry) -> dict[tuple[str, str], list[str]]:
    """Targets by source and type, of the relationships that may lead from a part to its host."""
    types = {spec.host_relationship for spec in registry.classes()} - {None}
    ends: dict[tuple[str, str], list[str]] = {}
    for relationship in every(view, Relationship):
        if relationship.type in types:
            ends.setdefault((relationship.source, relationship.type), []).append(relationship.target)
    return ends


def _hosts(
    view: View, registry: Registry, cis: list[CI], ends: dict[tuple[str, str], list[str]], said: _Said
) -> dict[str, str]:
    """The host of each CI that is known by its name inside one; others may run on something without being a part of it."""
    keys: dict[str, list[tuple[str, str]]] = {}
    hosts: dict[str, str] = {}
    for ci in cis:
        spec = registry.get(ci.class_name)
        targets = sorted(ends.get((ci.id, spec.host_relationship), ())) if spec.host_relationship else []
        keys[ci.id] = [
            (inside_key(target, class_name, name), target)
            for target in targets
            for class_name, name in sorted(said.get(ci.id, ()), key=str)
            if name is not None
        ]
        if targets and spec.family is Family.DEPENDENT:
            hosts[ci.id] = targets[0]
    owners = view.owners([key for candidates in keys.values() for key, _ in candidates])
    for id_, candidates in keys.items():
        known = [target for key, target in candidates if key in owners and id_ in owners[key].owners]
        if known:
            hosts[id_] = known[0]
    return hosts


def _line(document: dict[str, Value]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
