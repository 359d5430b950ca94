"""What the lab holds: the ground truth that tests compare a scan with.

scanner .5 ─┐                      ┌─ db01 .21 (its second NIC is 10.77.1.21)
web01 .11 ──┤                      ├─ cache01 .22
app01 .12 ──┼─ sw1 ── rtr1 ── sw2 ─┼─ file01 .23
edge01 .13 ─┤  10.77.1   │ 10.77.2 └─ old01 .24
db01 .21 ───┘            └─ 10.77.3: one address for each SNMP record, from .10
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from enum import StrEnum

GUARDED_NETWORK = "10.77.0.0/16"
DOMAIN = "lab.test"
SCANNER = "scanner"
SCANNER_ADDRESS = "10.77.1.5"
SIMULATOR = "sim"
SIMULATOR_PREFIX = "10.77.3"
SIMULATOR_FIRST_HOST = 10

SSH_USER = "cmdb"
SSH_PASSWORD = "cmdb-lab-pw"
SNMP_COMMUNITY = "public"
LEGACY_COMMUNITY = "legacy-ro"
SNMP_USER = "cmdb"
SNMP_AUTH_PROTOCOL = "SHA"
SNMP_AUTH_KEY = "auth-secret-1"
SNMP_PRIV_PROTOCOL = "AES"
SNMP_PRIV_KEY = "priv-secret-1"


class Segment(StrEnum):
    """A layer-2 network of the lab."""

    A = "a"
    B = "b"

    @property
    def prefix(self) -> str:
        """First three octets of its addresses."""
        return {Segment.A: "10.77.1", Segment.B: "10.77.2"}[self]

    @property
    def switch(self) -> str:
        """Name of the node that switches it."""
        return {Segment.A: "sw1", Segment.B: "sw2"}[self]


class NodeKind(StrEnum):
    """How a node starts: hosts run systemd, gear runs its daemons under a small init."""

    HOST = "host"
    SWITCH = "switch"
    ROUTER = "router"


@dataclass(frozen=True, slots=True)
class Nic:
    """One port of a node on one segment."""

    segment: Segment
    host: int

    @property
    def address(self) -> str:
        """IPv4 address."""
        return f"{self.segment.prefix}.{self.host}"

    @property
    def mac(self) -> str:
        """Its MAC, locally administered, the same on every start."""
        return f"02:77:{self.segment.value}0:00:00:{self.host:02x}"


@dataclass(frozen=True, slots=True)
class Hardware:
    """What the node's SMBIOS image says."""

    vendor: str
    product: str
    serial: str

    @property
    def maker(self) -> str:
        """The one spelling of the vendor that the firmware names (cmdb/data/manufacturers.yaml)."""
        return {"Dell Inc.": "Dell", "VMware, Inc.": "VMware"}.get(self.vendor, self.vendor)


@dataclass(frozen=True, slots=True)
class SnmpAccess:
    """How its snmpd lets itself be read."""

    community: str | None = None
    has_v3: bool = False


@dataclass(frozen=True, slots=True)
class SshAccess:
    """How its sshd lets people in; the lab's key always works."""

    port: int = 22
    accepts_password: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One machine of the lab."""

    name: str
    kind: NodeKind
    nics: tuple[Nic, ...]
    snmp: SnmpAccess | None = SnmpAccess(SNMP_COMMUNITY, has_v3=True)
    ssh: SshAccess | None = SshAccess()
    role: str | None = None
    answers_ping: bool = True
    hardware: Hardware | None = None

    @property
    def fqdn(self) -> str:
        """Full name, which SNMP and LLDP tell too."""
        return f"{self.name}.{DOMAIN}"

    @property
    def addresses(self) -> tuple[str, ...]:
        """Addresses, the main one first."""
        return tuple(nic.address for nic in self.nics)

    @property
    def machine_id(self) -> str:
        """Content of /etc/machine-id (machine-id(5): 32 hexadecimal digits)."""
        return hashlib.sha256(f"graph-cmdb-lab {self.name}".encode()).hexdigest()[:32]

    @property
    def system_uuid(self) -> uuid.UUID:
        """UUID of its SMBIOS image."""
        return uuid.uuid5(uuid.NAMESPACE_DNS, self.fqdn)


def _host(name: str, *nics: tuple[Segment, int], hardware: tuple[str, str, str], role: str | None) -> Node:
    return Node(
        name=name,
        kind=NodeKind.HOST,
        nics=tuple(Nic(segment, host) for segment, host in nics),
        hardware=Hardware(*hardware),
        role=role,
    )


def _with(
    node: Node, *, snmp: SnmpAccess | None, ssh: SshAccess | None = SshAccess(), answers_ping: bool = True
) -> Node:
    return Node(
        name=node.name,
        kind=node.kind,
        nics=node.nics,
        snmp=snmp,
        ssh=ssh,
        role=node.role,
        answers_ping=answers_ping,
        hardware=node.hardware,
    )


A, B = Segment.A, Segment.B
_NODES = (
    Node(name="sw1", kind=NodeKind.SWITCH, nics=(Nic(A, 2),)),
    Node(name="sw2", kind=NodeKind.SWITCH, nics=(Nic(B, 2),)),
    Node(name="rtr1", kind=NodeKind.ROUTER, nics=(Nic(A, 1), Nic(B, 1))),
    _host("web01", (A, 11), hardware=("Dell Inc.", "PowerEdge R640", "LAB001000"), role="web"),
    _host("app01", (A, 12), hardware=("HPE", "ProLiant DL380 Gen10", "LAB001001"), role="app"),
    _with(
        _host("edge01", (A, 13), hardware=("Supermicro", "SYS-5019C-M", "LAB001002"), role="edge"),
        snmp=SnmpAccess(has_v3=True),
        ssh=SshAccess(port=2222),
    ),
    _host("db01", (B, 21), (A, 21), hardware=("Dell Inc.", "PowerEdge R740xd", "LAB001003"), role="db"),
    _with(
        _host("cache01", (B, 22), hardware=("VMware, Inc.", "VMware Virtual Platform", "LAB001004"), role="cache"),
        snmp=SnmpAccess(SNMP_COMMUNITY),
    ),
    _with(
        _host("file01", (B, 23), hardware=("Lenovo", "ThinkSystem SR650", "LAB001005"), role="file"),
        snmp=None,
        ssh=SshAccess(accepts_password=False),
        answers_ping=False,
    ),
    _with(
        _host("old01", (B, 24), hardware=("HP", "ProLiant DL360 G7", "LAB001006"), role=None),
        snmp=SnmpAccess(LEGACY_COMMUNITY),
        ssh=None,
    ),
)
NODES: dict[str, Node] = {node.name: node for node in _NODES}

ROLE_PACKAGES: dict[str, tuple[str, ...]] = {
    "web": ("nginx-light",),
    "app": ("gunicorn", "python3-flask", "python3-psycopg2", "python3-redis"),
    "db": ("postgresql",),
    "cache": ("redis-server",),
    "file": ("samba", "vsftpd"),
    "edge": ("fusioninventory-agent",),
}
SERVICE_PORTS: dict[str, tuple[int, ...]] = {
    "sw1": (22,),
    "sw2": (22,),
    "rtr1": (22,),
    "web01": (22, 80),
    "app01": (22, 8080),
    "edge01": (2222,),
    "db01": (22, 5432),
    "cache01": (22, 6379),
    "file01": (21, 22, 139, 445),
    "old01": (),
}
"""Open TCP ports of each node, seen from the scanner."""
