"""Which ports are known to be open where: what the next sweep asks again first, so that a port that closed is noticed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import cast

from cmdb.entities import CI, Kind, Lifecycle, Relationship
from cmdb.store.protocol import Store

MAX_SERVICES = 50_000
PAGE = 1_000
SERVICE_CLASS = "network_service"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def known_ports(store: Store, targets: Iterable[str], network: str) -> dict[str, list[str]]:
    """Open ports by address inside the targets, as `{"10.1.2.3": ["tcp/22"]}`, of at most 50,000 services.

    Only addresses in the run's address space count; host names among the targets are left out. Linear in the number of services.
    """
    nets = [net for target in targets if (net := _network(target)) is not None]
    found: dict[str, set[str]] = {}
    addresses: dict[str, list[str]] = {}
    cursor, seen = None, 0
    while nets and seen < MAX_SERVICES:
        page = store.list_cis(class_names=[SERVICE_CLASS], has_retired=False, after=cursor, limit=PAGE)
        for service, host in _hosts(store, page.items):
            if host not in addresses:
                addresses[host] = [each for each in _addresses(store, host, network) if _is_inside(each, nets)]
            for address in addresses[host]:
                found.setdefault(address, set()).add(service.name)
        seen += len(page.items)
        cursor = page.cursor
        if cursor is None:
            break
    return {address: sorted(names) for address, names in sorted(found.items())}


def _hosts(store: Store, services: Iterable[CI]) -> list[tuple[CI, str]]:
    by_id = {service.id: service for service in services}
    links = [cast("Relationship", link) for link in store.find(Kind.RELATIONSHIP, "source", by_id)] if by_id else []
    return [(by_id[link.source], link.target) for link in links if link.type == "RUNS_ON"]


def _addresses(store: Store, host: str, network: str) -> list[str]:
    ci = store.get_many(Kind.CI, (host,)).get(host)
    if not isinstance(ci, CI) or ci.lifecycle is Lifecycle.RETIRED:
        return []
    prefix = f"{network}/|"
    claims = store.find(Kind.CLAIM, "ci", (host,))
    values = {value for claim in claims for value in getattr(claim, "identifiers", {}).get("address", ())}
    return sorted(value.removeprefix(prefix) for value in values if value.startswith(prefix))


def _is_inside(address: str, nets: Iterable[Network]) -> bool:
    return any(ipaddress.ip_address(address) in net for net in nets)


def _network(target: str) -> Network | None:
    try:
        return ipaddress.ip_network(target, strict=False)
    except ValueError:
        return None
