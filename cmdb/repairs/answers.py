"""What repairs did, for people and programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cmdb.changeset import Revision
from cmdb.documents import Document, brief, moment
from cmdb.editing.answers import changed_values
from cmdb.entities import CI, Kind, Relationship
from cmdb.repairs.reverting import Reverted, changed_cis
from cmdb.repairs.withdrawal import Withdrawn
from cmdb.store.protocol import Store

LISTED_LIMIT = 1_000
"""Most CIs and relationships that an answer names; the counts are of all."""


def joined(ci: CI, revision: Revision | None) -> Document:
    """The CI that remains, or came back, and the revision, null when nothing was to do."""
    return {**brief(ci), "revision": None if revision is None else revision.number}


def withdrawn(store: Store, done: Withdrawn) -> Document:
    """What a withdrawal did, or would do; `revisions` are its first and last, any of which reverts it."""
    cis = store.get_many(Kind.CI, done.retired)
    named = [brief(ci) for id_ in done.retired if isinstance(ci := cis.get(id_), CI)]
    return {
        "source": done.source,
        "from": moment(done.window.start),
        "to": moment(done.window.end),
        "revisions": done.revisions,
        "claims": done.claims,
        "cis": done.cis,
        "relationships": done.relationships,
        "redundancy_groups": done.groups,
        "parked": done.parked,
        "retired_count": done.retired_count,
        "retired": named,
    }


def reverted(store: Store, done: Reverted) -> Document:
    """What a revert did, or would do: `undone` newest first; CIs with what changed, at most 1,000; relationships as arrows."""
    both = changed_cis(done)
    cis: list[Document] = []
    for before, after in both[:LISTED_LIMIT]:
        known = after or before
        assert known is not None
        cis.append({**brief(known), "what": _what(before, after), "changes": changed_values(before, after)})
    added, removed = _relationships(store, done)
    return {
        "undone": list(done.undone),
        "revisions": list(done.revisions),
        "cis_count": len(both),
        "cis": cis,
        "claims": len({write.id for write in done.writes if write.kind is Kind.CLAIM}),
        "relationships": {"added": added, "removed": removed},
    }


def _what(before: CI | None, after: CI | None) -> str:
    if before is None or after is None:
        return "restored" if before is None else "removed"
    if before.merged_into != after.merged_into:
        return "unmerged" if after.merged_into is None else "merged"
    return "changed"


def _relationships(store: Store, done: Reverted) -> tuple[list[Document], list[Document]]:
    added: list[Relationship] = []
    removed: list[Relationship] = []
    for write in done.writes:
        if isinstance(write.after, Relationship) and write.before is None:
            added.append(write.after)
        elif isinstance(write.before, Relationship) and write.after is None:
            removed.append(write.before)
    shown = (added[:LISTED_LIMIT], removed[:LISTED_LIMIT])
    ends = {end for some in shown for one in some for end in (one.source, one.target)}
    names = {id_: ci for id_, ci in store.get_many(Kind.CI, ends).items() if isinstance(ci, CI)}
    names |= {write.id: ci for write in done.writes if isinstance(ci := write.after or write.before, CI)}
    return _arrows(shown[0], names), _arrows(shown[1], names)


def _arrows(relationships: Sequence[Relationship], names: Mapping[str, CI]) -> list[Document]:
    return [
        {"source": _end(one.source, names), "type": one.type, "target": _end(one.target, names)}
        for one in sorted(relationships, key=lambda one: one.id)
    ]


def _end(id_: str, names: Mapping[str, CI]) -> Document:
    return brief(names[id_]) if id_ in names else {"id": id_, "class": None, "name": None}


def revision_row(revision: Revision) -> Document:
    """A row of `revisions`."""
    return {
        "number": revision.number,
        "at": moment(revision.at),
        "by": revision.by,
        "reason": revision.reason,
        "run_id": revision.run_id,
    }
