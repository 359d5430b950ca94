"""What an edit did, for people and programs."""

from __future__ import annotations

from cmdb.changeset import Revision
from cmdb.documents import Document, brief
from cmdb.entities import CI


def edited(before: CI, after: CI, revision: Revision | None) -> Document:
    """The CI after an edit: the revision (null when nothing changed) and what changed, by name, as [before, after]."""
    number = None if revision is None else revision.number
    return {**brief(after), "revision": number, "changes": changed_values(before, after)}


def changed_values(before: CI | None, after: CI | None) -> dict[str, list[object]]:
    """What differs between two states of a CI, by name, as [before, after]."""
    old, new = _values(before), _values(after)
    return {name: [old.get(name), new.get(name)] for name in sorted({*old, *new}) if old.get(name) != new.get(name)}


def _values(ci: CI | None) -> dict[str, object]:
    if ci is None:
        return {}
    return {"name": ci.name, "class": ci.class_name, "lifecycle": ci.lifecycle.value, **ci.attributes}
