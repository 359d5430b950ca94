"""A process that writes to a store in a race; prints what was confirmed, one line each.

Arguments: where the store is (a path, or a Bolt URL with user and password), the racer's name, what to do, how often.
"""

from __future__ import annotations

import itertools
import sys

from cmdb.changeset import KeyWrite
from cmdb.errors import CmdbError, Conflict
from cmdb.store.neo4j.store import Neo4jStore
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from tests.contract.store.builders import change_set, ci, made, relationship
from tests.contract.store.opening import labels_of

WRITES_OF_A_FILL = 19
"""Ten CIs and the nine relationships of a chain of them."""


def opened(place: str) -> Store:
    """The store at a path, or at `bolt://…|user|password`."""
    if "|" not in place:
        return SqliteStore(place)
    url, user, password = place.split("|")
    return Neo4jStore(url, user=user, password=password, database="neo4j", labels_of=labels_of)


def race(store: Store, name: str, times: int) -> list[str]:
    """Make one CI per serial unless somebody else has; returns the serials that were won."""
    won: list[str] = []
    for number in range(times):
        key = f"|serial|{number}"
        while True:
            planned_at = store.revision()
            if store.owners([key]):
                break
            made_here = ci(f"{name}-{number}")
            planned = change_set(
                *made(made_here),
                keys=[KeyWrite(key, (made_here.id,), is_strong=True)],
                planned_at=planned_at,
                consulted_keys=[key],
                id_=f"{name}-{number}-{planned_at}",
                by=name,
            )
            try:
                store.apply(planned)
            except Conflict:
                continue
            won.append(key)
            break
    return won


def fill(store: Store, name: str, times: int) -> None:
    """Write chains of ten CIs, printing `name number` as each is confirmed."""
    for number in range(times):
        cis = [ci(f"{name}-{number}-{place}") for place in range(10)]
        links = [relationship(one.id, "RUNS_ON", other.id) for one, other in itertools.pairwise(cis)]
        while True:
            try:
                store.apply(
                    change_set(*made(*cis, *links), planned_at=store.revision(), id_=f"{name}-{number}", by=name)
                )
            except Conflict:
                continue
            break
        print(name, number, flush=True)


def main() -> None:
    """Run as a program."""
    place, name, what, times = sys.argv[1:]
    try:
        store = opened(place)
        print("open", flush=True)
        if what == "race":
            for key in race(store, name, int(times)):
                print(key, flush=True)
        else:
            fill(store, name, int(times))
        store.close()
    except CmdbError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
