"""Presence of CIs read from a store, and as answers show it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from cmdb.documents import Document, moment
from cmdb.entities import CI, Claim, Kind, Run, Schedule
from cmdb.ids import first_id
from cmdb.lifecycle.presence import Known, Standing, last_word, standing
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.settling import unreached_at
from cmdb.store.protocol import Store

MAX_RUNS = 1000
"""Runs since a CI was last heard of that are looked at, and how far back."""
LOOK_BACK = dt.timedelta(days=90)


def presences(store: Store, cis: Sequence[CI], policy: Policy, *, now: dt.datetime) -> dict[str, Document]:
    """Presence by CI id: `{"state", "since", "run", "reason"}`; a few reads for all of them."""
    ids = [ci.id for ci in cis]
    claims: dict[str, list[Claim]] = {id_: [] for id_ in ids}
    for entity in store.find(Kind.CLAIM, "ci", ids) if ids else ():
        claim = cast("Claim", entity)
        claims[claim.ci].append(claim)
    subjects = [claim.id for found in claims.values() for claim in found]
    probes = [unreached_at(id_) for id_ in ids]
    seen = store.seen([*subjects, *probes])
    last_runs = store.last_runs([*subjects, *probes])
    known = {
        ci.id: Known(
            claims=claims[ci.id],
            seen=seen,
            last_runs=last_runs,
            unreached_at=seen[unreached_at(ci.id)].last_at if unreached_at(ci.id) in seen else None,
            unreached_by=last_runs.get(unreached_at(ci.id)),
        )
        for ci in cis
    }
    words = [word for one in known.values() if (word := last_word(one)) is not None]
    runs = _runs(store, after=max(min(words, default=now), now - LOOK_BACK))
    schedules = [cast("Schedule", entity) for entity in store.scan(Kind.SCHEDULE)]
    return {
        ci.id: document(
            standing(ci, replace(known[ci.id], runs=runs, schedules=schedules), policy, now=now),
        )
        for ci in cis
    }


def document(found: Standing) -> Document:
    """`{"state", "since", "run", "reason"}`."""
    return {
        "state": found.presence.value,
        "since": moment(found.since),
        "run": found.run,
        "reason": found.reason,
    }


def _runs(store: Store, *, after: dt.datetime) -> list[Run]:
    """Runs since a time, newest first; ids of runs begin with the time of their start."""
    found = store.scan(Kind.RUN, after=first_id(after), limit=MAX_RUNS)
    return sorted((cast("Run", run) for run in found), key=lambda run: (run.started_at, run.id), reverse=True)
