"""Facts of one host → observations: the one way for every reader, so that two readers say the same of the same host.

(:SoftwareProduct)-[:INSTALLED_ON]->(:Host)<-[:RUNS_ON]-(:SoftwareInstance)<-[:RUNS_ON]-(:NetworkService)
(:SoftwareInstance)-[:DEPENDS_ON]->(:NetworkService), or (:Host)-[:USES]-> it where the process is not known
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cmdb.observation import Draft, Observation, Scope, ScopeKind
from discovery.drafting import Drafting
from discovery.hosts.device import device_attributes, interface_attributes
from discovery.hosts.endpoints import is_loopback
from discovery.hosts.facts import Connection, HostFacts, Listener, Package, Part, Process, Product
from discovery.hosts.products import product_of

HOST = "host"
MAX_DRAFTS = 4_500
"""Of one observation; one change set takes 5,000 rows (design §6, *Writing*)."""

_SCOPED = {Part.INTERFACES: "interface", Part.FILE_SYSTEMS: "file_system", Part.SOCKETS: "network_service"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What every observation of one look carries."""

    source: str
    run_id: str
    at: dt.datetime
    network: str = "default"


def observations(facts: HostFacts, stamp: Stamp) -> tuple[Observation, ...]:
    """One observation, or several where the host has more than one holds; each names the host again.

    Scopes are said of the parts that the facts say are complete, of packages only where one observation holds all.
    """
    rows = Drafting()
    _host(rows, facts)
    _services(rows, facts)
    for connection in facts.connections:
        _connection(rows, facts, connection)
    packages = sorted(facts.packages, key=lambda package: (package.package_type, package.name, package.version))
    room = max(MAX_DRAFTS - len(rows.drafts), 0)
    scopes = _scopes(facts, holds_packages=len(packages) <= room)
    for package in packages[:room]:
        _package(rows, package)
    found = [_observation(rows, stamp, scopes)]
    for start in range(room, len(packages), MAX_DRAFTS):
        more = Drafting()
        more.drafts[HOST] = rows.drafts[HOST]
        for package in packages[start : start + MAX_DRAFTS]:
            _package(more, package)
        found.append(_observation(more, stamp, ()))
    return tuple(found)


def _observation(rows: Drafting, stamp: Stamp, scopes: tuple[Scope, ...]) -> Observation:
    return Observation(
        source=stamp.source,
        run_id=stamp.run_id,
        at=stamp.at,
        network=stamp.network,
        drafts=tuple(rows.drafts.values()),
        links=tuple(rows.links.values()),
        scopes=scopes,
    )


def _scopes(facts: HostFacts, *, holds_packages: bool) -> tuple[Scope, ...]:
    scopes = [
        Scope(kind=ScopeKind.CI_CLASS, class_name=class_name, within=HOST)
        for part, class_name in _SCOPED.items()
        if part in facts.complete
    ]
    if Part.UNITS in facts.complete and Part.SOCKETS in facts.complete:
        scopes.append(Scope(kind=ScopeKind.CI_CLASS, class_name="software_instance", within=HOST))
    if Part.PACKAGES in facts.complete and holds_packages:
        scopes.append(Scope(kind=ScopeKind.RELATIONSHIPS, relationship_type="INSTALLED_ON", within=HOST))
    return tuple(scopes)


def _host(rows: Drafting, facts: HostFacts) -> None:
    rows.drafts[HOST] = Draft(
        local_id=HOST,
        class_name=facts.class_name,
        name=facts.hostname,
        native_key=facts.native_key,
        attributes=device_attributes(facts),
    )
    for interface in sorted(facts.interfaces, key=lambda each: each.name):
        rows.draft(
            f"interface:{interface.name}",
            "interface",
            name=interface.name,
            attributes={"host": HOST, **interface_attributes(interface)},
        )
    for file_system in sorted(facts.file_systems, key=lambda each: each.mount_point):
        rows.draft(
            f"file_system:{file_system.mount_point}",
            "file_system",
            name=file_system.mount_point,
            attributes={
                "host": HOST,
                "device": file_system.device,
                "file_system_type": file_system.file_system_type,
                "size_bytes": file_system.size_bytes,
            },
        )


def _services(rows: Drafting, facts: HostFacts) -> None:
    greetings = {(protocol, port): product for protocol, port, product in facts.greetings}
    descriptions = {unit.name: unit.description for unit in facts.units}
    for listener in facts.listeners:
        said = product_of(
            listener.protocol,
            listener.port,
            process=listener.process.name if listener.process else None,
            packages=facts.packages,
            greeting=greetings.get((listener.protocol, listener.port)),
        )
        service = _listener(rows, listener, said)
        if listener.process is not None:
            rows.link(service, "RUNS_ON", _instance(rows, listener.process, product=said, descriptions=descriptions))
    for unit in facts.units:
        rows.draft(
            f"instance:{unit.name}",
            "software_instance",
            name=unit.name,
            attributes={"host": HOST, "unit": f"{unit.name}.service", "description": unit.description},
        )


def _listener(rows: Drafting, listener: Listener, said: Product) -> str:
    return rows.draft(
        f"service:{listener.protocol}/{listener.port}",
        "network_service",
        name=f"{listener.protocol}/{listener.port}",
        attributes={
            "host": HOST,
            "port": listener.port,
            "protocol": listener.protocol,
            "bind_addresses": sorted(listener.addresses),
            "user": listener.process.user if listener.process else None,
            "process": listener.process.name if listener.process else None,
            "service": said.service,
            "product": said.product,
            "version": said.version,
        },
    )


def _instance(rows: Drafting, process: Process, *, product: Product | None, descriptions: dict[str, str | None]) -> str:
    name = process.unit.removesuffix(".service") if process.unit else process.name
    return rows.draft(
        f"instance:{name}",
        "software_instance",
        name=name,
        attributes={
            "host": HOST,
            "unit": process.unit,
            "process": process.name,
            "user": process.user,
            "product": product.product if product else None,
            "version": product.version if product else None,
            "description": descriptions.get(name),
        },
    )


def _connection(rows: Drafting, facts: HostFacts, connection: Connection) -> None:
    if is_loopback(connection.remote_address):
        target = f"service:{connection.protocol}/{connection.remote_port}"
        if target not in rows.drafts:
            return
    else:
        target = rows.far_service(connection.remote_address, connection.protocol, connection.remote_port)
    if connection.process is None:
        if not is_loopback(connection.remote_address):
            rows.link(HOST, "USES", target)
        return
    descriptions = {unit.name: unit.description for unit in facts.units}
    source = _instance(rows, connection.process, product=None, descriptions=descriptions)
    # what a service says to its own port (a worker to its master) is no dependency
    if (target, "RUNS_ON", source) not in rows.links:
        rows.link(source, "DEPENDS_ON", target)


def _package(rows: Drafting, package: Package) -> None:
    product = rows.draft(
        f"product:{package.package_type}:{package.name}:{package.version}",
        "software_product",
        name=package.name,
        attributes={"version": package.version, "package_type": package.package_type.value, "vendor": package.vendor},
    )
    rows.link(product, "INSTALLED_ON", HOST)
