"""A list as people ask for it: the texts of a filter and of an order, made out against the registry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from cmdb.asking.condition import Attribute, Condition, Sort, at_time, fields_of
from cmdb.entities import CI
from cmdb.registry import Registry
from cmdb.store.protocol import Page
from cmdb.store.view import View

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The CIs of some classes (of all when None) for which `condition` is true, in the order of `sort`."""

    class_names: tuple[str, ...] | None = None
    search: str | None = None
    condition: Condition | None = None
    sort: Sort | None = None

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes that it speaks of, by name."""
        fields = set() if self.condition is None else set(fields_of(self.condition))
        if self.sort is not None:
            fields.add(self.sort.field)
        return tuple(sorted({field.name for field in fields if isinstance(field, Attribute)}))


def make_question(
    registry: Registry,
    *,
    now: dt.datetime,
    class_name: str | None = None,
    search: str | None = None,
    filter_text: str | None = None,
    sort_text: str | None = None,
) -> Question:
    """The question; `Invalid` for an unknown class or field, and `FilterFault` for a filter that cannot be asked."""
    name = None if class_name is None else registry.get(class_name).name
    condition = sort = None
    if filter_text is not None:
        from cmdb.asking.meaning import condition_of

        condition = at_time(condition_of(filter_text, registry, name), now)
    if sort_text is not None:
        from cmdb.asking.order import sort_of

        sort = sort_of(sort_text, registry, name)
    classes = None if name is None else registry.subclasses(name)
    return Question(class_names=classes, search=search, condition=condition, sort=sort)


def ask(view: View, question: Question, *, after: str | None = None, limit: int = PAGE) -> Page:
    """One page of the answer."""
    return view.list_cis(
        class_names=question.class_names,
        search=question.search,
        condition=question.condition,
        sort=question.sort,
        after=after,
        limit=limit,
    )


def pages(view: View, question: Question, *, limit: int | None = None) -> Iterator[tuple[CI, ...]]:
    """The answer, page by page; at most `limit` CIs."""
    cursor, left = None, limit
    while left is None or left > 0:
        page = ask(view, question, after=cursor, limit=PAGE if left is None else min(PAGE, left))
        if page.items:
            yield page.items
        cursor = page.cursor
        if cursor is None:
            return
        left = None if left is None else left - len(page.items)


def ids(view: View, question: Question) -> frozenset[str]:
    """Ids of the whole answer, about 100 bytes each."""
    return frozenset(ci.id for page in pages(view, question) for ci in page)
