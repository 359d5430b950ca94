"""The whole estate in other programs' formats, streamed: GraphML and Cytoscape JSON, page by page however large it is."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from cmdb.entities import CI, Redundancy, Relationship
from cmdb.store.view import View
from cmdb.store.walking import every
from cmdb.values import Value
from impact.export import group_attributes, plain

_TYPES = {bool: "boolean", int: "long", float: "double", str: "string"}
_NODE, _EDGE = "node", "edge"


@dataclass(frozen=True, slots=True)
class _Node:
    id: str
    attributes: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class _Edge:
    id: str
    source: str
    target: str
    attributes: Mapping[str, Value]


def estate_to_graphml(view: View, *, kept: Container[str] | None = None) -> Iterator[str]:
    """Lines of GraphML (graphml.graphdrawing.org): CIs, relationships and redundancy groups, of the CIs `kept` or all.

    The keys stand before what has them, so the estate is read twice.
    """
    keys: dict[tuple[str, str, str], str] = {}
    for element in _elements(view, kept):
        domain = _NODE if isinstance(element, _Node) else _EDGE
        for name, value in element.attributes.items():
            keys.setdefault((domain, name, _TYPES[type(value)]), f"d{len(keys)}")
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
    for (domain, name, type_), key in keys.items():
        yield f'  <key id="{key}" for="{domain}" attr.name={quoteattr(_printable(name))} attr.type="{type_}"/>'
    yield '  <graph edgedefault="directed">'
    for element in _elements(view, kept):
        if isinstance(element, _Node):
            yield f"    <node id={quoteattr(element.id)}>"
            domain = _NODE
        else:
            ends = f"source={quoteattr(element.source)} target={quoteattr(element.target)}"
            yield f"    <edge id={quoteattr(element.id)} {ends}>"
            domain = _EDGE
        for name, value in element.attributes.items():
            place = (domain, name, _TYPES[type(value)])
            # an attribute that came up between the two readings has no key, and is in the next export
            if place in keys:
                yield f'      <data key="{keys[place]}">{escape(_printable(_word(value)))}</data>'
        yield f"    </{domain}>"
    yield "  </graph>"
    yield "</graphml>"


def estate_to_cytoscape(view: View, *, kept: Container[str] | None = None) -> Iterator[str]:
    """Lines of one document of Cytoscape JSON (js.cytoscape.org): CIs, relationships and redundancy groups, of the CIs `kept` or all."""
    yield '{"data": [], "directed": true, "multigraph": true, "elements": {"nodes": ['
    yield from _separated(one for one in _elements(view, kept) if isinstance(one, _Node))
    yield '], "edges": ['
    yield from _separated(one for one in _elements(view, kept) if isinstance(one, _Edge))
    yield "]}}"


def _separated(elements: Iterator[_Node | _Edge]) -> Iterator[str]:
    comma = ""
    for element in elements:
        ends = (
            {"id": element.id, "value": element.id}
            if isinstance(element, _Node)
            else {"id": element.id, "source": element.source, "target": element.target}
        )
        yield comma + json.dumps({"data": {**element.attributes, **ends}}, ensure_ascii=False)
        comma = ","


def _elements(view: View, kept: Container[str] | None) -> Iterator[_Node | _Edge]:
    """Nodes, then edges, each with attributes that are scalars."""

    def is_kept(*ids: str) -> bool:
        return kept is None or all(id_ in kept for id_ in ids)

    for ci in every(view, CI):
        if ci.merged_into is None and is_kept(ci.id):
            own = {"class": ci.class_name, "name": ci.name, "lifecycle": ci.lifecycle.value, "state": ci.state.value}
            yield _Node(ci.id, plain(ci.attributes.items()) | own)
    for entity in every(view, Relationship):
        if is_kept(entity.source, entity.target):
            described = plain(entity.attributes.items()) | {"type": entity.type, "confidence": entity.confidence}
            yield _Edge(entity.id, entity.source, entity.target, described)
    for group in every(view, Redundancy):
        if is_kept(group.of, *group.members):
            for member in group.members:
                yield _Edge(f"{group.id}/{member}", group.of, member, group_attributes(group))


def _word(value: Value) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _printable(text: str) -> str:
    """Text without the characters that XML 1.0 does not allow (§2.2)."""
    return text if text.isprintable() else "".join(one for one in text if one >= " " or one in "\t\n\r")
