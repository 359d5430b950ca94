"""What the shared recordings must give, as their own JSON says it; where another spelling is right, why."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests.shared import fixtures_path


@dataclass(frozen=True, slots=True)
class Differs:
    """A value that is right although the JSON says another."""

    value: str | int | None
    because: str


CLASSES = {
    "apc_smt750x-nmc2": "ups",
    "arista_eos_vrf": "switch",
    "arubaos-cx_8360": "switch",
    "asa": "firewall",
    "ciscosb_sg350x-24p": "switch",
    "comware_a5500": "switch",
    "dell-os10": "switch",
    "drac_r640": "management_controller",
    "dsm_ds214se-dsm7": "storage_array",
    "fortigate_60fospfv3": "firewall",
    "gaia_1490": "firewall",
    "hpe-ilo_hpe-ilo6-with-vmware": "management_controller",
    "ios_2960x": "switch",
    "iosxe_c9300": "switch",
    "jetdirect_m252dw": "printer",
    "junos_mx5t-isis": "router",
    "linux_icecast": "server",
    "nxos_n9k-c93180yc-fx3": "switch",
    "panos_440": "firewall",
    "procurve_e2910": "switch",
    "ricoh_mpc3002": "printer",
    "routeros": "router",
    "unifi_nanohd": "wireless_access_point",
    "vmware-esxi": "hypervisor",
    "vrp_ar169sfp": "router",
    "windows_svr_2019_1809": "server",
}
"""What each box is, by its maker's product page; the JSON only says network, server, printer …"""

_DIFFERS: dict[str, dict[str, Differs]] = {
    "apc_smt750x-nmc2": {
        "model": Differs("Smart-UPS X 750", "the JSON appends the firmware revision to upsBasicIdentModel"),
        "os_version": Differs(
            "7.0.8", "the JSON joins the versions of AOS and of the application; os_version is that of os_name, AOS"
        ),
    },
    "ciscosb_sg350x-24p": {
        "model": Differs("SG350X-24P", "the JSON appends the hardware revision V04"),
        "os_version": Differs(
            "2.5.9.13", "the JSON joins software, boot loader and firmware; os_version is the software's"
        ),
    },
    "dell-os10": {
        "model": Differs(
            "S4128F-ON",
            "the JSON names the enumeration value of os10ChassisType; entPhysicalModelName is the product name",
        ),
        "os_version": Differs(None, "A03 is the revision of the hardware; the recording holds no version of OS10"),
        "serial_number": Differs("CWTQXC2", "the JSON keeps the service tag under features"),
    },
    "iosxe_c9300": {
        "os_version": Differs("16.6.7", "the JSON puts the name of the image family in front of the version")
    },
    "jetdirect_m252dw": {
        "serial_number": Differs("VNB3J99999", "sysDescr says SN:VNB3J99999, which the JSON leaves out")
    },
    "linux_icecast": {
        "model": Differs(None, "'Generic x86 64-bit' is what the JSON makes of the architecture; SNMP names no model")
    },
    "routeros": {
        "model": Differs("RB952Ui-5ac2nD", "entPhysicalDescr names the board, which the JSON leaves out"),
        "interfaces": Differs(12, "the JSON leaves out the PPPoE interface, which is one"),
    },
    "vmware-esxi": {
        "model": Differs(
            "ProLiant DL380p Gen8",
            "the JSON takes entPhysicalDescr with the maker in it; the maker is an attribute of its own",
        ),
        "interfaces": Differs(
            9, "the JSON leaves out the two vmkernel interfaces and the distributed switch, which ifTable lists as up"
        ),
    },
    "vrp_ar169sfp": {
        "os_version": Differs("5.170 (V200R009C00SPC500)", "the JSON appends the patch level in brackets")
    },
    "windows_svr_2019_1809": {
        "model": Differs(None, "'Intel x64' is the architecture; SNMP names no model"),
        "os_version": Differs("1809 (build 17763)", "'Server 2019' is the operating system's name, 1809 its version"),
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The facts of one recording that are to be judged; None where the JSON has none or hides it."""

    class_name: str
    serial_number: str | int | None
    model: str | int | None
    os_version: str | int | None
    interfaces: str | int | None
    is_judged: frozenset[str]


def recordings() -> list[Path]:
    """All recordings, in the order of their names."""
    return sorted((fixtures_path("snmp") / "snmpsim").glob("*.snmprec"))


def expected(recording: Path) -> Expected:
    """What `data/<name>.json` says of the device, with the differences above; redacted values are not judged."""
    name = recording.stem
    document = json.loads((recording.parent.parent / "data" / f"{name}.json").read_text("utf-8"))
    device = document["os"]["discovery"]["devices"][0]
    facts: dict[str, str | int | None] = {
        "serial_number": device["serial"],
        "model": device["hardware"],
        "os_version": device["version"],
        "interfaces": len(document["ports"]["discovery"]["ports"]),
    }
    judged = {key for key, value in facts.items() if value is not None and "<private>" not in str(value)}
    for key, difference in _DIFFERS.get(name, {}).items():
        facts[key] = difference.value
        judged.add(key)
    return Expected(
        class_name=CLASSES[name],
        serial_number=facts["serial_number"],
        model=facts["model"],
        os_version=facts["os_version"],
        interfaces=facts["interfaces"],
        is_judged=frozenset(judged),
    )
