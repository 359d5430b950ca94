"""The lab's wires: namespaces, two bridges and veth pairs made straight inside them; the root namespace holds none.

Two guards keep packets inside: no node has a route out, and the root namespace says *unreachable* to the lab's
addresses, so that a scan started outside by mistake sends nothing.
"""

from __future__ import annotations

from collections import defaultdict

from tests.lab.command import attempt, run
from tests.lab.places import namespace, namespace_path
from tests.lab.topology import (
    GUARDED_NETWORK,
    NODES,
    SCANNER,
    SCANNER_ADDRESS,
    SIMULATOR,
    SIMULATOR_PREFIX,
    Nic,
    Node,
    NodeKind,
    Segment,
)

ROUTER = "rtr1"
_NAMES = (*NODES, SCANNER, SIMULATOR)
_SCANNER_NIC = Nic(Segment.A, int(SCANNER_ADDRESS.rsplit(".", 1)[1]))


def guard_root_namespace() -> None:
    """Make the lab's addresses unreachable from the root namespace; stays after the lab is down."""
    run(["ip", "route", "replace", "unreachable", GUARDED_NETWORK])


def make_network(simulated: tuple[str, ...]) -> None:
    """Make all namespaces and wires; `simulated` are the addresses of the recorded SNMP devices."""
    guard_root_namespace()
    for name in _NAMES:
        run(["ip", "netns", "add", namespace(name)])
    # switches first: they make the veth pairs whose other ends land in the nodes
    for name, lines in _plan(simulated).items():
        _batch(name, lines)
    _sysctl(ROUTER, "net.ipv4.ip_forward", "1")
    for node in NODES.values():
        if not node.answers_ping:
            _sysctl(node.name, "net.ipv4.icmp_echo_ignore_all", "1")


def remove_network() -> None:
    """Delete the namespaces, and with them every interface of the lab."""
    for name in _NAMES:
        if namespace_path(name).exists():
            attempt(["ip", "netns", "del", namespace(name)])


def unplug(node: Node) -> None:
    """Take the node's ports down, so that its namespace answers nothing."""
    _batch(node.name, [f"link set eth{index} down" for index in range(len(node.nics))])


def plug(node: Node) -> None:
    """Bring the node's ports and its default route back."""
    ups = [f"link set eth{index} up" for index in range(len(node.nics))]
    _batch(node.name, [*ups, *_default_route(node)])


def _plan(simulated: tuple[str, ...]) -> dict[str, list[str]]:
    plan: dict[str, list[str]] = defaultdict(list)
    for segment in Segment:
        switch = plan[segment.switch]
        prefix = segment.prefix
        own = next(nic for nic in NODES[segment.switch].nics if nic.segment is segment)
        switch += [
            "link set lo up",
            "link add br0 type bridge",
            f"link set br0 address {own.mac}",
            f"addr add {own.address}/24 dev br0",
            "link set br0 up",
            f"route add default via {prefix}.1",
        ]
        for port, (name, index, nic) in enumerate(_members(segment), 1):
            switch += [
                f"link add swp{port} type veth peer name eth{index} address {nic.mac} netns {namespace(name)}",
                f"link set swp{port} master br0 up",
            ]
    for node in NODES.values():
        if node.kind is NodeKind.SWITCH:
            continue
        plan[node.name] += ["link set lo up"]
        for index, nic in enumerate(node.nics):
            plan[node.name] += [f"addr add {nic.address}/24 dev eth{index}", f"link set eth{index} up"]
        plan[node.name] += _default_route(node)
    plan[SCANNER] += [
        "link set lo up",
        f"addr add {SCANNER_ADDRESS}/24 dev eth0",
        "link set eth0 up",
        f"route add default via {Segment.A.prefix}.1",
    ]
    if simulated:
        plan[ROUTER] += [
            f"link add eth2 type veth peer name eth0 netns {namespace(SIMULATOR)}",
            f"addr add {SIMULATOR_PREFIX}.1/24 dev eth2",
            "link set eth2 up",
        ]
        plan[SIMULATOR] += [
            "link set lo up",
            "link set eth0 up",
            *(f"addr add {address}/24 dev eth0" for address in simulated),
            f"route add default via {SIMULATOR_PREFIX}.1",
        ]
    return plan


def _members(segment: Segment) -> list[tuple[str, int, Nic]]:
    members = [
        (node.name, index, nic)
        for node in NODES.values()
        if node.kind is not NodeKind.SWITCH
        for index, nic in enumerate(node.nics)
        if nic.segment is segment
    ]
    return [*members, (SCANNER, 0, _SCANNER_NIC)] if segment is Segment.A else members


def _default_route(node: Node) -> list[str]:
    return [] if node.kind is NodeKind.ROUTER else [f"route add default via {node.nics[0].segment.prefix}.1"]


def _batch(name: str, lines: list[str]) -> None:
    run(["ip", "-n", namespace(name), "-batch", "-"], text="\n".join(lines) + "\n")


def _sysctl(name: str, key: str, value: str) -> None:
    run(["ip", "netns", "exec", namespace(name), "sysctl", "-qw", f"{key}={value}"])
