"""Drafts that lack what they need: how they are kept, and how they come back when the missing part arrives."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping

from cmdb.classes.spec import Family
from cmdb.entities import Claim, Parked, derived_id
from cmdb.entities import Kind as EntityKind
from cmdb.identity.evidence import Kind
from cmdb.identity.keys import ANY_WAITS, key, keys_of, waits_key
from cmdb.identity.match import Flagged
from cmdb.normalise import naming
from cmdb.observation import Draft, Link, Observation
from cmdb.reconcile.reviews import review
from cmdb.reconcile.rows import Row, ready
from cmdb.reconcile.snapshot import Snapshot
from cmdb.reconcile.workspace import Workspace
from cmdb.registry import Registry
from cmdb.values import Value

EXPIRY = dt.timedelta(days=90)
"""Parked drafts expire this long after they were committed (design §6)."""


def parked(row: Row, *, now: dt.datetime, links: tuple[dict[str, Value], ...] = ()) -> Parked:
    """The parked form of a row; the same draft from the same source parks once."""
    draft: dict[str, Value] = {
        "local_id": row.draft.local_id,
        "class": row.spec.name,
        "name": row.draft.name,
        "native_key": row.draft.native_key,
        "attributes": dict(row.draft.attributes),
        **({"is_reference": True} if row.draft.is_reference else {}),
        **({"is_known_or_waits": True} if row.draft.is_known_or_waits else {}),
    }
    content = json.dumps(
        {name: value for name, value in draft.items() if name != "local_id"}, sort_keys=True, default=str
    )
    return Parked(
        id=derived_id("parked", row.source, row.network, content),
        source=row.source,
        network=row.network,
        reason=row.reason,
        waiting_for=_waiting_for(row),
        draft=draft,
        links=links,
        observed_at=row.at,
        since=now,
    )


def _waiting_for(row: Row) -> str | None:
    if row.host is None:
        return None
    return _wanted(row.network, row.host)


def _wanted(network: str, name: str) -> str:
    # in one case, which brings back too much at worst: the host is looked for again
    return f"{network}|{(naming.fqdn(name) or name).casefold()}"


def arriving(rows: Iterable[Row]) -> set[str]:
    """What parked drafts may be waiting for that these rows bring: a native key or a name, by network."""
    brought: set[str] = set()
    for row in rows:
        names = [row.draft.native_key]
        if row.family is not Family.DEPENDENT:
            full = row.values.get("fqdn")
            for name in (row.name, full if isinstance(full, str) else None):
                names += [name, naming.short_name(name or "")]
        brought |= {_wanted(row.network, name) for name in names if name}
    return brought


def returning(snapshot: Snapshot, rows: Iterable[Row], *, now: dt.datetime) -> list[tuple[Parked, Draft, Observation]]:
    """Parked drafts that these rows may complete, each with an observation of its own source and time."""
    return [come_back(item) for item in snapshot.parked_for(sorted(arriving(rows))) if not has_expired(item, now)]


def fitting(workspace: Workspace, *, now: dt.datetime) -> list[tuple[Parked, Draft, Observation]]:
    """Parked neighbours that wait for a key which somebody owns since this plan."""
    if not workspace.owners(ANY_WAITS):
        return []
    keys = [waits_key(full) for full in workspace.gained()]
    workspace.snapshot.load_owners(keys)
    ids = sorted({item for full in keys for item in workspace.owners(full)})
    workspace.snapshot.load(EntityKind.PARKED, ids)
    items = (workspace.get(EntityKind.PARKED, id_) for id_ in ids)
    return [come_back(item) for item in items if isinstance(item, Parked) and not has_expired(item, now)]


def wait_for(workspace: Workspace, item: Parked, row: Row) -> None:
    """Have the draft come back as soon as somebody owns one of its identifying values."""
    workspace.own(ANY_WAITS, ANY_WAITS)
    for _, _, full in keys_of(row.evidence):
        workspace.own(waits_key(full), item.id)


def wait_no_more(workspace: Workspace, item: Parked, row: Row) -> None:
    """Forget what a draft waited for."""
    for _, _, full in keys_of(row.evidence):
        workspace.disown(waits_key(full), item.id)


def forget_waits(workspace: Workspace, item: Parked, registry: Registry) -> None:
    """Forget what an ended draft waited for, whatever it was."""
    if item.draft.get("is_known_or_waits"):
        _, draft, observation = come_back(item)
        wait_no_more(workspace, item, ready(draft, observation, registry))


def has_expired(item: Parked, now: dt.datetime) -> bool:
    """Whether a parked draft has waited too long."""
    return now - item.since > EXPIRY


def expired(parked: Iterable[Parked], now: dt.datetime) -> list[Parked]:
    """The drafts that have waited too long, longest first."""
    return sorted((item for item in parked if has_expired(item, now)), key=lambda item: (item.since, item.id))


def come_back(item: Parked) -> tuple[Parked, Draft, Observation]:
    """A parked draft as its source said it, with an observation of its own source and time."""
    native, name, attributes = item.draft.get("native_key"), item.draft.get("name"), item.draft.get("attributes")
    draft = Draft(
        local_id=parked_as(item.id),
        class_name=str(item.draft["class"]),
        name=name if isinstance(name, str) else None,
        native_key=native if isinstance(native, str) else None,
        attributes=attributes if isinstance(attributes, dict) else {},
        is_reference=bool(item.draft.get("is_reference")),
        is_known_or_waits=bool(item.draft.get("is_known_or_waits")),
    )
    observation = Observation(source=item.source, run_id="", at=item.observed_at, network=item.network)
    return item, draft, observation


MOST_LINKS = 1000
"""Links that one parked draft keeps."""


def links_together(
    before: tuple[dict[str, Value], ...], now: tuple[dict[str, Value], ...]
) -> tuple[dict[str, Value], ...]:
    """The links of both, each once by its ends and type; a newer one replaces an older, and so do not more than 1,000."""
    by_ends = {(str(link["source"]), str(link["type"]), str(link["target"])): link for link in (*before, *now)}
    return tuple(by_ends[ends] for ends in sorted(by_ends))[:MOST_LINKS]


def parked_as(item: str) -> str:
    """What a parked draft is called by the links that wait for it, and when it comes back."""
    return f"parked:{item}"


def told_of(item: Parked, kind: str) -> Flagged:
    """What a person is told while the draft is parked."""
    return Flagged(kind, (), {"parked": item.id, "reason": item.reason})


def end_parked(workspace: Workspace, item: Parked) -> None:
    """End a parked draft, and what a person was told of it."""
    workspace.end(EntityKind.PARKED, item.id)
    for kind in ("parked", "insufficient_identity", "virtual_mac"):
        told = told_of(item, kind)
        id_ = review(told.kind, (), told.values, source=item.source, since=item.since).id
        if workspace.get(EntityKind.REVIEW, id_) is not None:
            workspace.end(EntityKind.REVIEW, id_)


def links_between(item: Parked, became: Mapping[str, str]) -> tuple[list[Link], list[dict[str, Value]]]:
    """The links that can be made now, with CI ids as ends, and those whose other end is still parked."""
    ready, waiting = [], []
    for kept in item.links:
        ends = [str(kept[end]) for end in ("source", "target")]
        source, target = (became.get(end, end) for end in ends)
        if any(end.startswith(parked_as("")) for end in (source, target)):
            waiting.append({**kept, "source": source, "target": target})
            continue
        attributes, confidence = kept.get("attributes"), kept.get("confidence")
        ready.append(
            Link(
                source=source,
                type=str(kept["type"]),
                target=target,
                attributes=attributes if isinstance(attributes, dict) else {},
                confidence=float(confidence) if isinstance(confidence, (int, float)) else 1.0,
            )
        )
    return ready, waiting


def host_candidates(row: Row, workspace: Workspace) -> set[str]:
    """CIs that the draft's host may mean when it is no id of the input: its source's native key, else a name."""
    assert row.host is not None
    claim = workspace.get(EntityKind.CLAIM, Claim.make_id(row.source, row.network, f"native:{row.host}"))
    if isinstance(claim, Claim):
        return {claim.ci}
    full = naming.fqdn(row.host) or ""
    if "." in full:
        return set(workspace.owners(key(Kind.FQDN, full)))
    return set(workspace.owners(key(Kind.NAME, (naming.short_name(row.host) or "").casefold())))
