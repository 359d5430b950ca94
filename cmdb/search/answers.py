"""Search hits in contract.md's shape of a list, each with the reason why."""

from __future__ import annotations

from collections.abc import Sequence

from cmdb.documents import Document, list_rows
from cmdb.search.ranking import Hit
from cmdb.store.protocol import Store


def search_rows(store: Store, hits: Sequence[Hit]) -> list[Document]:
    """Rows of `list` in the given order, with `field` and `value`, what fits."""
    rows = list_rows(store, [hit.ci for hit in hits])
    return [{**row, "field": hit.field, "value": hit.value} for row, hit in zip(rows, hits, strict=True)]
