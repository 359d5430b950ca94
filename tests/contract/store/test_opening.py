"""Opening: what is refused, and how clearly."""

from __future__ import annotations

import datetime as dt
import sqlite3
import stat
from pathlib import Path

import pytest

from cmdb.changeset import Sighting
from cmdb.entities import Kind
from cmdb.errors import Denied, Invalid, Unavailable
from cmdb.history.past import Past
from cmdb.store.neo4j.store import Neo4jStore
from cmdb.store.protocol import Store, Then
from cmdb.store.sqlite.schema import APPLICATION_ID, MIGRATIONS
from cmdb.store.sqlite.store import SqliteStore
from tests.contract.store.builders import NOW, Clock, change_set, changed, ci, ended, made, minute, relationship
from tests.contract.store.opening import labels_of, neo4j_store
from tests.support.neo4j.emptying import driver_of, empty
from tests.support.neo4j.server import Neo4jServer


def test_a_file_opened_again_holds_what_was_confirmed(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    first = SqliteStore(path)
    revision = first.apply(change_set(*made(ci("a")), id_="one"))
    first.close()
    first.close()
    again = SqliteStore(path)
    assert again.revision_of("one") == revision
    assert again.get_many(Kind.CI, ["a"]) == {"a": ci("a")}
    again.close()


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "store.db"))
    store.apply(change_set(*made(ci("a"))))
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    store.close()
    assert modes == {0o600}


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    for path in (str(tmp_path / "store.db"), ":memory:"):
        store = SqliteStore(path)
        store.close()
        with pytest.raises(Unavailable, match="is closed"):
            store.revision()
        with pytest.raises(Unavailable, match="is closed"):
            store.apply(change_set(*made(ci("a"))))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="is a folder"):
        SqliteStore(str(tmp_path))


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="there is no folder"):
        SqliteStore(str(tmp_path / "none" / "store.db"))


def test_a_place_that_takes_no_files_is_refused() -> None:
    with pytest.raises(Unavailable, match="cannot be opened"):
        SqliteStore("/proc/store.db")


def test_a_file_of_another_kind_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"name,serial\n" * 1000)
    with pytest.raises(Invalid, match="is no SQLite database"):
        SqliteStore(str(path))
    assert path.read_bytes() == b"name,serial\n" * 1000


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE places (url TEXT)")
    other.close()
    with pytest.raises(Invalid, match="another program"):
        SqliteStore(str(path))


def test_a_newer_file_is_refused_with_both_versions(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    SqliteStore(str(path)).close()
    later = sqlite3.connect(path)
    later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(Invalid, match=r"has store version 99, and this program knows up to \d;"):
        SqliteStore(str(path))


LINK = relationship("a", "USES", "b")


def _three_revisions(store: Store) -> None:
    store.apply(change_set(*made(ci("a", "Former"), ci("b"), LINK), sightings=[Sighting("k", minute(1))]))
    step = changed(ci("a", "Former"), ci("a", "now"))
    store.apply(change_set(step, planned_at=1, sightings=[Sighting("k", minute(5))]))
    store.apply(change_set(ended(LINK), ended(ci("b")), planned_at=2, sightings=[Sighting("k", minute(9))]))


def check_the_past_of_three_revisions(store: Store) -> None:
    first = Past(store, store.then(1))
    assert [found.name for found in first.list_cis(names=["fOrmer"]).items] == ["Former"]
    assert first.find(Kind.RELATIONSHIP, "target", ["b"]) == (LINK,)
    assert [store.seen(["k"], as_of=number)["k"].last_at for number in (1, 2, 3)] == [minute(1), minute(5), minute(9)]
    assert store.then(NOW + dt.timedelta(seconds=1.5)) == Then(2, 2)
    assert store.list_cis(names=["Former"]).items == ()


def _as_version_one(new: Path, old: Path) -> None:
    """What the new file holds, as the first version of the schema kept it."""
    connection = sqlite3.connect(old, isolation_level=None)
    for statement in MIGRATIONS[0].split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.execute("ATTACH ? AS new", (str(new),))
    tables = [name for (name,) in connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'")]
    for table in tables:
        columns = ", ".join(f'"{row[1]}"' for row in connection.execute(f"PRAGMA main.table_info({table})"))
        connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
    connection.close()


def test_a_file_of_the_first_version_is_brought_up_and_its_past_answers(tmp_path: Path) -> None:
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    store = SqliteStore(str(new), clock=Clock())
    _three_revisions(store)
    store.close()
    _as_version_one(new, old)
    migrated = SqliteStore(str(old))
    try:
        check_the_past_of_three_revisions(migrated)
    finally:
        migrated.close()


def test_readers_go_on_while_a_writer_is_at_work(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    store = SqliteStore(path)
    store.apply(change_set(*made(ci("a"))))
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM current")
    assert store.get_many(Kind.CI, ["a"]) == {"a": ci("a")}
    writer.execute("ROLLBACK")
    writer.close()
    store.close()


@pytest.mark.neo4j
def test_a_neo4j_store_of_the_first_version_is_brought_up_and_its_past_answers(neo4j_server: Neo4jServer) -> None:
    store = neo4j_store(neo4j_server, clock=Clock())
    _three_revisions(store)
    store.close()
    with driver_of(neo4j_server) as driver:
        for query in (
            "MATCH (n:Formerly|FormerName|FormerKey|FormerSighting|Searched) DETACH DELETE n",
            "MATCH (n:Sighting) REMOVE n.touches",
            "MATCH (n:Touch) REMOVE n.committed_at",
            "MATCH (n:Meta {name: 'store'}) SET n.version = 1",
        ):
            driver.execute_query(query)
    migrated = neo4j_store(neo4j_server, is_fresh=False)
    try:
        check_the_past_of_three_revisions(migrated)
    finally:
        migrated.close()


@pytest.mark.neo4j
def test_a_newer_neo4j_store_is_refused_with_both_versions(neo4j_server: Neo4jServer) -> None:
    neo4j_store(neo4j_server).close()
    with driver_of(neo4j_server) as driver:
        driver.execute_query("MATCH (m:Meta {name: 'store'}) SET m.version = 99")
    with pytest.raises(Invalid, match=r"has store version 99, and this program knows up to \d;"):
        neo4j_store(neo4j_server, is_fresh=False)


@pytest.mark.neo4j
def test_the_graph_of_another_program_is_refused(neo4j_server: Neo4jServer) -> None:
    empty(neo4j_server)
    with driver_of(neo4j_server) as driver:
        driver.execute_query("CREATE (:Movie {title: 'x'})")
    with pytest.raises(Invalid, match="another program"):
        neo4j_store(neo4j_server, is_fresh=False)


@pytest.mark.neo4j
def test_a_graph_that_lost_revisions_is_refused(neo4j_server: Neo4jServer) -> None:
    store = neo4j_store(neo4j_server)
    store.apply(change_set(*made(ci("a"))))
    store.close()
    with driver_of(neo4j_server) as driver:
        driver.execute_query("MATCH (r:Revision) DELETE r")
    with pytest.raises(Invalid, match="counts 1 revisions, and the newest is 0"):
        neo4j_store(neo4j_server, is_fresh=False)


@pytest.mark.neo4j
def test_a_wrong_password_is_denied_and_not_shown(neo4j_server: Neo4jServer) -> None:
    with pytest.raises(Denied) as caught:
        Neo4jStore(neo4j_server.url, user="neo4j", password="wrong-guess", database="neo4j", labels_of=labels_of)
    assert "wrong-guess" not in str(caught.value)


@pytest.mark.neo4j
def test_a_closed_neo4j_store_says_so(neo4j_server: Neo4jServer) -> None:
    store = neo4j_store(neo4j_server)
    store.close()
    store.close()
    with pytest.raises(Unavailable, match="is closed"):
        store.revision()


def test_a_server_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        Neo4jStore("bolt://127.0.0.1:1", user="neo4j", password="p", database="neo4j", labels_of=labels_of)


@pytest.mark.parametrize("url", ["http://127.0.0.1", "neo4j", "bolt://127.0.0.1:port"])
def test_an_address_that_is_none_is_invalid(url: str) -> None:
    with pytest.raises(Invalid, match="cannot be addressed"):
        Neo4jStore(url, user="neo4j", password="p", database="neo4j", labels_of=labels_of)
