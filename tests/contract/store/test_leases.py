"""Leases: one owner at a time, until it gives back or runs out."""

from __future__ import annotations

from cmdb.store.protocol import Store
from tests.contract.store.builders import minute


def test_a_lease_has_one_owner_until_it_runs_out(store: Store) -> None:
    assert store.acquire_lease("scheduler", "one", now=minute(0), ttl_s=60)
    assert not store.acquire_lease("scheduler", "two", now=minute(0), ttl_s=60)
    assert store.acquire_lease("other", "two", now=minute(0), ttl_s=60)
    assert store.acquire_lease("scheduler", "two", now=minute(1), ttl_s=60)
    assert not store.acquire_lease("scheduler", "one", now=minute(1), ttl_s=60)


def test_an_owner_renews_its_lease(store: Store) -> None:
    assert store.acquire_lease("scheduler", "one", now=minute(0), ttl_s=60)
    assert store.acquire_lease("scheduler", "one", now=minute(0), ttl_s=180)
    assert not store.acquire_lease("scheduler", "two", now=minute(2), ttl_s=60)
    assert store.acquire_lease("scheduler", "two", now=minute(3), ttl_s=60)


def test_only_its_owner_gives_a_lease_back(store: Store) -> None:
    assert store.acquire_lease("scheduler", "one", now=minute(0), ttl_s=60)
    store.release_lease("scheduler", "two")
    store.release_lease("unknown", "two")
    assert not store.acquire_lease("scheduler", "two", now=minute(0), ttl_s=60)
    store.release_lease("scheduler", "one")
    assert store.acquire_lease("scheduler", "two", now=minute(0), ttl_s=60)
