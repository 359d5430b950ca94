"""A record that is heard of late: all records that it may touch end as if they had come in the order of their times.

Source: style.md, the law of the reconciler. The records around the new one are judged again from nothing, oldest word first; what
comes out different is moved. Where the records there already do not follow from their words (a person merged or separated them, a
record says other things than at first), nothing is judged again and the new one is judged as it comes.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import msgspec

from cmdb.classes.spec import Family
from cmdb.entities import CI, Claim, Kind
from cmdb.identity.evidence import Evidence
from cmdb.identity.evidence import Kind as Evident
from cmdb.identity.keys import disputed_key, fingerprint, key, keys_of
from cmdb.identity.ladder import compare
from cmdb.identity.match import Decision, Flagged
from cmdb.reconcile.claims import fold, is_edit, record_by_values
from cmdb.reconcile.identify import BESIDE, Identifier
from cmdb.reconcile.joins import join
from cmdb.reconcile.matched import said_of
from cmdb.reconcile.partings import Parting
from cmdb.reconcile.replaying import Replayed, Word, replay, row_of
from cmdb.reconcile.rows import Row
from cmdb.reconcile.workspace import Workspace, evidence_of
from cmdb.registry import Registry

MOST_CIS = 40
"""Beyond so many CIs around a late row it is judged as it comes: the work grows with their pairs."""


class Rejudging:
    """Judges late rows in one workspace. `told` is what a person must be told of others, with the row that brought it to light;
    None in a flag stands for that row's CI.
    """

    def __init__(
        self,
        workspace: Workspace,
        registry: Registry,
        identifier: Identifier,
        *,
        now: dt.datetime,
        make_id: Callable[[dt.datetime], str],
    ) -> None:
        self.told: list[tuple[Row, Flagged]] = []
        self._identifier = identifier
        self._workspace = workspace
        self._registry = registry
        self._now = now
        self._make_id = make_id
        self._parting = Parting(workspace, registry, now=now, make_id=make_id)

    def make_older(self, rows: Iterable[Row]) -> None:
        """Move what comes out different now that known records turn out to have been there earlier."""
        older: dict[str, Row] = {}
        for row in rows:
            known = self._identifier.record_of(row)
            first = self._workspace.first_seen(known.id) if known is not None else None
            if known is None or first is None or row.at >= first or known.fingerprint != fingerprint(row.evidence):
                continue
            older[known.id] = row
        while older:
            _, row = next(iter(older.items()))
            found = self._words_around(row)
            if found is not None:
                words, before = found
                now = [replace(word, first_at=row.at) if word.claim.id in older else word for word in words]
                self._apply(row, now, before, replay(now, self._registry), late="")
            reached = {word.claim.id for word in found[0]} if found is not None else set()
            for id_ in [id_ for id_, other in older.items() if other is row or id_ in reached]:
                self._workspace.see(id_, older.pop(id_).at)

    def late(self, row: Row) -> Decision | None:
        """How a row of a record that nobody heard of yet lands among younger ones; None for all other rows, which land as usual."""
        if self._identifier.is_known(row):
            return None
        found = self._words_around(row)
        if found is None:
            return None
        words, before = found
        own = self._own_word(row)
        after = replay([*words, own], self._registry)
        named = self._apply(row, words, before, after, late=own.claim.id)
        own_group = after.group_of[own.claim.id]
        decision = _named(after.decisions[own.claim.id], named, own_group)
        return replace(decision, ci=named.get(own_group), joins=(), shared=(), told_apart=(), ceded=())

    def _words_around(self, row: Row) -> tuple[list[Word], Replayed] | None:
        """The records that the row may touch, and how they fall together; None when the row is not late, or they do not follow."""
        self._workspace.snapshot.load_owners(_keys(row.evidence))
        around = {
            self._workspace.remaining(owner) for full in _keys(row.evidence) for owner in self._workspace.owners(full)
        }
        if not around or row.spec.name in BESIDE or not self._has_younger(around, row):
            return None
        cis = self._reach(around)
        if cis is None:
            return None
        words = self._words(cis, row.at)
        if words is None or (len(cis) == 1 and _all_agree(row, words)):
            return None
        before = replay(words, self._registry)
        return (words, before) if before.groups() == _groups(words) else None

    def _has_younger(self, cis: set[str], row: Row) -> bool:
        self._workspace.snapshot.load_claims_of(cis)
        mine = (row.at, row.source, row.strength(), self._own_word(row).claim.record)
        for ci in cis:
            for claim in self._workspace.claims_of(ci):
                first = self._workspace.first_seen(claim.id)
                if first is None or not claim.identifiers or is_edit(claim) or (first, claim.source) < mine[:2]:
                    continue
                if (first, claim.source, row_of(claim, first, self._registry).strength(), claim.record) > mine:
                    return True
        return False

    def _reach(self, seeds: set[str]) -> set[str] | None:
        """The CIs that share a value with the seeds, directly or through others; None when there are too many."""
        reached: set[str] = set()
        waiting = set(seeds)
        while waiting:
            reached |= waiting
            if len(reached) > MOST_CIS:
                return None
            self._workspace.snapshot.load_claims_of(waiting)
            keys = {
                full for ci in waiting for claim in self._workspace.claims_of(ci) for full in _keys(evidence_of(claim))
            }
            self._workspace.snapshot.load_owners(keys)
            owners = {self._workspace.remaining(owner) for full in keys for owner in self._workspace.owners(full)}
            waiting = owners - reached
        return reached

    def _words(self, cis: set[str], at: dt.datetime) -> list[Word] | None:
        words: list[Word] = []
        for id_ in sorted(cis):
            ci = self._workspace.ci(id_)
            spec = self._registry.get(ci.class_name)
            if ci.kept_apart_from or ci.same_as or spec.name in BESIDE or spec.family is not Family.DEVICE:
                return None
            for claim in self._workspace.claims_of(id_):
                first, last = self._workspace.first_seen(claim.id), self._workspace.last_seen(claim.id)
                if claim.identifiers and not is_edit(claim) and first is not None and last is not None:
                    is_listed = claim.id in self._identifier.listed
                    words.append(Word(claim, first, max(last, at) if is_listed else last))
        return words

    def _own_word(self, row: Row) -> Word:
        record = f"native:{row.draft.native_key}" if row.draft.native_key else record_by_values(row)
        claim = fold(row, None, "", record or "of:late", None, self._registry)
        return Word(msgspec.structs.replace(claim, id=f"late:{claim.id}"), row.at, row.at)

    def _apply(self, row: Row, words: list[Word], before: Replayed, after: Replayed, *, late: str) -> dict[str, str]:
        """Move what comes out different; CIs by group, the late record's own only where it is not new."""
        targets = self._targets(words, after)
        own_group = after.group_of.get(late, "")
        by_id = {word.claim.id: word.claim for word in words}
        moved = []
        for group, members in after.members().items():
            for id_ in members:
                claim = by_id.get(id_)
                if claim is None or targets.owner[claim.ci] == group:
                    continue
                if group not in targets.of:
                    targets.of[group] = self._new_ci(claim)
                self._parting.part(claim, targets.of[group])
                moved.append(id_)
        for group, owned in targets.joined.items():
            for other in owned:
                targets.of[group] = join(self._workspace, self._registry, targets.of[group], other)
        named = {group: self._workspace.remaining(ci) for group, ci in targets.of.items()}
        self._settle_keys(words, after)
        for id_ in moved:
            parted = self._workspace.get(Kind.CLAIM, id_)
            assert isinstance(parted, Claim)
            how = said_of(_named(after.decisions[id_], named, own_group), parted.matched.get("set_aside"))
            self._workspace.put_claim(msgspec.structs.replace(parted, matched=how))
        newly = after.shared - before.shared
        self.told += [
            (row, flagged)
            for id_ in by_id
            for flagged in _named(after.decisions[id_], named, own_group, own=named.get(after.group_of[id_])).flags
            if id_ in moved or _is_about(flagged, newly)
        ]
        return named

    def _targets(self, words: list[Word], after: Replayed) -> _Targets:
        """Each CI goes with its oldest record; the oldest CI of a group remains."""
        targets = _Targets({}, {}, {})
        for word in sorted(words, key=lambda word: (*word.order(), word.claim.record)):
            targets.owner.setdefault(word.claim.ci, after.group_of[word.claim.id])
        by_age = sorted(targets.owner, key=lambda ci: (self._workspace.ci(ci).created_at, ci))
        for ci in by_age:
            group = targets.owner[ci]
            if group in targets.of:
                targets.joined.setdefault(group, []).append(ci)
            else:
                targets.of[group] = ci
        return targets

    def _new_ci(self, claim: Claim) -> str:
        id_ = self._make_id(self._now)
        name = claim.name or claim.class_name
        self._workspace.make(CI(id=id_, class_name=claim.class_name, name=name, created_at=self._now))
        return id_

    def _settle_keys(self, words: list[Word], after: Replayed) -> None:
        for word in words:
            claim = self._workspace.get(Kind.CLAIM, word.claim.id)
            if isinstance(claim, Claim) and claim.disputed != after.disputed[claim.id]:
                self._workspace.put_claim(msgspec.structs.replace(claim, disputed=after.disputed[claim.id]))
            for _, _, full in keys_of(evidence_of(word.claim)):
                if full in after.shared:
                    self._workspace.share(full)
                else:
                    self._workspace.unshare(full)
        for full in after.many:
            self._workspace.allow_many(full)
        for full in after.shared:
            self._workspace.share(full)


MOST_AGREEING = 12


@dataclass(slots=True)
class _Targets:
    """`owner`: group that a CI goes with; `of`: CI that a group remains as; `joined`: other CIs of the group."""

    owner: dict[str, str]
    of: dict[str, str]
    joined: dict[str, list[str]]


def _all_agree(row: Row, words: list[Word]) -> bool:
    """Whether each is the same as each other by itself, so that they fall together in any order."""
    if len(words) > MOST_AGREEING:
        return False
    said = [row.evidence, *(evidence_of(word.claim) for word in words)]
    keyed = [(word.claim.source, word.claim.network) for word in words if word.claim.native_key]
    keyed += [(row.source, row.network)] if row.draft.native_key else []
    if len(set(keyed)) < len(keyed) or any(word.claim.disputed for word in words):
        return False
    return all(compare(one, other).is_equal for one, other in itertools.combinations(said, 2))


def _keys(evidence: Evidence) -> list[str]:
    """Keys by which others are found that say the same, also those who dispute it."""
    plain = [full for _, _, full in keys_of(evidence)]
    return [*plain, *(disputed_key(full) for full in plain)]


def _groups(words: list[Word]) -> set[frozenset[str]]:
    by_ci: dict[str, set[str]] = {}
    for word in words:
        by_ci.setdefault(word.claim.ci, set()).add(word.claim.id)
    return {frozenset(members) for members in by_ci.values()}


def _is_about(flagged: Flagged, keys: frozenset[str]) -> bool:
    return any(
        key(Evident(kind), str(value)) in keys
        for kind, values in flagged.values.items()
        if isinstance(values, list) and kind in set(Evident)
        for value in values
    )


def _named(decision: Decision, named: dict[str, str], late: str, *, own: str | None = None) -> Decision:
    """A decision with CIs in place of groups, `own` for its own; None stands for the CI of the late row where that is new."""

    def name(group: str | None) -> str | None:
        return own if group is None else named.get(group, None if group == late else group)

    flags = tuple(
        Flagged(flagged.kind, tuple(dict.fromkeys(name(ci) for ci in flagged.cis)), flagged.values)
        for flagged in decision.flags
    )
    considered = tuple((ci, because) for group, because in decision.considered if (ci := name(group)) is not None)
    joins = tuple(ci for group in decision.joins if (ci := name(group)) is not None)
    return replace(decision, flags=flags, considered=considered, joins=joins)
