"""Drafts that lack what they need: how they are kept, and how they come back when the missing part arrives."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable

from cmdb.classes.spec import Family
from cmdb.entities import Claim, Parked, derived_id
from cmdb.identity.evidence import Kind
from cmdb.identity.keys import key
from cmdb.normalise import naming
from cmdb.observation import Draft, Observation
from cmdb.reconcile.rows import Row
from cmdb.reconcile.snapshot import Snapshot
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
    return f"{row.network}|{row.host}"


def arriving(rows: Iterable[Row]) -> set[str]:
    """What parked drafts may be waiting for that these rows bring: a native key or a name, by network."""
    brought: set[str] = set()
    for row in rows:
        if row.family is Family.DEPENDENT:
            continue
        names = [row.draft.native_key, row.name, naming.short_name(row.name or "")]
        brought |= {f"{row.network}|{name}" for name in names if name}
    return brought


def returning(snapshot: Snapshot, rows: Iterable[Row]) -> list[tuple[Parked, Draft, Observation]]:
    """Parked drafts that these rows may complete, each with an observation of its own source and time."""
    found = []
    for item in snapshot.parked_for(sorted(arriving(rows))):
        native, name, attributes = item.draft.get("native_key"), item.draft.get("name"), item.draft.get("attributes")
        draft = Draft(
            local_id=f"parked:{item.id}",
            class_name=str(item.draft["class"]),
            name=name if isinstance(name, str) else None,
            native_key=native if isinstance(native, str) else None,
            attributes=attributes if isinstance(attributes, dict) else {},
        )
        observation = Observation(source=item.source, run_id="", at=item.observed_at, network=item.network)
        found.append((item, draft, observation))
    return found


def host_candidates(row: Row, snapshot: Snapshot) -> set[str]:
    """CIs that the draft's host may mean when it is no id of the input: its source's native key, else a name."""
    assert row.host is not None
    claim = snapshot.claim(Claim.make_id(row.source, row.network, f"native:{row.host}"))
    if claim is not None:
        return {claim.ci}
    full = naming.fqdn(row.host) or ""
    if "." in full:
        return set(snapshot.owners(key(Kind.FQDN, full)).owners)
    return set(snapshot.owners(key(Kind.NAME, (naming.short_name(row.host) or "").casefold())).owners)
