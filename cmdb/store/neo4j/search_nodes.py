"""The full-text index of the production store: `search_name` and `search_rest` of `(:CI)`, words divided by blanks.

The index is written with its transaction, not after it (Neo4j operations manual, full-text indexes: `eventually_consistent`).
"""

from __future__ import annotations

from collections.abc import Sequence

from cmdb.entities import CI, Kind
from cmdb.search.text import RETIRED, search_text
from cmdb.store.codec import decode
from cmdb.store.neo4j.database import Database, Transaction

_OPTIONS = "{indexConfig: {`fulltext.analyzer`: 'whitespace', `fulltext.eventually_consistent`: false}}"
SEARCH: tuple[str, ...] = (
    f"CREATE FULLTEXT INDEX search_CI IF NOT EXISTS FOR (n:CI) ON EACH [n.search_name, n.search_rest] OPTIONS {_OPTIONS}",
)
_PAGE = 1_000


def fill_search(database: Database) -> None:
    """Give the CIs that are there already their words."""
    after: str | None = ""
    while after is not None:
        after = database.write(lambda transaction, begin=after: _fill(transaction, begin))  # type: ignore[misc]


def _fill(transaction: Transaction, after: str) -> str | None:
    """The last id of a page, None when there was none."""
    rows = transaction.rows(
        "MATCH (n:CI) WHERE n.id > $after WITH n.id AS id ORDER BY id LIMIT $limit"
        " MATCH (s:State {live: 'ci|' + id}) RETURN id, s.body ORDER BY id",
        after=after,
        limit=_PAGE,
    )
    words: list[dict[str, str]] = []
    for id_, body in rows:
        ci = decode(Kind.CI, body)
        text = search_text(ci) if isinstance(ci, CI) else None
        if text is not None:
            words.append({"id": id_, "name": text.name, "rest": text.rest})
    transaction.unwind("MATCH (n:CI {id: row.id}) SET n.search_name = row.name, n.search_rest = row.rest", words)
    return rows[-1][0] if rows else None


def find_words(transaction: Transaction, ways: Sequence[Sequence[str]], limit: int) -> tuple[CI, ...]:
    """As `Store.find_words`: by the name first, then the retired ones likewise."""
    return _found(transaction, ways, limit, is_whole=True) or _found(transaction, ways, limit, is_whole=False)


def _found(transaction: Transaction, ways: Sequence[Sequence[str]], limit: int, *, is_whole: bool) -> tuple[CI, ...]:
    found: dict[str, CI] = {}
    for retired in ("-", "+"):
        for fields in (("search_name",), ("search_name", "search_rest")):
            if len(found) < limit:
                asked = f'+({_lucene(ways, fields, is_whole=is_whole)}) {retired}search_rest:"{RETIRED}"'
                rows = transaction.rows(
                    "CALL db.index.fulltext.queryNodes('search_CI', $asked, {limit: $limit}) YIELD node, score"
                    " WITH node.id AS id, score MATCH (s:State {live: 'ci|' + id}) RETURN id, s.body ORDER BY score DESC, id",
                    asked=asked,
                    limit=limit,
                )
                for id_, body in rows:
                    ci = decode(Kind.CI, body)
                    if isinstance(ci, CI):
                        found[id_] = ci
    return tuple(found.values())[:limit]


def _lucene(ways: Sequence[Sequence[str]], fields: Sequence[str], *, is_whole: bool) -> str:
    """The ways in Lucene's classic syntax; words hold letters, digits and dots alone, so nothing is to be escaped."""
    return " ".join(
        "(" + " ".join(_asked(word, fields, is_whole=is_whole and word is not way[-1]) for word in way) + ")"
        for way in ways
    )


def _asked(word: str, fields: Sequence[str], *, is_whole: bool) -> str:
    return "+(" + " ".join(f"{field}:{word}{'' if is_whole else '*'}" for field in fields) + ")"
