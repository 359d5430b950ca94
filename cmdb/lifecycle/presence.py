"""Whether a CI is there, as far as anybody has looked: present, gone, unreachable, not scanned or excluded, since when and by
which run (docs/guides/lifecycle.md).

Stored is only what looks found (`CI.state`, misses, sightings); *not scanned* and *excluded* are computed from what ran since
and what schedules leave out, so they need a clock: without one they are not said.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cmdb.entities import CI, Claim, Lifecycle, Run, RunState, Schedule, State
from cmdb.reconcile.claims import is_edit
from cmdb.reconcile.precedence import Policy
from cmdb.reconcile.ranking import PERSON_PREFIX
from cmdb.store.protocol import Seen


class Presence(StrEnum):
    """What is known of whether a CI is there."""

    PRESENT = "present"
    GONE = "gone"
    """Missing, or retired since its grace is over or a person says so."""
    UNREACHABLE = "unreachable"
    NOT_SCANNED = "not_scanned"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A CI's presence; `run` is None where no run says so."""

    presence: Presence
    since: dt.datetime | None
    run: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one CI's looks, and of what else ran.

    `seen` and `last_runs` are by claim id; `unreached_at` is when it was last probed in vain; `runs` are those since it was last
    heard of, newest first.
    """

    claims: Sequence[Claim]
    seen: Mapping[str, Seen]
    last_runs: Mapping[str, str] = field(default_factory=dict)
    unreached_at: dt.datetime | None = None
    unreached_by: str | None = None
    runs: Sequence[Run] = ()
    schedules: Sequence[Schedule] = ()


def standing(ci: CI, known: Known, policy: Policy, *, now: dt.datetime | None) -> Standing:
    """The CI's presence; pure."""
    # what people entered about a CI does not say that it is there
    live = [claim for claim in known.claims if claim.withdrawn_at is None and not is_edit(claim)]
    if not live:
        return _retired(ci, known, policy)
    if ci.state is State.MISSING:
        return _missing(ci, known, live, policy)
    if ci.state is State.UNREACHABLE:
        return _unreachable(ci, known, live, policy)
    return _not_looked_at(ci, known, live, policy, now) or _present(known, live)


def last_word(known: Known) -> dt.datetime | None:
    """When a look last said anything of the CI: saw it, missed it, or asked it in vain."""
    times = [known.seen[claim.id].last_at for claim in known.claims if claim.id in known.seen]
    times += [time for claim in known.claims for time in claim.missing_at]
    times += [known.unreached_at] if known.unreached_at is not None else []
    return max(times, default=None)


def _retired(ci: CI, known: Known, policy: Policy) -> Standing:
    """No source says any more that it is there."""
    newest = max((claim for claim in known.claims if claim.withdrawn_at), key=_withdrawn_at, default=None)
    if newest is None or ci.lifecycle is not Lifecycle.RETIRED:
        return Standing(presence=Presence.PRESENT, since=ci.created_at, run=None, reason="no source has told of it yet")
    by = newest.withdrawn_by
    if by.startswith(PERSON_PREFIX):
        reason = f"{by.removeprefix(PERSON_PREFIX)} deleted it; its history says why"
        return Standing(presence=Presence.GONE, since=newest.withdrawn_at, run=None, reason=reason)
    grace = policy.grace(newest.class_name)
    reason = (
        f"retired: {newest.source} did not see it in {_looks(len(newest.missing_at))},"
        f" the last more than {_span(grace.time)} after it was last seen"
        if newest.missing_at
        else f"retired: what {newest.source} had said was withdrawn"
    )
    return Standing(
        presence=Presence.GONE, since=newest.withdrawn_at, run=by or newest.missed_by or None, reason=reason
    )


def _missing(ci: CI, known: Known, live: Sequence[Claim], policy: Policy) -> Standing:
    missed = [claim for claim in live if claim.missing_at]
    if not missed:
        seen = _last_seen(known, live)
        reason = "a look did not show it, and was stopped from counting; see cmdb review"
        return Standing(presence=Presence.GONE, since=seen, run=None, reason=reason)
    newest = max(missed, key=lambda claim: (max(claim.missing_at), claim.id))
    grace = policy.grace(ci.class_name)
    reason = (
        f"missing in {_looks(len(newest.missing_at))} of {newest.source};"
        f" retired after {grace.scans} and {_span(grace.time)}, unless seen"
    )
    return Standing(presence=Presence.GONE, since=min(newest.missing_at), run=newest.missed_by or None, reason=reason)


def _unreachable(ci: CI, known: Known, live: Sequence[Claim], policy: Policy) -> Standing:
    missed = [claim for claim in live if claim.missing_at]
    newest = max(missed, key=lambda claim: (max(claim.missing_at), claim.id), default=None)
    if newest is None or (known.unreached_at is not None and known.unreached_at > max(newest.missing_at)):
        return Standing(
            presence=Presence.UNREACHABLE,
            since=known.unreached_at,
            run=known.unreached_by,
            reason="asked, and did not let itself be read; nothing is retired by that",
        )
    grace = policy.grace(ci.class_name)
    reason = (
        f"did not answer in {_looks(len(newest.missing_at))} of {newest.source};"
        f" retired after {grace.scans} and {_span(grace.time)}, unless seen"
    )
    return Standing(
        presence=Presence.UNREACHABLE, since=min(newest.missing_at), run=newest.missed_by or None, reason=reason
    )


def _present(known: Known, live: Sequence[Claim]) -> Standing:
    dated = [claim for claim in live if claim.id in known.seen]
    newest = max(dated, key=lambda claim: (known.seen[claim.id].last_at, claim.id), default=None)
    if newest is None:
        return Standing(presence=Presence.PRESENT, since=None, run=None, reason="told of")
    run = known.last_runs.get(newest.id)
    at = known.seen[newest.id].last_at
    return Standing(presence=Presence.PRESENT, since=at, run=run, reason=f"seen by {newest.source}")


def _not_looked_at(
    ci: CI, known: Known, live: Sequence[Claim], policy: Policy, now: dt.datetime | None
) -> Standing | None:
    """Excluded or not scanned, where that is so."""
    last = last_word(known)
    if now is None or last is None:
        return None
    is_silent = now - last > policy.grace(ci.class_name).time
    since = [run for run in known.runs if run.started_at > last and run.state not in _NOT_ENDED]
    out = _excluded(ci, known, since, is_silent=is_silent)
    if out is not None:
        run, by = out
        return Standing(presence=Presence.EXCLUDED, since=last, run=run, reason=f"{by} leaves its addresses out")
    if not is_silent:
        return None
    sources = {claim.source for claim in live}
    mine = next((run for run in since if run.source in sources), None)
    said = f"nothing has looked where it is for {_span(now - last)}"
    if mine is not None:
        said += f"; the newest run of {mine.source} ({mine.state}) did not cover it"
    return Standing(presence=Presence.NOT_SCANNED, since=last, run=mine.id if mine else None, reason=said)


_NOT_ENDED = (RunState.QUEUED, RunState.RUNNING)


def _excluded(ci: CI, known: Known, since: Sequence[Run], *, is_silent: bool) -> tuple[str | None, str] | None:
    """The run and what left out every address of the CI, where something did since it was last heard of."""
    said = ci.attributes.get("ip_addresses")
    addresses = [text for text in said if isinstance(text, str)] if isinstance(said, (list, tuple)) else []
    if not addresses:
        return None
    by_id = {schedule.id: schedule for schedule in known.schedules}
    for run in since:
        schedule = by_id.get(run.schedule or "")
        if run.job is not None and _covers(run.job.exclude, addresses):
            return run.id, f"run {run.id}"
        if schedule is not None and _covers(schedule.exclude, addresses):
            return run.id, f"schedule {schedule.name}"
    if is_silent:
        for schedule in known.schedules:
            if schedule.enabled and _covers(schedule.exclude, addresses):
                return None, f"schedule {schedule.name}"
    return None


def _covers(networks: Iterable[str], addresses: Sequence[str]) -> bool:
    parsed = [network for text in networks if (network := _network(text)) is not None]
    return all(any(_is_in(address, network) for network in parsed) for address in addresses)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _is_in(address: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        return ipaddress.ip_address(address) in network
    except ValueError:
        return False


def _withdrawn_at(claim: Claim) -> tuple[dt.datetime, str]:
    assert claim.withdrawn_at is not None
    return claim.withdrawn_at, claim.id


def _last_seen(known: Known, claims: Iterable[Claim]) -> dt.datetime | None:
    return max((known.seen[claim.id].last_at for claim in claims if claim.id in known.seen), default=None)


def _looks(count: int) -> str:
    return f"{count} complete look{'' if count == 1 else 's'}"


def _span(span: dt.timedelta) -> str:
    days = span / dt.timedelta(days=1)
    return f"{days:.0f} day{'' if round(days) == 1 else 's'}" if days >= 1 else f"{span / dt.timedelta(hours=1):.0f} h"
