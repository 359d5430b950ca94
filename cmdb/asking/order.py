"""By what lists of CIs are ordered: a field, then the id; what has no value comes last, whichever way."""

from __future__ import annotations

from collections.abc import Iterable

from cmdb.asking.condition import FieldType, Sort
from cmdb.asking.facts import Facts
from cmdb.asking.matching import field_value
from cmdb.asking.vocabulary import UnknownName, Vocabulary
from cmdb.errors import Invalid
from cmdb.registry import Registry
from cmdb.store.folding import fold


def sort_of(text: str, registry: Registry, class_name: str | None = None) -> Sort:
    """The order of `FIELD` or, descending, `-FIELD`; `Invalid` for a field that the class and its subclasses do not have."""
    is_descending = text.startswith("-")
    name = text.removeprefix("-").strip()
    vocabulary = Vocabulary(registry, class_name)
    try:
        if name.startswith("attributes."):
            meaning = vocabulary.attribute(name.removeprefix("attributes."))
        else:
            meaning = vocabulary.meaning(name)
    except UnknownName as error:
        raise Invalid(str(error), place="sort") from error
    if meaning.field.type is FieldType.TEXTS:
        raise Invalid(f"{name} is a list, which has no order; sort by another attribute", place="sort")
    return Sort(meaning.field, is_descending)


def in_order(facts: Iterable[Facts], sort: Sort | None) -> list[Facts]:
    """The CIs in this order; by folded name and id when None."""
    by_id = sorted(facts, key=lambda one: one.ci.id)
    if sort is None:
        return sorted(by_id, key=lambda one: fold(one.ci.name))
    valued = [(field_value(sort.field, one), one) for one in by_id]
    having = [(value, one) for value, one in valued if value is not None and not isinstance(value, tuple)]
    having.sort(key=lambda pair: pair[0], reverse=sort.is_descending)
    return [one for _, one in having] + [one for value, one in valued if value is None]
