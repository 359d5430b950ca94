"""What coverage is computed from, read from a store, and its answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import cast

from cmdb.documents import Document, brief, moment
from cmdb.entities import CI, Claim, Kind, Run, Schedule
from cmdb.errors import Invalid
from cmdb.health.answers import percent
from cmdb.health.coverage import Heard, RangeCoverage, coverage, looks_at, why_unknown
from cmdb.health.ranges import Address, address_of
from cmdb.identity.evidence import Kind as Evident
from cmdb.identity.keys import key
from cmdb.store.protocol import Store
from cmdb.store.walking import every, pages_of

MAX_RUNS = 1_000
"""The newest runs that are looked at."""


def ranges_of(store: Store, network: str | None = None) -> list[RangeCoverage]:
    """Coverage of every range in one address space, the default one when None; a pass over all claims."""
    space = network or "default"
    found = cast("tuple[CI, ...]", store.find(Kind.CI, "class_name", ("subnet",)))
    subnets = [str(ci.attributes["cidr"]) for ci in found if isinstance(ci.attributes.get("cidr"), str)]
    return coverage(_heard(store, space), runs_of(store), schedules_of(store), subnets)


def _heard(store: Store, space: str) -> Iterator[Heard]:
    for page in pages_of(store, Claim):
        yield from _heard_of(store, page, space)


def _heard_of(store: Store, claims: Sequence[Claim], space: str) -> Iterator[Heard]:
    speaking = [
        claim
        for claim in claims
        if claim.withdrawn_at is None and claim.network == space and Evident.ADDRESS.value in claim.identifiers
    ]
    seen = store.seen([claim.id for claim in speaking])
    for claim in speaking:
        if claim.id in seen:
            for value in claim.identifiers[Evident.ADDRESS.value]:
                address = address_of(value.rpartition("|")[2])
                if address is not None:
                    yield Heard(address, claim.source, claim.ci, seen[claim.id].last_at)


def _heard_at(store: Store, address: Address, space: str) -> list[Heard]:
    """What was heard of one address of the space's default routing table."""
    full = key(Evident.ADDRESS, f"{space}/|{address}")
    owners = store.owners((full,))
    claims = cast("tuple[Claim, ...]", store.find(Kind.CLAIM, "ci", owners[full].owners)) if full in owners else ()
    return [one for one in _heard_of(store, claims, space) if one.address == address]


def runs_of(store: Store) -> list[Run]:
    """The newest runs, newest first."""
    newest = deque(every(store, Run), maxlen=MAX_RUNS)
    return sorted(newest, key=lambda run: (run.started_at, run.id), reverse=True)


def schedules_of(store: Store) -> list[Schedule]:
    """All schedules."""
    return list(every(store, Schedule))


def range_document(found: RangeCoverage) -> Document:
    """A range as the command line and HTTP tell of it."""
    return {
        "range": str(found.network),
        "named_by": sorted(found.named_by),
        "size": found.size,
        "seen": len(found.seen),
        "share": None if found.share is None else percent(found.share),
        "sources": {
            name: {"seen": len(source.addresses), "last_seen_at": moment(source.last_seen_at)}
            for name, source in sorted(found.sources.items())
        },
        "last_scan_at": moment(found.last_scan_at),
        "last_scan_by": found.last_scan_by or None,
        "unseen": {
            "excluded": found.excluded,
            "no_answer": found.silent,
            **{outcome.replace(" ", "_"): count for outcome, count in sorted(found.refused.items())},
            "not_scanned": 0 if found.last_scan_at else max(0, found.size - found.excluded - len(found.seen)),
        },
    }


def address_document(store: Store, text: str, network: str | None = None) -> Document:
    """Who looked at one address, when, what is there, and why nothing is known; raises `Invalid` for what is no address."""
    address = address_of(text)
    if address is None:
        raise Invalid(f"{text[:80]!r} is no address; give one such as 10.1.0.7, or nothing for all ranges")
    heard = _heard_at(store, address, network or "default")
    cis = store.get_many(Kind.CI, {one.ci for one in heard})
    looks = looks_at(address, runs_of(store))
    return {
        "address": str(address),
        "cis": [brief(ci) for _, ci in sorted(cis.items()) if isinstance(ci, CI)],
        "seen_by": [
            {"source": one.source, "last_seen_at": moment(one.at), "ci": one.ci}
            for one in sorted(heard, key=lambda one: (one.at, one.source), reverse=True)
        ],
        "looks": [
            {
                "run": look.run,
                "source": look.source,
                "at": moment(look.at),
                "state": look.state.value,
                "outcome": "read" if heard and look.outcome == "did not answer" else look.outcome,
                "reason": look.reason or None,
            }
            for look in looks
        ],
        "because": None if heard else why_unknown(address, looks, schedules_of(store)),
    }
