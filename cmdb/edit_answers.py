"""What an edit did, for people and programs."""

from __future__ import annotations

from cmdb.changeset import Revision
from cmdb.documents import Document, brief
from cmdb.entities import CI


def edited(before: CI, after: CI, revision: Revision | None) -> Document:
    """The CI after an edit: the revision (null when nothing changed) and what changed, by name, as [before, after]."""
    old, new = _values(before), _values(after)
    changes = {name: [old.get(name), new.get(name)] for name in sorted({*old, *new}) if old.get(name) != new.get(name)}
    return {**brief(after), "revision": None if revision is None else revision.number, "changes": changes}


def _values(ci: CI) -> dict[str, object]:
    return {"name": ci.name, "class": ci.class_name, "lifecycle": ci.lifecycle.value, **ci.attributes}
