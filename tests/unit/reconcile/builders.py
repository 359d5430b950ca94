"""A small estate in memory, and short ways to say what a source saw of it."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from typing import Any, cast

from cmdb.entities import CI, Claim, Kind, Redundancy, Relationship, Review
from cmdb.ingest import Ingest, Ingested
from cmdb.lookup import follow
from cmdb.observation import Draft, Link, Observation, RedundancyDraft, Scope, ScopeKind, Unreachable
from cmdb.reconcile.plan import Reconciler
from cmdb.reconcile.precedence import Policy
from cmdb.registry import default_registry
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
REGISTRY = default_registry()

# vendor MACs (not locally administered), so that they identify
MAC_A, MAC_B, MAC_C, MAC_D = (f"d8:bb:c1:00:00:{last}" for last in ("0a", "0b", "0c", "0d"))


def day(number: float) -> dt.datetime:
    """Midnight of a day, counted from the start."""
    return START + dt.timedelta(days=number)


def draft(
    class_name: str = "server",
    local_id: str = "x",
    *,
    name: str | None = None,
    key: str | None = None,
    is_reference: bool = False,
    **attributes: Any,
) -> Draft:
    """A draft; `macs`, `ips`, `serial` and `uuid` are short for the attributes."""
    spelled = {"macs": "mac_addresses", "ips": "ip_addresses", "serial": "serial_number", "uuid": "system_uuid"}
    return Draft(
        local_id=local_id,
        class_name=class_name,
        name=name,
        native_key=key,
        attributes={spelled.get(said, said): value for said, value in attributes.items()},
        is_reference=is_reference,
    )


def observation(
    source: str,
    at: float,
    drafts: Sequence[Draft] = (),
    *,
    links: Sequence[tuple[str, str, str]] = (),
    groups: Sequence[RedundancyDraft] = (),
    scopes: Sequence[Scope] = (),
    unreachable: Sequence[str] = (),
    network: str = "default",
) -> Observation:
    """What a source saw on a day; one run a day."""
    return Observation(
        source=source,
        run_id=f"{source}-{at}",
        at=day(at),
        drafts=tuple(drafts),
        links=tuple(Link(source=start, type=type_, target=end) for start, type_, end in links),
        redundancy=tuple(groups),
        scopes=tuple(scopes),
        unreachable=tuple(Unreachable(address=address, reason="no answer") for address in unreachable),
        network=network,
    )


def subnet(cidr: str, *excluded: str) -> Scope:
    """A subnet that was probed in full, but for what was excluded."""
    return Scope(kind=ScopeKind.SUBNET, cidr=cidr, excluded=excluded)


def all_of(class_name: str, within: str | None = None) -> Scope:
    """Every CI of a class, inside a draft of the observation where one is named."""
    return Scope(kind=ScopeKind.CI_CLASS, class_name=class_name, within=within)


def all_relationships(type_: str, within: str) -> Scope:
    """Every relationship of a type that leaves a draft of the observation."""
    return Scope(kind=ScopeKind.RELATIONSHIPS, relationship_type=type_, within=within)


class World:
    """A store with the one way into it."""

    def __init__(
        self,
        store: Store | None = None,
        *,
        policy: Policy | None = None,
        clock: Callable[[], dt.datetime] | None = None,
    ) -> None:
        self._seconds = itertools.count()
        self.clock = clock if clock is not None else self._later
        self.store = store if store is not None else SqliteStore.in_memory(clock=self.clock)
        reconciler = Reconciler(REGISTRY, policy if policy is not None else Policy())
        self.ingest = Ingest(self.store, reconciler, clock=self.clock)

    def _later(self) -> dt.datetime:
        return START + dt.timedelta(days=400, seconds=next(self._seconds))

    def tell(self, told: Observation) -> Ingested:
        """Submit an observation in which nothing may be wrong."""
        done = self.ingest.submit(told, by="test")
        assert done.plan.problems == ()
        return done

    def see(self, source: str, at: float, *drafts: Draft) -> str:
        """Submit drafts and say which CI the first became."""
        ci = self.tell(observation(source, at, drafts)).plan.rows[0].ci
        assert ci is not None
        return ci

    def ci(self, id_: str) -> CI:
        """The CI that an id answers with."""
        found = follow(self.store, id_)
        assert found is not None
        return found

    def cis(self, class_name: str | None = None) -> list[CI]:
        """CIs that are not merged, in id order."""
        found = [cast("CI", ci) for ci in self.store.scan(Kind.CI)]
        return [ci for ci in found if ci.merged_into is None and class_name in (None, ci.class_name)]

    def claims(self, ci: str) -> list[Claim]:
        """A CI's claims."""
        return [cast("Claim", claim) for claim in self.store.find(Kind.CLAIM, "ci", [self.ci(ci).id])]

    def relationships(self) -> set[tuple[str, str, str]]:
        """Live relationships as (source, type, target)."""
        found = [cast("Relationship", one) for one in self.store.scan(Kind.RELATIONSHIP)]
        return {(one.source, one.type, one.target) for one in found}

    def groups(self) -> list[Redundancy]:
        """Redundancy groups."""
        return [cast("Redundancy", group) for group in self.store.scan(Kind.REDUNDANCY)]

    def reviews(self, kind: str | None = None) -> list[Review]:
        """What a person must be told."""
        found = [cast("Review", review) for review in self.store.scan(Kind.REVIEW)]
        return [review for review in found if kind in (None, review.kind)]

    def flags(self) -> set[str]:
        """Kinds of what a person must be told."""
        return {review.kind for review in self.reviews()}
