"""Answers of the commands that end things, the same for the command line and for HTTP."""

from __future__ import annotations

from collections.abc import Iterable

from cmdb.changeset import Revision
from cmdb.documents import Document, brief, moment
from cmdb.entities import CI, Kind
from cmdb.lifecycle.pseudonyms import Erased
from cmdb.lifecycle.purging import Purge
from cmdb.lifecycle.retirement import Retired
from cmdb.store.protocol import Store

MAX_LISTED = 1000
"""CIs that one answer names; `retired_count` and the like count all."""


def retired(store: Store, done: Retired) -> Document:
    """`{"revision", "retired": [{"id", "class", "name"}], "retired_count"}`; revision null when nothing was written."""
    found = [ci for ci in store.get_many(Kind.CI, done.cis[:MAX_LISTED]).values() if isinstance(ci, CI)]
    return {
        "revision": _number(done.revision),
        "retired": [brief(ci) for ci in sorted(found, key=lambda ci: (ci.class_name, ci.name, ci.id))],
        "retired_count": len(done.cis),
    }


def purge(plan: Purge, revision: Revision | None) -> Document:
    """One CI's purge, planned (revision null) or done: what goes with it, what it is parted from."""
    return {
        **brief(plan.ci),
        "retired_since": moment(plan.retired_since),
        "revision": _number(revision),
        "purged_with_it": _briefs(plan.purged),
        "kept": [
            {
                "type": relationship.type,
                "direction": "out" if relationship.source == plan.ci.id else "in",
                "ci": brief(other),
            }
            for relationship, other in plan.kept[:MAX_LISTED]
        ],
        "kept_count": len(plan.kept),
        "groups": {"ended": plan.groups_ended, "without_it": plan.groups_moved},
    }


def erased(done: Erased) -> Document:
    """`{"pseudonym", "revision"}`."""
    return {"pseudonym": done.pseudonym, "revision": done.revision.number}


def _briefs(cis: Iterable[CI]) -> list[Document]:
    return [brief(ci) for ci in cis]


def _number(revision: Revision | None) -> int | None:
    return None if revision is None else revision.number
