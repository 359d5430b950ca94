"""Rows that say again what their record said last, of a CI that nothing else is known of: seen once more, and nothing to decide.

The law: leaving the decision out changes no outcome. Such a row is known by its source's own key, its claim is the CI's only
one and would stay as it is, so that the CI's values, keys and relationships stay too. What a newer registry would show
otherwise is settled when a row says something new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cmdb.entities import CI, Claim, Kind, Lifecycle, State
from cmdb.reconcile.rows import Row
from cmdb.reconcile.workspace import Workspace


def unchanged(workspace: Workspace, rows: Sequence[Row]) -> dict[int, Claim]:
    """The claims that stay as they are, by the place of their row among `rows`."""
    ids = {
        place: Claim.make_id(row.source, row.network, f"native:{row.draft.native_key}")
        for place, row in enumerate(rows)
        if _may_be_known(row)
    }
    # rows of one record are folded together
    several = {id_ for id_, times in Counter(ids.values()).items() if times > 1}
    snapshot = workspace.snapshot
    snapshot.load(Kind.CLAIM, set(ids.values()) - several)
    found = {
        place: claim
        for place, id_ in ids.items()
        if id_ not in several and (claim := snapshot.claim(id_)) is not None and _says_the_same(rows[place], claim)
    }
    snapshot.load_claims_of([claim.ci for claim in found.values()])
    return {
        place: claim
        for place, claim in found.items()
        if len(snapshot.claims_of(claim.ci)) == 1
        and _stands(snapshot.ci(claim.ci))
        and (last := snapshot.last_seen(claim.id)) is not None
        and rows[place].at >= last
    }


def _may_be_known(row: Row) -> bool:
    draft = row.draft
    is_plain = not (draft.is_reference or draft.is_known_or_waits or row.host or row.set_aside or row.flags)
    return bool(draft.native_key) and is_plain


def _says_the_same(row: Row, claim: Claim) -> bool:
    if (claim.class_name, claim.name) != (row.spec.name, row.name) or claim.name_left_out_since is not None:
        return False
    is_odd = claim.missing_at or claim.withdrawn_at is not None or claim.disputed or claim.expires_in is not None
    if is_odd or claim.values.keys() != row.values.keys():
        return False
    return all(
        kept.left_out_since is None and kept.edit is None and _is_same(kept.value, row.values[name])
        for name, kept in claim.values.items()
    )


def _is_same(kept: object, said: object) -> bool:
    return kept == said and type(kept) is type(said)


def _stands(ci: CI | None) -> bool:
    return (
        ci is not None
        and ci.merged_into is None
        and ci.state is State.PRESENT
        and ci.lifecycle is not Lifecycle.RETIRED
    )
