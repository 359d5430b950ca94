"""What kind of machine this is, judged by its chassis and by the traces that hypervisors and containers leave."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from discovery.hosts.facts import Dmi, Interface
from discovery.hosts.interfaces import CONTAINER_BRIDGE

_VIRTUAL_PRODUCTS: Sequence[re.Pattern[str]] = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # systemd's detect_vm_dmi_vendor matches these vendors and products (systemd, src/basic/virt.c)
        r"^(KVM|QEMU|OpenStack|KubeVirt|VirtualBox|innotek GmbH|Bochs|BHYVE|Xen|Parallels|Hyper-V|Amazon EC2|Apple Virtualization)\b",
        r"^VMware\b", r"^VMW\b", r"\bVirtual Machine\b", r"\bVirtual Platform\b", r"\bHVM domU\b",
        r"^(Google Compute Engine|OracleCloud|Alibaba Cloud ECS|Droplet|DigitalOcean|Hetzner|vServer|Scaleway|Linode|UpCloud)\b",
        r"^Standard PC\b", r"^oVirt\b", r"^RHEV\b", r"^RHV\b", r"^Nutanix AHV\b", r"^AHV\b",
    )
)  # fmt: skip
_BARE_METAL = re.compile(r"\.metal\b|^\S+ bare metal", re.IGNORECASE)
"""Amazon's metal instance types carry the vendor "Amazon EC2" and are machines of their own."""

_CONTAINER_CGROUPS = re.compile(
    r"/(docker|lxc|lxc\.payload|libpod|podman|kubepods|garden|buildkit)[/.-]|/(docker|crio|libpod|cri-containerd)-[0-9a-f]{12,}",
)
CONTAINER_ENGINES = frozenset({
    "docker", "podman", "lxc", "lxc-libvirt", "systemd-nspawn", "rkt", "wsl", "proot", "pouch", "openvz", "oci",
    ".dockerenv", ".containerenv",
})  # fmt: skip
"""Names that engines give themselves (systemd, src/basic/virt.c, container_table) and their marker files; a name that is
none of these is set by hand to make systemd start, and tells nothing of the machine."""
CONTAINER_ID = re.compile(r"\b[0-9a-f]{64}\b")

_CHASSIS_CLASSES: Mapping[int, str] = {
    3: "computer", 4: "computer", 5: "computer", 6: "computer", 7: "computer", 13: "computer", 15: "computer",
    16: "computer", 24: "computer", 34: "computer", 35: "computer", 36: "computer",
    8: "laptop", 9: "laptop", 10: "laptop", 11: "laptop", 14: "laptop", 30: "laptop", 31: "laptop", 32: "laptop",
    17: "server", 23: "server", 25: "server", 28: "server", 29: "server",
}  # fmt: skip
"""SMBIOS chassis types (DSP0134 table 17) by the class of machine that they enclose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What was found that tells a container or a guest from a machine of metal."""

    dmi: Dmi
    container_marker: str = ""
    """Content of /run/systemd/container or PID 1's `container` variable (systemd's container interface), or the name of a marker file."""
    init_cgroup: str = ""
    """/proc/1/cgroup."""
    sees_kernel_threads: bool = False
    """Whether PID 2 is kthreadd: then this is the kernel's first PID namespace."""
    has_hypervisor_flag: bool = False
    """CPUID leaf 1, ECX bit 31, as /proc/cpuinfo's flag `hypervisor`; inside a PID namespace it tells of the machine around."""
    interfaces: tuple[Interface, ...] = ()
    forwards_packets: bool = False
    """net.ipv4.ip_forward."""


def class_of(traces: Traces) -> str:
    """`container`, `virtual_machine`, `server`, `laptop`, `computer`, `switch`, `router`, or `host` where nothing tells.

    A marker file that an image carries into a virtual machine does not make a container: PID 2 tells. What the chassis
    does not tell, the network may: two bridged ports make a switch, forwarding between two addressed ones a router.
    """
    is_marked = traces.container_marker.strip() in CONTAINER_ENGINES or _CONTAINER_CGROUPS.search(traces.init_cgroup)
    if is_marked and not traces.sees_kernel_threads:
        return "container"
    dmi = traces.dmi
    names = [text for text in (dmi.sys_vendor, dmi.product_name, dmi.board_vendor, dmi.bios_vendor) if text]
    if any(_BARE_METAL.search(name) for name in names):
        return "server"
    if any(pattern.search(name) for pattern in _VIRTUAL_PRODUCTS for name in names):
        return "virtual_machine"
    if dmi.chassis_type is not None and dmi.chassis_type in _CHASSIS_CLASSES:
        return _CHASSIS_CLASSES[dmi.chassis_type]
    if names:
        return "host"
    if (gear := _gear(traces)) is not None:
        return gear
    return "virtual_machine" if traces.has_hypervisor_flag and traces.sees_kernel_threads else "host"


def _gear(traces: Traces) -> str | None:
    if any(CONTAINER_BRIDGE.match(interface.name) for interface in traces.interfaces):
        return None
    if sum(interface.is_bridge_port for interface in traces.interfaces) > 1:
        return "switch"
    addressed = [interface for interface in traces.interfaces if any(map(_is_global, interface.addresses))]
    return "router" if traces.forwards_packets and len(addressed) > 1 else None


def _is_global(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return not (parsed.is_loopback or parsed.is_link_local)


def container_id(cgroup: str) -> str | None:
    """The 64 hexadecimal digits by which a container engine names its container in /proc/self/cgroup, where it shows."""
    found = CONTAINER_ID.search(cgroup)
    return found.group(0) if found else None
