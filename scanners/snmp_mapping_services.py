"""TCP-MIB, UDP-MIB and hrSWRunTable → services of the host and what they depend on.

(:NetworkService)-[:RUNS_ON]->(:SoftwareInstance), or ->(:Host) where the process is not told;
(:SoftwareInstance)-[:DEPENDS_ON]->(:NetworkService), or (:Host)-[:USES]-> it
"""

from __future__ import annotations

from collections.abc import Mapping

from discovery.hosts.endpoints import Socket, is_loopback
from discovery.hosts.facts import Connection, Process
from discovery.hosts.traffic import DEFAULT_EPHEMERAL, IANA_EPHEMERAL, Owner, connections_of, listeners_of
from scanners.snmp_mapping_addresses import inet_address, interface_addresses
from scanners.snmp_mapping_device import HOSTS
from scanners.snmp_mapping_rows import DEVICE, Rows, said
from scanners.snmp_numbers import TCP_ESTABLISHED, TCP_LISTEN
from scanners.snmp_reading import Reading
from scanners.snmp_tables import (
    PROCESSES,
    TCP_CONNECTIONS,
    TCP_LISTENERS,
    TCP_OLD,
    UDP_ENDPOINTS,
    UDP_OLD,
)

_PORTS = range(1, 65_536)
_KERNEL_NAME_LENGTH = 15
"""Linux TASK_COMM_LEN less one; other readers of the same host give no more."""


def add_services(rows: Rows, reading: Reading, class_name: str) -> None:
    """Of hosts only: what network gear listens on is its own management."""
    if class_name not in HOSTS:
        return
    sockets = sockets_of(reading)
    owners = {int(index): Owner(process=Process(name=name)) for index, name in process_names(reading).items()}
    ephemeral = IANA_EPHEMERAL if (reading.family.os_name or "").startswith("Windows") else DEFAULT_EPHEMERAL
    listeners = listeners_of(sockets, owner_of=owners.get, ephemeral=ephemeral)
    for listener in listeners:
        name = f"{listener.protocol}/{listener.port}"
        service = rows.draft(
            f"service:{name}",
            "network_service",
            name=name,
            attributes={
                "host": DEVICE,
                "port": listener.port,
                "protocol": listener.protocol,
                "bind_addresses": sorted(listener.addresses),
                "process": listener.process.name if listener.process else None,
            },
        )
        if listener.process is not None:
            rows.link(service, "RUNS_ON", _instance(rows, listener.process))
    own = [address for listed in interface_addresses(reading).values() for address in listed]
    for connection in connections_of(sockets, owner_of=owners.get, own_addresses=own, ephemeral=ephemeral):
        _add_connection(rows, connection)
    if listeners and reading.is_complete(TCP_LISTENERS, TCP_OLD, UDP_ENDPOINTS, UDP_OLD):
        rows.saw_all("network_service")


def _instance(rows: Rows, process: Process) -> str:
    return rows.draft(
        f"instance:{process.name}",
        "software_instance",
        name=process.name,
        attributes={"host": DEVICE, "process": process.name},
    )


def _add_connection(rows: Rows, connection: Connection) -> None:
    if is_loopback(connection.remote_address):
        target = f"service:{connection.protocol}/{connection.remote_port}"
        if target not in rows.drafts or connection.process is None:
            return
    else:
        target = rows.far_service(connection.remote_address, connection.protocol, connection.remote_port)
    if connection.process is None:
        rows.link(DEVICE, "USES", target)
        return
    source = _instance(rows, connection.process)
    # what a service says to its own port (a worker to its master) is no dependency
    if (target, "RUNS_ON", source) not in rows.links:
        rows.link(source, "DEPENDS_ON", target)


def process_names(reading: Reading) -> Mapping[str, str]:
    """Program by process id, without folder and at most as long as the kernel keeps it."""
    found = {}
    for index, row in reading.rows(PROCESSES).items():
        name = said(row.get("name"))
        if name and index.isdecimal():
            bare = name.rstrip(":").rpartition("/")[2]
            found[index] = bare[:_KERNEL_NAME_LENGTH] if not bare.lower().endswith(".exe") else bare
    return found


def sockets_of(reading: Reading) -> list[Socket]:
    """Listening and established TCP sockets and bound UDP ones, from the newer tables or the older ones."""
    found = []
    for index, row in reading.rows(TCP_LISTENERS).items():
        address, rest = inet_address(_parts(index))
        if address is not None and len(rest) == 1:
            found.append(
                Socket(protocol="tcp", local_address=address, local_port=rest[0], pids=_pids(row.get("process")))
            )
    for index, row in reading.rows(TCP_CONNECTIONS).items():
        local, rest = inet_address(_parts(index))
        remote, last = inet_address(rest[1:])
        if row.get("state") == TCP_ESTABLISHED and local is not None and remote is not None and len(last) == 1:
            found.append(
                Socket(
                    protocol="tcp",
                    local_address=local,
                    local_port=rest[0],
                    remote_address=remote,
                    remote_port=last[0],
                    pids=_pids(row.get("process")),
                )
            )
    for index, row in reading.rows(TCP_OLD).items():
        found += _old_tcp(index, row.get("state"))
    for index, row in reading.rows(UDP_ENDPOINTS).items():
        address, rest = inet_address(_parts(index))
        remote, last = inet_address(rest[1:])
        if address is not None and len(last) >= 1 and last[0] == 0:
            found.append(
                Socket(protocol="udp", local_address=address, local_port=rest[0], pids=_pids(row.get("process")))
            )
    for index in reading.rows(UDP_OLD):
        parts = index.split(".")
        if len(parts) == 5:
            found.append(Socket(protocol="udp", local_address=".".join(parts[:4]), local_port=int(parts[4])))
    return [
        socket
        for socket in found
        if socket.local_port in _PORTS and (socket.remote_port is None or socket.remote_port in _PORTS)
    ]


def _old_tcp(index: str, state: object) -> list[Socket]:
    parts = index.split(".")
    if len(parts) != 10:
        return []
    local, remote = ".".join(parts[:4]), ".".join(parts[5:9])
    if state == TCP_LISTEN:
        return [Socket(protocol="tcp", local_address=local, local_port=int(parts[4]))]
    if state == TCP_ESTABLISHED:
        return [
            Socket(
                protocol="tcp",
                local_address=local,
                local_port=int(parts[4]),
                remote_address=remote,
                remote_port=int(parts[9]),
            )
        ]
    return []


def _parts(index: str) -> list[int]:
    return [int(part) for part in index.split(".")]


def _pids(process: object) -> tuple[int, ...]:
    return (process,) if isinstance(process, int) and process > 0 else ()
