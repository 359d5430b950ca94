"""Baselines: what was agreed, by name, so that drift from it can be asked for."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from typing import cast

from cmdb.changeset import ChangeSet, Write
from cmdb.documents import Document, brief, moment
from cmdb.entities import CI, Baseline, Kind
from cmdb.errors import Conflict, Invalid, NotFound
from cmdb.history.difference import differences
from cmdb.history.extent import Extent
from cmdb.registry import Registry
from cmdb.store.protocol import Store
from cmdb.store.walking import every

NAME_LIMIT = 200
MAX_TRIES = 20


class Baselines:
    """The baselines of one store; each change to one is a revision of its own."""

    def __init__(self, store: Store, registry: Registry, *, clock: Callable[[], dt.datetime]) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock

    def set(
        self,
        name: str,
        revision: int,
        *,
        class_name: str | None = None,
        ci: str | None = None,
        by: str,
        reason: str = "",
    ) -> tuple[Baseline, Baseline | None]:
        """Give the name to a revision, and say what it named before. `class_name` and `ci` (an id) exclude one another.

        Raises `Invalid` for a name that is none, an unknown class or a revision to come.
        """
        if not name.strip() or len(name) > NAME_LIMIT or not name.isprintable():
            raise Invalid(f"a baseline's name has 1 to {NAME_LIMIT} printable characters; give it another")
        if class_name is not None and ci is not None:
            raise Invalid("a baseline is about a class or about one CI; name one of the two")
        newest = self._store.revision()
        if not 0 < revision <= newest:
            raise Invalid(f"a baseline names a revision from 1 to {newest}, not {revision}")
        made = Baseline(
            id=Baseline.make_id(name),
            name=name,
            revision=revision,
            class_name=None if class_name is None else self._registry.get(class_name).name,
            ci=ci,
            reason=reason,
            made_at=self._clock(),
            by=by,
        )
        return made, self._write(made.id, made, by=by, reason=reason or f"baseline {name}")

    def delete(self, name: str, *, by: str) -> Baseline:
        """Forget a name. Raises `NotFound` when there is none."""
        found = self.get(name)
        return self._write(found.id, None, by=by, reason=f"baseline {name} deleted") or found

    def get(self, name: str) -> Baseline:
        """The baseline of this name. Raises `NotFound`, listing what there is."""
        id_ = Baseline.make_id(name)
        found = self._store.get_many(Kind.BASELINE, [id_]).get(id_)
        if found is None:
            names = ", ".join(each.name for each in self.all()) or "none"
            raise NotFound(f"no baseline is called {name!r}; there is: {names}")
        return cast("Baseline", found)

    def all(self) -> list[Baseline]:
        """Every baseline by name."""
        return sorted(every_baseline(self._store), key=lambda each: each.name)

    def extent(self, baseline: Baseline) -> Extent:
        """The part of the estate that it is about."""
        names = None if baseline.class_name is None else frozenset(self._registry.subclasses(baseline.class_name))
        return Extent(class_names=names, ci=baseline.ci)

    def drift(self, baseline: Baseline, until: int) -> Iterator[Document]:
        """Rows of `differences` from what was agreed to right after revision `until`."""
        for _, row in differences(self._store, baseline.revision, until, extent=self.extent(baseline)):
            yield row

    def document(self, baseline: Baseline) -> Document:
        """A baseline as people and programs read it."""
        ci = None
        if baseline.ci is not None:
            known = self._store.get_many_as_of(Kind.CI, [baseline.ci], baseline.revision)
            ci = brief(cast("CI", known[baseline.ci])) if baseline.ci in known else {"id": baseline.ci}
        (revision,) = self._store.revisions(after=baseline.revision - 1, limit=1)
        return {
            "name": baseline.name,
            "revision": baseline.revision,
            "at": moment(revision.at),
            "class": baseline.class_name,
            "ci": ci,
            "reason": baseline.reason,
            "made_at": moment(baseline.made_at),
            "by": baseline.by,
        }

    def _write(self, id_: str, after: Baseline | None, *, by: str, reason: str) -> Baseline | None:
        lost: Conflict | None = None
        for _ in range(MAX_TRIES):
            planned_at = self._store.revision()
            before = self._store.get_many(Kind.BASELINE, [id_]).get(id_)
            change_set = ChangeSet(
                id=str(uuid.uuid4()),
                at=self._clock(),
                by=by,
                reason=reason,
                planned_at=planned_at,
                writes=(Write(Kind.BASELINE, id_, before, after),),
            )
            try:
                self._store.apply(change_set)
            except Conflict as conflict:
                lost = conflict
                continue
            return cast("Baseline | None", before)
        raise Conflict(f"other writers were faster {MAX_TRIES} times, last: {lost}; try again")


def every_baseline(store: Store) -> Iterator[Baseline]:
    """All baselines, in id order."""
    return every(store, Baseline)
