"""A computer as its agent inventories it: the machine, what is in it, what runs on it.

Left out on purpose: environment variables, command lines and processes, users and their sessions, licence and product keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from cmdb.normalise import forms
from cmdb.normalise.software_titles import software_title
from cmdb.observation import Scope, ScopeKind
from cmdb.values import Value
from discovery.drafting import Drafting
from scanners.glpi_document import Fields, Inventory, flag, text, texts, whole

DEVICE = "device"
MIB = 2**20
_MHZ = 1_000_000
_MBPS = 1_000_000
_CHASSIS = {
    "laptop": "laptop",
    "notebook": "laptop",
    "sub notebook": "laptop",
    "portable": "laptop",
    "convertible": "laptop",
    "desktop": "computer",
    "low profile desktop": "computer",
    "mini tower": "computer",
    "tower": "computer",
    "all in one": "computer",
    "space-saving": "computer",
    "mini pc": "computer",
    "rack mount chassis": "server",
    "main server chassis": "server",
    "multi-system": "server",
    "blade": "server",
    "server": "server",
}
"""SMBIOS chassis types in the words of dmidecode (DSP0134 §7.4.1)."""
_SERVER_MODELS = re.compile(
    r"\b(PowerEdge|ProLiant|Synergy|ThinkSystem|System x|PRIMERGY|UCS[BCSX]?|SuperServer|FusionServer)\b", re.IGNORECASE
)
_CONTAINERS = frozenset(
    {"docker", "lxc", "podman", "systemd-nspawn", "openvz", "virtuozzo", "jail", "solaris zone", "wpar"}
)
_PACKAGE_TYPES = {"deb": "dpkg", "registry": "windows", "android": "android"}
"""Where a program was found, in the words of the package managers."""
_PACKAGED = frozenset(
    {"deb", "rpm", "apk", "pacman", "portage", "snap", "flatpak", "homebrew", "pkg", "freebsd", "nix"}
)
"""Package managers, whose names are one spelling already."""


class Computer:
    """Drafts of one computer; `refuse` is told of what cannot be right."""

    def __init__(self, inventory: Inventory, refuse: Callable[[str], None]) -> None:
        self._inventory = inventory
        self._refuse = refuse
        self.rows = Drafting()
        self.scopes: list[Scope] = []
        self._ports: list[Fields] = inventory.rows("networks", refuse) or []
        self._guests = inventory.rows("virtualmachines", refuse)

    def draft(self) -> Drafting:
        """Everything that the inventory says; raises `Invalid` when the machine itself is not readable."""
        self._device()
        self._interfaces()
        self._parts()
        self._guest_rows()
        self._databases()
        self._software()
        return self.rows

    def _device(self) -> None:
        inventory = self._inventory
        bios, hardware = inventory.section("bios") or {}, inventory.section("hardware") or {}
        system = inventory.section("operatingsystem") or {}
        cpus = inventory.rows("cpus", self._refuse) or []
        key = text(system, "ssh_key")
        account = inventory.content.get("tag")
        attributes: dict[str, Value] = {
            "serial_number": text(bios, "ssn"),
            "board_serial": text(bios, "msn"),
            "asset_tag": text(bios, "assettag"),
            "system_uuid": text(hardware, "uuid"),
            "manufacturer": text(bios, "smanufacturer"),
            "model": text(bios, "smodel"),
            "part_number": text(bios, "skunumber"),
            "firmware_version": text(bios, "bversion"),
            "firmware_date": text(bios, "bdate"),
            "fqdn": text(system, "fqdn"),
            "os_name": text(system, "name") or text(hardware, "osname"),
            "os_version": text(system, "version"),
            "os_family": text(system, "kernel_name"),
            "kernel_version": text(system, "kernel_version"),
            "architecture": text(system, "arch") or text(hardware, "archname"),
            "ssh_host_keys": [key] if key else [],
            "memory_bytes": whole(hardware, "memory", times=MIB),
            "swap_bytes": whole(hardware, "swap", times=MIB),
            "cpu_count": sum(whole(cpu, "thread") or whole(cpu, "core") or 1 for cpu in cpus) or None,
            "cpu_cores": sum(whole(cpu, "core") or 1 for cpu in cpus) or None,
            "cpu_sockets": len(cpus) or None,
            "cpu_model": text(cpus[0], "name") if cpus else None,
            "virtualization": _virtualization(hardware),
            "default_gateway": text(hardware, "defaultgateway"),
            "dns_servers": [one for one in re.split(r"[/,\s]+", text(hardware, "dns") or "") if one],
            "workgroup": text(hardware, "workgroup"),
            "mac_addresses": [mac for port in self._ports if (mac := mac_of(port))],
            "ip_addresses": list(dict.fromkeys(address for port in self._ports for address in addresses_of(port))),
            "tags": [account] if isinstance(account, str) and account.strip() else [],
        }
        self.rows.draft(DEVICE, self._class(hardware, bios), name=text(hardware, "name"), attributes=attributes)

    def _class(self, hardware: Fields, bios: Fields) -> str:
        if (_virtualization(hardware) or "none") != "none":
            return "virtual_machine"
        if any(_guest_class(guest) == "virtual_machine" for guest in self._guests or ()):
            return "hypervisor"
        chassis = _CHASSIS.get((text(hardware, "chassis_type") or "").casefold())
        if chassis is None and _SERVER_MODELS.search(text(bios, "smodel") or ""):
            return "server"
        return chassis or "host"

    def _interfaces(self) -> None:
        if "networks" not in self._inventory.content:
            return
        joined: dict[tuple[str, str | None], list[Fields]] = {}
        for port in self._ports:
            joined.setdefault((text(port, "description") or "?", mac_of(port)), []).append(port)
        taken: set[str] = set()
        for (described, mac), ports in joined.items():
            name = described if described not in taken else f"{described} ({mac or len(taken)})"
            taken.add(name)
            first = ports[0]
            self.rows.draft(
                f"interface:{name}",
                "interface",
                name=name,
                attributes={
                    "host": DEVICE,
                    "mac_address": mac,
                    "ip_addresses": list(dict.fromkeys(a for port in ports for a in addresses_of(port))),
                    "speed_bps": whole(first, "speed", times=_MBPS),
                    "mtu": whole(first, "mtu"),
                    "interface_type": text(first, "type"),
                    "oper_state": (text(first, "status") or "").lower() or None,
                },
            )
        self._complete("interface")

    def _parts(self) -> None:
        for section, class_name, make in (
            ("storages", "disk", _disk),
            ("memories", "memory_module", _memory),
            ("cpus", "processor", _processor),
            ("drives", "file_system", _file_system),
        ):
            rows = self._inventory.rows(section, self._refuse)
            if rows is None:
                continue
            for number, row in enumerate(rows, 1):
                name, attributes = make(row, number)
                if name is not None:
                    local_id = f"{class_name}:{name}"
                    if local_id in self.rows.drafts:
                        name = f"{name} #{number}"
                        local_id = f"{class_name}:{name}"
                    self.rows.draft(local_id, class_name, name=name, attributes={"host": DEVICE, **attributes})
            self._complete(class_name)

    def _guest_rows(self) -> None:
        for number, guest in enumerate(self._guests or (), 1):
            name = text(guest, "name")
            kind = _guest_class(guest)
            uuid = text(guest, "uuid")
            if kind == "container":
                said: dict[str, Value] = {
                    "host": DEVICE,
                    "container_id": uuid,
                    "engine": text(guest, "vmtype"),
                    "image": text(guest, "image"),
                    "memory_bytes": whole(guest, "memory", times=MIB),
                    "cpu_count": whole(guest, "vcpu"),
                }
                self.rows.draft(f"guest:{number}", kind, name=name, attributes=said)
                continue
            power = _POWER.get((text(guest, "status") or "").casefold())
            local_id = self.rows.draft(
                f"guest:{number}", kind, name=name, attributes={"system_uuid": uuid, "power_state": power}
            )
            # what the guest is given is the host's word, and differs from what the guest sees of it
            given = {
                "virtualization": text(guest, "vmtype"),
                "memory_bytes": whole(guest, "memory", times=MIB),
                "cpu_count": whole(guest, "vcpu"),
            }
            self.rows.link(
                local_id,
                "RUNS_ON",
                DEVICE,
                attributes={key: value for key, value in given.items() if value is not None},
            )

    def _databases(self) -> None:
        services = self._inventory.rows("databases_services", self._refuse)
        for service in services or ():
            type_, label = text(service, "type"), text(service, "name")
            port = whole(service, "port")
            name = f"{label or type_ or 'database'}{f':{port}' if port else ''}"
            instance = self.rows.draft(
                f"database:{name}",
                "database",
                name=name,
                attributes={
                    "host": DEVICE,
                    "product": label or type_,
                    "vendor": text(service, "manufacturer"),
                    "version": text(service, "version"),
                    "port": port,
                    "install_path": text(service, "path"),
                    "size_bytes": whole(service, "size", times=MIB),
                },
            )
            for database in _objects(service.get("databases")):
                if (inner := text(database, "name")) is not None:
                    schema = self.rows.draft(
                        f"{instance}/{inner}",
                        "database_schema",
                        name=inner,
                        attributes={"host": instance},
                    )
                    self.rows.link(schema, "RUNS_ON", instance)

    def _software(self) -> None:
        packages = self._inventory.rows("softwares", self._refuse)
        if packages is None:
            return
        for number, package in enumerate(packages, 1):
            name = text(package, "name") or text(package, "guid")
            if name is None:
                self._refuse(f"content.softwares: entry {number} has no name; it is left out")
                continue
            source = (text(package, "from") or "").casefold()
            name, said = _product(package, name, is_packaged=source in _PACKAGED)
            local_id = self.rows.draft(
                f"software:{number}",
                "software_product",
                name=name,
                attributes={"package_type": _PACKAGE_TYPES.get(source, source) or None, **said},
            )
            self.rows.link(local_id, "INSTALLED_ON", DEVICE)
        self.scopes.append(Scope(kind=ScopeKind.RELATIONSHIPS, within=DEVICE, relationship_type="INSTALLED_ON"))

    def _complete(self, class_name: str) -> None:
        """A section that is present is whole, in a partial inventory too."""
        self.scopes.append(Scope(kind=ScopeKind.CI_CLASS, class_name=class_name, within=DEVICE))


def _product(package: Fields, name: str, *, is_packaged: bool) -> tuple[str, dict[str, Value]]:
    """Name and attributes of a program: a package is spelled in one way already, a title is parted."""
    version, maker, architecture = (text(package, key) for key in ("version", "publisher", "arch"))
    title = None if is_packaged else software_title(name, publisher=maker, version=version)
    if title is None:
        return name, {"version": version, "vendor": maker, "architecture": architecture}
    return title.name, {
        "version": title.version,
        "vendor": title.vendor or maker,
        "architecture": architecture or title.architecture,
        "edition": title.edition,
        "language": title.language,
    }


_POWER = {
    "running": "on",
    "idle": "on",
    "blocked": "on",
    "off": "off",
    "shutdown": "off",
    "paused": "suspended",
    "dying": "off",
    "crashed": "off",
}


def _virtualization(hardware: Fields) -> str | None:
    """What the machine runs under, `none` on bare metal; None when it was not said."""
    said = text(hardware, "vmsystem")
    return None if said is None else "none" if said.casefold() == "physical" else said


def _guest_class(guest: Fields) -> str:
    return "container" if (text(guest, "vmtype") or "").casefold() in _CONTAINERS else "virtual_machine"


def _objects(value: Value) -> Iterator[Fields]:
    rows = value if isinstance(value, list) else [value]
    for row in rows:
        if isinstance(row, dict):
            yield row


def mac_of(port: Fields) -> str | None:
    """The port's MAC address; None when it has none, or a text that is none."""
    said = text(port, "mac")
    return forms.mac(said) if said else None


def addresses_of(port: Fields) -> list[str]:
    """The port's addresses, as they were said; 0.0.0.0 and :: stand for none (RFC 1122 §3.2.1.3, RFC 4291 §2.5.2)."""
    said = [
        *texts(port.get("ipaddress")),
        *texts(port.get("ipaddress6")),
        *texts(port.get("ips")),
        *texts(port.get("ip")),
    ]
    found = (forms.ip(address.partition("%")[0]) for address in dict.fromkeys(said))
    return [address for address in found if address not in (None, "0.0.0.0", "::")]


def _disk(row: Fields, number: int) -> tuple[str | None, dict[str, Value]]:
    return text(row, "name") or text(row, "model") or f"disk {number}", {
        "model": text(row, "model"),
        "manufacturer": text(row, "manufacturer"),
        "serial_number": text(row, "serial", "serialnumber"),
        "firmware_version": text(row, "firmware"),
        "size_bytes": whole(row, "disksize", times=_MBPS),
        "bus": text(row, "interface"),
        "disk_type": text(row, "type"),
    }


def _memory(row: Fields, number: int) -> tuple[str | None, dict[str, Value]]:
    size = whole(row, "capacity", times=MIB)
    if not size:
        return None, {}
    return f"slot {whole(row, 'numslots') or number}", {
        "size_bytes": size,
        "memory_type": text(row, "type"),
        "manufacturer": text(row, "manufacturer"),
        "serial_number": text(row, "serial", "serialnumber"),
        "model": text(row, "model"),
    }


def _processor(row: Fields, number: int) -> tuple[str | None, dict[str, Value]]:
    return f"CPU {number}", {
        "model": text(row, "name"),
        "manufacturer": text(row, "manufacturer"),
        "cores": whole(row, "core"),
        "threads": whole(row, "thread"),
        "speed_hz": whole(row, "speed", times=_MHZ),
        "architecture": text(row, "arch"),
        "stepping": text(row, "stepping"),
    }


def _file_system(row: Fields, _number: int) -> tuple[str | None, dict[str, Value]]:
    letter, kind = text(row, "letter"), text(row, "type")
    name = letter or (kind if (kind or "").startswith("/") else None)
    return name, {
        "device": text(row, "volumn"),
        "file_system_type": text(row, "filesystem"),
        "size_bytes": whole(row, "total", times=_MBPS),
        "label": text(row, "label"),
        "uuid": text(row, "serial") if letter is None else None,
        "is_encrypted": True if flag(row, "encrypt_status") else None,
    }
