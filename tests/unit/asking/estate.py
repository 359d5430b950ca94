"""A few CIs to ask, with what is around them said by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cmdb.asking.condition import Direction
from cmdb.asking.facts import Facts, Surroundings
from cmdb.asking.matching import matches
from cmdb.asking.meaning import condition_of
from cmdb.entities import CI
from cmdb.registry import default_registry
from cmdb.store.protocol import Seen
from cmdb.values import Value

NOW = dt.datetime(2026, 3, 31, 12, 0, tzinfo=dt.UTC)


@dataclass
class Estate(Surroundings):
    """CIs by id, arrows between them, and days before `NOW` on which they were last seen."""

    cis: dict[str, CI] = field(default_factory=dict)
    arrows: list[tuple[str, str, str]] = field(default_factory=list)
    seen_days_ago: dict[str, int] = field(default_factory=dict)

    def add(
        self,
        id_: str,
        class_name: str = "server",
        name: str | None = None,
        attributes: Mapping[str, Value] | None = None,
    ) -> None:
        """A CI that was made at `NOW`."""
        self.cis[id_] = CI(
            id=id_, class_name=class_name, name=name or id_, attributes=dict(attributes or {}), created_at=NOW
        )

    def seen(self, ci: CI) -> Seen | None:
        days = self.seen_days_ago.get(ci.id)
        return None if days is None else Seen(NOW - dt.timedelta(days=days), NOW - dt.timedelta(days=days))

    def neighbours(self, ci: CI, types: Iterable[str], direction: Direction) -> list[CI]:
        found = []
        for source, type_, target in self.arrows:
            if type_ in set(types):
                if source == ci.id and direction is not Direction.IN:
                    found.append(self.cis[target])
                if target == ci.id and direction is not Direction.OUT:
                    found.append(self.cis[source])
        return found

    def fitting(self, text: str, class_name: str | None = None) -> set[str]:
        """Ids of the CIs of which the filter is true."""
        condition = condition_of(text, default_registry(), class_name)
        return {ci.id for ci in self.cis.values() if matches(condition, Facts(ci, self, NOW))}


def of_one(text: str, **attributes: Value) -> bool:
    """Whether a filter is true of one server called `web01` with these attributes."""
    estate = Estate()
    estate.add("web01", attributes=attributes)
    return estate.fitting(text) == {"web01"}
