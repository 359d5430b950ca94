"""Full-text search: candidates from the store's indexes, ranked in process."""

from __future__ import annotations

from cmdb.asking.condition import Column, FieldType, Looks, OwnColumn, TextTest
from cmdb.entities import CI, Kind
from cmdb.search.ranking import Hit, Query, hit
from cmdb.store.folding import fold
from cmdb.store.protocol import Store

HITS_LIMIT = 1000
"""The most hits of one search."""
_CANDIDATES = 100
"""The fewest candidates of each way to find them, so that what is best is among them."""


def search(store: Store, text: str, *, limit: int = 50) -> list[Hit]:
    """The best hits, at most `limit`: live ones first, exact names before identifiers, beginnings and words.

    The last word begins a word of the CI and the others are whole, or, where nothing fits so, all are beginnings; case and accents do not matter, nor how a MAC, UUID or serial is divided. Of a
    text that more CIs fit than are looked at (`limit`, at least 100 of each kind of fit), some of the worst are left out.
    """
    query = Query.of(text)
    if not query.text:
        return []
    wanted = max(limit, _CANDIDATES)
    found: dict[str, CI] = {}
    for entity in store.get_many(Kind.CI, (query.text,)).values():
        if isinstance(entity, CI) and entity.merged_into is None:
            found[entity.id] = entity
    found |= {ci.id: ci for ci in store.list_cis(names=[query.text], limit=wanted).items}
    found |= {ci.id: ci for ci in _names_beginning(store, query.text, wanted)}
    if query.ways:
        found |= {ci.id: ci for ci in store.find_words(query.ways, limit=wanted)}
    hits = [one for ci in found.values() if (one := hit(ci, query)) is not None]
    return sorted(hits, key=lambda one: one.place)[:limit]


def _names_beginning(store: Store, text: str, limit: int) -> list[CI]:
    """CIs whose names begin with a text, by name."""
    begins = Looks(OwnColumn(Column.NAME, FieldType.TEXT), TextTest.STARTS_WITH, fold(text))
    return list(store.list_cis(condition=begins, limit=limit).items)
