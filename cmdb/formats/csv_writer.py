"""Export as a table: one row a CI, one column an attribute or a relationship type, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import cast

from cmdb.entities import CI, Kind, Relationship
from cmdb.formats.graph_writer import ci_documents
from cmdb.registry import Registry
from cmdb.store.protocol import PAGE_LIMIT
from cmdb.store.view import View
from cmdb.store.walking import every
from cmdb.values import Value

LITERAL = "attribute:"
"""Before the name of an attribute that the CI's class does not know, so that reading it back guesses nothing."""
LIST_SEPARATOR = "; "
_FIXED = ("id", "class", "name", "native_key")
_UNSAFE = re.compile(r"'*[=+\-@\t\r]")
"""What a spreadsheet takes for a formula, and what was made safe already (OWASP, CSV injection)."""
_NOT_PLAIN = re.compile(r"[;|,\n]|^\s|\s$|^[\[{]|^$")
"""Items of a list that a separated list would not give back."""
_CHUNK = 500


def write_csv(view: View, registry: Registry, *, kept: Container[str] | None = None) -> Iterator[str]:
    """Lines without their ends (a quoted cell may hold line breaks): headings, then CIs in id order.

    Columns: id, class, name, native_key, every attribute that a CI has, every relationship type that leaves one, with the ids of
    its targets. `kept` are the ids of the CIs to write, all when None. `import csv` reads it back, but for confidence and
    attributes of relationships and for redundancy groups, which a table has no place for.
    """
    attributes, types = _columns(view, registry, kept)
    yield safe_row([*_FIXED, *attributes, *types])
    chunk: list[Mapping[str, Value]] = []
    for document in ci_documents(view, registry):
        if kept is None or document["id"] in kept:
            chunk.append(document)
        if len(chunk) == _CHUNK:
            yield from _rows(view, registry, chunk, attributes, types, kept)
            chunk = []
    yield from _rows(view, registry, chunk, attributes, types, kept)


def _columns(view: View, registry: Registry, kept: Container[str] | None) -> tuple[list[str], list[str]]:
    """Headings of the attributes and of the relationships that the CIs have."""
    headings: set[str] = set()
    for ci in every(view, CI):
        if ci.merged_into is None and (kept is None or ci.id in kept):
            headings |= {_heading(registry, ci.class_name, name) for name in ci.attributes}
            headings |= {"lifecycle"} if ci.lifecycle != "live" else set()
            spec = registry.get(ci.class_name)
            headings |= {"host"} if spec.host_relationship else set()
    if kept is None:
        types = set(view.count(Kind.RELATIONSHIP))
    else:
        types = {one.type for one in every(view, Relationship)}
    return sorted(headings), sorted(types)


def _heading(registry: Registry, class_name: str, attribute: str) -> str:
    if attribute in registry.get(class_name).attributes or attribute == "host":
        return attribute
    return LITERAL + attribute


def _rows(
    view: View,
    registry: Registry,
    documents: list[Mapping[str, Value]],
    attributes: list[str],
    types: list[str],
    kept: Container[str] | None,
) -> Iterator[str]:
    targets = _targets(view, [str(document["id"]) for document in documents], kept)
    for document in documents:
        id_ = str(document["id"])
        values = cast("Mapping[str, Value]", document["attributes"])
        said = {_heading(registry, str(document["class"]), name): value for name, value in values.items()}
        yield safe_row(
            [
                *(_cell(document.get(name)) for name in _FIXED),
                *(_said(heading, said.get(heading)) for heading in attributes),
                *(LIST_SEPARATOR.join(targets.get((id_, type_), ())) for type_ in types),
            ]
        )


def _targets(view: View, ids: list[str], kept: Container[str] | None) -> dict[tuple[str, str], list[str]]:
    """Targets by source and type, of the relationships that leave these CIs."""
    found: dict[tuple[str, str], list[str]] = {}
    for relationship in _leaving(view, ids):
        if kept is None or relationship.target in kept:
            found.setdefault((relationship.source, relationship.type), []).append(relationship.target)
    return {key: sorted(targets) for key, targets in found.items()}


def _leaving(view: View, ids: list[str]) -> Iterator[Relationship]:
    if not ids:
        return
    found = view.find(Kind.RELATIONSHIP, "source", ids, limit=PAGE_LIMIT)
    if len(found) < PAGE_LIMIT:
        yield from cast("tuple[Relationship, ...]", found)
        return
    if len(ids) > 1:
        half = len(ids) // 2
        yield from _leaving(view, ids[:half])
        yield from _leaving(view, ids[half:])
        return
    # one product on ten thousand hosts
    wanted = set(ids)
    for relationship in every(view, Relationship):
        if relationship.source in wanted:
            yield relationship


def _said(heading: str, value: Value) -> str:
    """An attribute's cell; one that no class gives a type is JSON unless it is a text that reads as none."""
    if not heading.startswith(LITERAL) or value is None:
        return _cell(value)
    if isinstance(value, str):
        try:
            json.loads(value)
        except (ValueError, RecursionError):
            return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _cell(value: Value) -> str:
    """A value as a person would type it; lists of plain texts separated, everything else of several parts as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple) and all(isinstance(item, str) and not _NOT_PLAIN.search(item) for item in value):
        return LIST_SEPARATOR.join(cast("list[str]", value))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def safe(cell: str) -> str:
    """The cell with an apostrophe before it if a spreadsheet would run it; reading takes one off again."""
    return "'" + cell if _UNSAFE.match(cell) else cell


def safe_row(cells: Sequence[str]) -> str:
    """A row of a table (RFC 4180) of safe cells, without its end."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([safe(cell) for cell in cells])
    return out.getvalue()
