"""The full-text index of the embedded store: what CIs are found by, in SQLite's FTS5 (sqlite.org/fts5.html).

`searched` holds the words of each CI that is not merged, those of its name after a `_`; `search_word` indexes them, and
`search_term` walks the index in order.
Beginnings of words are looked up there and then asked as whole words: a prefix query would collect every hit before the first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import cache

from cmdb.entities import CI, Kind
from cmdb.search.text import RETIRED, SearchText, search_text
from cmdb.store.codec import decode
from cmdb.store.validation import EncodedWrite

SEARCH = """
    CREATE TABLE searched (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        words TEXT NOT NULL
    ) STRICT;
    CREATE VIRTUAL TABLE search_word USING fts5(
        words, content = 'searched', content_rowid = 'number', detail = none, columnsize = 0,
        tokenize = "ascii tokenchars '._'"
    );
    CREATE VIRTUAL TABLE search_term USING fts5vocab(search_word, instance)
"""
_TERMS = 64
"""Words that the beginnings in one way stand for, all together; of a beginning with more, the first in order."""
_FEWEST_TERMS = 16
_OF_NAME = "_"
"""Before the words of a name: asked alone, the rest of the index need not be walked for them."""
_PAGE = 5_000


def fill_search(connection: sqlite3.Connection) -> None:
    """Index what is there already."""
    after = ""
    while True:
        rows = connection.execute(
            "SELECT c.id, v.body FROM current c JOIN version v USING (place) WHERE c.kind = 'ci' AND c.id > ?"
            " ORDER BY c.id LIMIT ?",
            (after, _PAGE),
        ).fetchall()
        if not rows:
            return
        texts = [(id_, search_text(ci)) for id_, body in rows if isinstance(ci := decode(Kind.CI, body), CI)]
        _add(connection, [(id_, text) for id_, text in texts if text is not None])
        after = rows[-1][0]


def write_search(connection: sqlite3.Connection, writes: Sequence[EncodedWrite]) -> None:
    """Bring the index to what the writes say."""
    dropped: list[tuple[str, SearchText]] = []
    added: list[tuple[str, SearchText]] = []
    for encoded in writes:
        write = encoded.write
        if write.kind is not Kind.CI:
            continue
        before = search_text(write.before) if isinstance(write.before, CI) else None
        after = search_text(write.after) if isinstance(write.after, CI) else None
        if before != after:
            if before is not None:
                dropped.append((write.id, before))
            if after is not None:
                added.append((write.id, after))
    if dropped:
        _drop(connection, [id_ for id_, _ in dropped])
    _add(connection, added)


def _drop(connection: sqlite3.Connection, ids: Sequence[str]) -> None:
    for id_ in ids:
        # FTS5 is told the words that it holds, so they are read back instead of made anew (sqlite.org/fts5.html §4.4.3).
        row = connection.execute("SELECT number, words FROM searched WHERE id = ?", (id_,)).fetchone()
        if row is not None:
            connection.execute("INSERT INTO search_word (search_word, rowid, words) VALUES ('delete', ?, ?)", row)
            connection.execute("DELETE FROM searched WHERE number = ?", row[:1])


def _add(connection: sqlite3.Connection, texts: Sequence[tuple[str, SearchText]]) -> None:
    if not texts:
        return
    (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM searched").fetchone()
    rows = [(number, id_, _words(text)) for number, (id_, text) in enumerate(texts, start=last + 1)]
    connection.executemany("INSERT INTO searched VALUES (?, ?, ?)", rows)
    connection.executemany("INSERT INTO search_word (rowid, words) VALUES (?, ?)", [(row[0], row[2]) for row in rows])


def _words(text: SearchText) -> str:
    return " ".join((*(_OF_NAME + word for word in text.name.split()), text.rest))


def forget_words(connection: sqlite3.Connection) -> None:
    """Rewrite the index without what was dropped from it, of which it keeps traces until it merges; minutes at a million CIs."""
    connection.execute("INSERT INTO search_word (search_word) VALUES ('optimize')")


def ids_of_words(connection: sqlite3.Connection, ways: Sequence[Sequence[str]], limit: int) -> list[str]:
    """As `Store.find_words`: by the name first, then the retired ones likewise."""
    return _ids(connection, ways, limit, is_whole=True) or _ids(connection, ways, limit, is_whole=False)


def _ids(connection: sqlite3.Connection, ways: Sequence[Sequence[str]], limit: int, *, is_whole: bool) -> list[str]:
    terms = cache(lambda begin, most: _terms(connection, begin, most))

    def asked(*marks: str) -> str:
        return " OR ".join(f"({one})" for way in ways if (one := _asked(terms, way, marks, is_whole=is_whole)))

    def ids(every: str, retired: str) -> list[str]:
        rows = connection.execute(
            "SELECT s.id FROM search_word w JOIN searched s ON s.number = w.rowid WHERE search_word MATCH ? LIMIT ?",
            (f'({every}) {retired} "{RETIRED}"', limit),
        )
        return [id_ for (id_,) in rows]

    found: dict[str, None] = {}
    by_name, anywhere = asked(_OF_NAME), asked(_OF_NAME, "")
    # One word is found at once, however many hold it; where several meet must be looked for, and is looked for once if it can be.
    is_quick = all(len(way) == 1 for way in ways)
    for retired in ("NOT", "AND"):
        if is_quick and by_name:
            found.update(dict.fromkeys(ids(by_name, retired)))
        if len(found) < limit and anywhere:
            some = ids(anywhere, retired)
            if len(some) == limit and by_name and not is_quick:
                some = [*ids(by_name, retired), *some]
            found.update(dict.fromkeys(some))
        if len(found) >= limit:
            break
    return list(found)[:limit]


def whole_words(words: Sequence[str]) -> str:
    """A question in FTS5's own words for CIs that hold all of these; words hold letters, digits and dots alone."""
    return " AND ".join(f'"{word}"' for word in words)


def _asked(
    terms_of: Callable[[str, int], list[str]], way: Sequence[str], marks: Sequence[str], *, is_whole: bool
) -> str:
    """The way in FTS5's own words, all but the last as they are when `is_whole`; empty when nothing can fit it."""
    parts: list[str] = []
    most = _TERMS if is_whole else max(_FEWEST_TERMS, _TERMS // len(way))
    for number, word in enumerate(way, start=1):
        terms: list[str] = []
        for mark in marks:
            terms += [mark + word] if is_whole and number < len(way) else terms_of(mark + word, most)
        if not terms:
            return ""
        parts.append("(" + " OR ".join(f'"{term}"' for term in terms) + ")")
    return " AND ".join(parts)


def _terms(connection: sqlite3.Connection, begin: str, most: int) -> list[str]:
    """Indexed words that begin so, in order, at most `most`: one seek each, however often a word occurs."""
    terms: list[str] = []
    at = begin
    while len(terms) < most:
        row = connection.execute("SELECT term FROM search_term WHERE term >= ? LIMIT 1", (at,)).fetchone()
        if row is None or not row[0].startswith(begin):
            break
        terms.append(row[0])
        at = row[0] + "\x01"
    return terms
