"""Which CI each row is, by the rules of its family; makes the CIs that do not exist yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from cmdb.classes.spec import Family
from cmdb.entities import CI, Claim, Relationship
from cmdb.entities import Kind as EntityKind
from cmdb.identity.evidence import NOTHING, STRONG, Evidence
from cmdb.identity.keys import (
    content_key,
    fingerprint,
    fingerprint_key,
    inside_key,
    key,
    keys_of,
    logical_key,
    process_key,
)
from cmdb.identity.ladder import compare, may_be_one
from cmdb.identity.match import (
    ALL_RUNGS,
    CANDIDATE,
    ROW,
    WEAK_RUNGS,
    Candidate,
    Decision,
    Flagged,
    NativeRecord,
    decide,
)
from cmdb.ids import is_id
from cmdb.reconcile.claims import GENERIC, fold, record_by_values, record_for, strongest_kind
from cmdb.reconcile.logical_names import by_logical_name
from cmdb.reconcile.rows import Row
from cmdb.reconcile.workspace import Workspace, evidence_of
from cmdb.registry import Registry

BESIDE = frozenset({"container", "management_controller"})
"""Device classes that run inside or sit beside a machine and read its identifiers; they are never that machine."""
READ_INSIDE = ALL_RUNGS - WEAK_RUNGS - {"mac"}
"""Rungs whose values a container reads of its machine; its adapters, addresses and names are its own."""


def process_of(row: Row, host: str) -> str | None:
    """Key of a running service by its process inside its host."""
    process = row.values.get("process")
    if row.spec.name != "software_instance" or not isinstance(process, str):
        return None
    return process_key(host, process)


class Identifier:
    """Settles rows against one workspace; the planner calls it family by family."""

    def __init__(
        self, workspace: Workspace, registry: Registry, *, now: dt.datetime, make_id: Callable[[dt.datetime], str]
    ) -> None:
        self._workspace = workspace
        self._registry = registry
        self._now = now
        self._make_id = make_id
        self.listed: set[str] = set()
        """Claims of the native keys that this run lists, in whatever order."""

    def prefetch(self, rows: Iterable[Row]) -> None:
        """Read at once what identifying these rows will look at."""
        snapshot = self._workspace.snapshot
        rows = list(rows)
        native = [
            Claim.make_id(row.source, row.network, f"native:{row.draft.native_key}")
            for row in rows
            if row.draft.native_key
        ]
        fresh = [
            Claim.make_id(row.source, row.network, record)
            for row in rows
            if (record := record_by_values(row)) is not None
        ]
        self.listed |= set(native)
        snapshot.load(EntityKind.CLAIM, [*native, *fresh])
        snapshot.load(EntityKind.CI, [row.draft.local_id for row in rows if is_id(row.draft.local_id)])
        keys = [full for row in rows for _, _, full in keys_of(row.evidence)]
        keys += [self._fingerprint_key(row) for row in rows]
        keys += [self.content_key(row) for row in rows if row.family is Family.CATALOGUE]
        keys += [
            logical_key(row.network, row.name) for row in rows if row.family is Family.LOGICAL and row.name is not None
        ]
        snapshot.load_owners(keys)
        cis = {owner for full in keys for owner in snapshot.owners(full).owners}
        cis |= {claim.ci for id_ in native if (claim := snapshot.claim(id_)) is not None}
        snapshot.load_claims_of(cis)

    def prefetch_inside(self, hosted: Sequence[tuple[Row, str]]) -> None:
        """Read at once what identifying these rows inside their hosts will look at."""
        snapshot = self._workspace.snapshot
        keys = [inside_key(host, row.spec.name, row.name) for row, host in hosted if row.name is not None]
        keys += [full for row, host in hosted if (full := process_of(row, host)) is not None]
        snapshot.load_owners(keys)
        snapshot.load_claims_of({owner for full in keys for owner in snapshot.owners(full).owners})
        ids: dict[str, str] = {}
        for row, host in hosted:
            type_ = row.spec.host_relationship
            if type_ is None:
                continue
            known = set(self._workspace.owners(inside_key(host, row.spec.name, row.name))) if row.name else set()
            if row.draft.native_key and (by_record := self._by_record(row)):
                known.add(by_record)
            ids |= {Relationship.make_id(ci, type_, host): row.source for ci in known}
        snapshot.load(EntityKind.RELATIONSHIP, ids)
        snapshot.load_seen([f"{id_}@{source}" for id_, source in ids.items()])

    def device(self, row: Row, host: str | None) -> Decision:
        """Identify a row of the device family; `host` is the CI that it runs inside or sits beside, when known."""
        is_inside = row.spec.name in BESIDE and host is not None and row.name is not None
        known = None if is_inside and not row.draft.native_key else self._by_record(row)
        if known is not None:
            return self._by_key(row, known) if row.draft.native_key else Decision(known, "same_identifiers")
        if is_inside and host is not None and row.name is not None:
            inside = self._workspace.owners(inside_key(host, row.spec.name, row.name))
            if inside:
                return Decision(min(inside), "name_in_host", {"name": [row.name]})
        own = None if is_inside else self._own_claim_since(row)
        said = row.evidence if own is None else self._still_said(row, own)
        if own is not None and not self._workspace.identifying(said):
            return Decision(own.ci, "same_identifiers")
        return self.judge(row, said)

    def record_of(self, row: Row) -> Claim | None:
        """The record that the row names by its key, or by the same set of identifying values."""
        if row.draft.native_key:
            id_ = Claim.make_id(row.source, row.network, f"native:{row.draft.native_key}")
            claim = self._workspace.get(EntityKind.CLAIM, id_)
            return claim if isinstance(claim, Claim) else None
        print_ = fingerprint(row.evidence)
        for owner in sorted(self._workspace.owners(self._fingerprint_key(row))):
            for claim in self._workspace.claims_of(owner):
                is_mine = (claim.source, claim.network, claim.fingerprint) == (row.source, row.network, print_)
                if is_mine and claim.native_key is None:
                    return claim
        return None

    def is_known(self, row: Row) -> bool:
        """Whether the row belongs to a record that is there already."""
        return self._by_record(row) is not None or self._own_claim(row) is not None

    def judge(self, row: Row, said: Evidence | None = None) -> Decision:
        """Go down the ladder with what the row says, whatever record it belongs to; `said` may be a part of it."""
        said = row.evidence if said is None else said
        evidence = self._workspace.identifying(said)
        owners = sorted({owner for _, _, full in keys_of(evidence) for owner in self._workspace.owners(full)})
        candidates = [self._candidate(row, owner) for owner in owners]
        decision = decide(evidence, candidates)
        return decision if evidence == said else self._flag_known_shared(said, decision)

    @staticmethod
    def _by_key(row: Row, known: str) -> Decision:
        return Decision(known, "native_key", {"native_key": [row.draft.native_key or ""]})

    def _own_claim_since(self, row: Row) -> Claim | None:
        """The claim of the row's own record, when that was seen at the row's time or later."""
        claim = self._own_claim(row)
        last_seen = self._workspace.last_seen(claim.id) if claim is not None else None
        return claim if last_seen is not None and row.at <= last_seen else None

    def _still_said(self, row: Row, newer: Claim) -> Evidence:
        """The row's evidence, less what the newer word of its record replaced: late rows pull nothing back."""
        now = evidence_of(fold(row, newer, newer.ci, newer.record, self._workspace.last_seen(newer.id), self._registry))
        kept = {kind: values & now.get(kind, NOTHING) for kind, values in row.evidence.items()}
        return {kind: values for kind, values in kept.items() if values}

    def _own_claim(self, row: Row) -> Claim | None:
        """The claim of the record that a row without native key belongs to, before it is known which CI that is."""
        record = record_by_values(row)
        if row.draft.native_key or record is None or row.draft.is_reference:
            return None
        exact = self._workspace.get(EntityKind.CLAIM, Claim.make_id(row.source, row.network, record))
        if isinstance(exact, Claim) and may_be_one(row.evidence, evidence_of(exact)):
            return exact
        strongest = strongest_kind(row.evidence)
        assert strongest is not None
        owners = {owner for value in row.evidence[strongest] for owner in self._workspace.owners(key(strongest, value))}
        for owner in sorted(owners):
            claims = self._workspace.claims_of(owner)
            found = record_for(row, claims, owner, lambda _: False)
            for claim in claims:
                is_mine = claim.record == found and (claim.source, claim.network) == (row.source, row.network)
                if is_mine and may_be_one(row.evidence, evidence_of(claim)):
                    return claim
        return None

    def _flag_known_shared(self, said: Evidence, decision: Decision) -> Decision:
        """A row that says a value which is shared already: tell so, if it became a CI that is not among the owners yet."""
        flags = list(decision.flags)
        considered = list(decision.considered)
        for kind, value, full in keys_of(said):
            owners = self._workspace.owners(full)
            if not self._workspace.is_shared(full) or kind not in STRONG:
                continue
            if decision.ci not in owners:
                flags.append(Flagged("shared_identifier", (None, *sorted(owners)), {kind.value: [value]}))
            told = {decision.ci, *decision.joins, *(ci for ci, _ in considered)}
            considered += [
                (ci, f"{kind.value} {value} is shared by several and identifies nobody") for ci in sorted(owners - told)
            ]
        return replace(decision, flags=tuple(flags), considered=tuple(considered))

    def _by_record(self, row: Row) -> str | None:
        if row.draft.native_key:
            claim = self._workspace.get(
                EntityKind.CLAIM, Claim.make_id(row.source, row.network, f"native:{row.draft.native_key}")
            )
            return claim.ci if isinstance(claim, Claim) else None
        if not keys_of(row.evidence):
            return None
        owners = self._workspace.owners(self._fingerprint_key(row))
        return min(owners) if owners else None

    @staticmethod
    def _fingerprint_key(row: Row) -> str:
        return fingerprint_key(row.source, row.network, fingerprint(row.evidence))

    def _candidate(self, row: Row, ci_id: str) -> Candidate:
        ci = self._workspace.ci(ci_id)
        claims = self._workspace.claims_of(ci.id)
        blocked: frozenset[str] = frozenset()
        because = ""
        if row.draft.native_key:
            for claim in claims:
                if (
                    claim.source == row.source
                    and claim.network == row.network
                    and claim.native_key not in (None, row.draft.native_key)
                    and not self._is_same_by_verdict(row, ci, claim)
                ):
                    if claim.id in self.listed or self._workspace.last_seen(claim.id) == row.at:
                        blocked, because = (
                            ALL_RUNGS | WEAK_RUNGS,
                            f"{row.source} listed both in one run under different native keys",
                        )
                        break
                    blocked, because = blocked | WEAK_RUNGS, f"{row.source} knows it by another native key"
        ceded_by: frozenset[str] = frozenset()
        if (row.spec.name in BESIDE) != (ci.class_name in BESIDE):
            generic = row.spec.name if ci.class_name in BESIDE else ci.class_name
            allowed = frozenset({"mac", "address"}) if generic in GENERIC else frozenset[str]()
            blocked, because = blocked | ((ALL_RUNGS | WEAK_RUNGS) - allowed), "one runs inside or beside the other"
            ceded_by = frozenset({CANDIDATE if ci.class_name in BESIDE else ROW})
        elif row.spec.name == ci.class_name == "container":
            # two containers of one machine read the same identifiers in it
            blocked, because = blocked | READ_INSIDE, "both read identifiers of the machine that they run on"
            ceded_by = frozenset({ROW, CANDIDATE})
        elif row.spec.name in BESIDE and row.name is not None and row.host is not None and self._has_host(ci):
            # had it been this one, its name inside its host would have told
            blocked, because = ALL_RUNGS | WEAK_RUNGS, "it is another inside its host"
            ceded_by = frozenset({ROW, CANDIDATE})
        return Candidate(
            ci=ci.id,
            created=ci.created_at.isoformat(),
            evidence=self._workspace.evidence(ci.id),
            blocked=blocked,
            blocked_because=because,
            is_same_source=any(claim.source == row.source and claim.network == row.network for claim in claims),
            kept_apart_from=frozenset(ci.kept_apart_from),
            records=frozenset(
                NativeRecord((claim.source, claim.network), claim.native_key, self._workspace.last_seen(claim.id))
                for claim in claims
                if claim.native_key is not None
            ),
            ceded_by=ceded_by,
        )

    @staticmethod
    def _is_same_by_verdict(row: Row, ci: CI, claim: Claim) -> bool:
        """Whether a person said that things are one of which the claim describes another than the row does."""
        return bool(ci.same_as) and compare(row.evidence, evidence_of(claim)).is_equal is not True

    def _has_host(self, ci: CI) -> bool:
        type_ = self._registry.get(ci.class_name).host_relationship
        return any(one.source == ci.id and one.type == type_ for one in self._workspace.touching(ci.id))

    def dependent(self, row: Row, host: str) -> Decision:
        """Identify a row by its native key, else by its name inside its host."""
        if row.draft.native_key:
            known = self._by_record(row)
            if known is not None:
                return self._by_key(row, known)
        if row.name is None:
            return Decision(None, "new")
        owners = self._workspace.owners(inside_key(host, row.spec.name, row.name))
        if owners:
            return Decision(min(owners), "name_in_host", {"name": [row.name]})
        return self._by_process(row, host)

    def _by_process(self, row: Row, host: str) -> Decision:
        """A running service that this source knows by another name than the others: its process tells, where only one fits."""
        full = process_of(row, host)
        owners = sorted(self._workspace.owners(full)) if full is not None else []
        strangers = [
            owner for owner in owners if all(claim.source != row.source for claim in self._workspace.claims_of(owner))
        ]
        if len(owners) == 1 and strangers:
            return Decision(owners[0], "process_in_host", {"process": [str(row.values["process"])]})
        return Decision(None, "new")

    def catalogue(self, row: Row) -> Decision:
        """Identify a row by what it is, whoever says so."""
        owners = self._workspace.owners(self.content_key(row))
        if not owners:
            return Decision(None, "new")
        on = {
            name: [str(said)]
            for name in row.spec.identity
            if (said := row.name if name == "name" else row.values.get(name)) is not None
        }
        return Decision(min(owners), "content", on)

    def content_key(self, row: Row) -> str:
        """Class, and the values of the attributes that the class declares as identity."""
        parts = [
            str(row.name if name == "name" else row.values.get(name) or "").casefold() for name in row.spec.identity
        ]
        return content_key(row.spec.name, tuple(parts))

    def logical(self, row: Row) -> Decision:
        """Identify a row by source and native key, else by class and name within site and network, within one source."""
        if row.draft.native_key:
            known = self._by_record(row)
            if known is not None:
                return self._by_key(row, known)
        if row.name is None:
            return Decision(None, "new")
        return by_logical_name(row, self._workspace, self._registry)

    def ci_for(self, row: Row, decision: Decision) -> str:
        """The id of the decided CI, made now when it is new.

        A draft whose local id is an id of ours that nothing has yet keeps it, so that an export lands as it was.
        """
        if decision.ci is not None:
            return self._workspace.living(decision.ci)
        id_ = row.draft.local_id
        if not is_id(id_) or self._workspace.get(EntityKind.CI, id_) is not None:
            id_ = self._make_id(self._now)
        ci = CI(id=id_, class_name=row.spec.name, name=row.name or row.spec.name, created_at=self._now)
        self._workspace.make(ci)
        return ci.id

    def own_keys(self, row: Row, ci: str, host: str | None) -> None:
        """Give the CI the keys that only its family has; evidence keys follow its claims when it is settled."""
        if row.family is Family.CATALOGUE:
            self._workspace.own(self.content_key(row), ci)
        elif row.family is Family.LOGICAL and row.name is not None:
            self._workspace.own(logical_key(row.network, row.name), ci)
        elif host is not None and row.name is not None:
            self._workspace.own(inside_key(host, row.spec.name, row.name), ci)
            by_process = process_of(row, host)
            if by_process is not None:
                self._workspace.own(by_process, ci)
