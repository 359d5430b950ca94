"""Every file that makes a node this node: names, daemons' settings, keys, hardware, the service of its role."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lab.command import run
from tests.lab.places import Places
from tests.lab.role_files import UNITS_OFF, role_files
from tests.lab.smbios import smbios_image
from tests.lab.topology import (
    NODES,
    SNMP_AUTH_KEY,
    SNMP_AUTH_PROTOCOL,
    SNMP_PRIV_KEY,
    SNMP_PRIV_PROTOCOL,
    SNMP_USER,
    Node,
    NodeKind,
    SshAccess,
)

FILES = Path(__file__).parent / "files"
HOST_KEY_TYPES = ("ed25519", "ecdsa")


def write_node(node: Node, places: Places) -> None:
    """Write the node's files into the upper layer of its root; keys that are there already stay."""
    root = places.node(node.name) / "upper"
    for path, text in _texts(node).items():
        _write(root / path.lstrip("/"), text)
    shutil.copytree(FILES, root / "opt/lab", dirs_exist_ok=True)
    (root / "opt/lab/initdb.sh").chmod(0o755)
    if node.ssh:
        _write_host_keys(root, node.name)
        shutil.copy(places.key.with_suffix(".pub"), root / "opt/lab/authorized_keys")
    if node.hardware:
        (root / "opt/lab/dmi.bin").write_bytes(smbios_image(node.hardware, node.system_uuid))
        wrapper = root / "usr/local/sbin/dmidecode"
        _write(wrapper, '#!/bin/sh\nexec /usr/sbin/dmidecode --from-dump /opt/lab/dmi.bin "$@"\n')
        wrapper.chmod(0o755)
    for unit in role_files(node.role).enabled:
        _link(root / "etc/systemd/system/multi-user.target.wants" / unit, f"/etc/systemd/system/{unit}")
    for unit in (*UNITS_OFF, *(() if node.ssh else ("ssh.service",))):
        _link(root / "etc/systemd/system" / unit, "/dev/null")


def sshd_settings(access: SshAccess) -> str:
    """Content of /etc/ssh/sshd_config.d/lab.conf."""
    answer = "yes" if access.accepts_password else "no"
    return f"Port {access.port}\nPasswordAuthentication {answer}\nUseDNS no\n"


def _texts(node: Node) -> dict[str, str]:
    hosts = "".join(f"{other.addresses[0]} {other.fqdn} {other.name}\n" for other in NODES.values())
    agentx = " -x -X /var/agentx/master" if node.snmp else ""
    texts = {
        "/etc/hostname": f"{node.name}\n",
        "/etc/machine-id": f"{node.machine_id}\n",
        "/etc/hosts": f"127.0.0.1 localhost\n{hosts}",
        "/etc/resolv.conf": "# no name server in the lab\n",
        "/etc/default/lldpd": f'DAEMON_ARGS="-M 4 -c{agentx}"\n',
        "/etc/lldpd.d/lab.conf": f"configure system hostname {node.fqdn}\nconfigure lldp tx-interval 2\n",
        "/etc/systemd/system/lldpd.service.d/lab.conf": "[Unit]\nAfter=snmpd.service\n[Service]\nProtectSystem=no\n",
        **role_files(node.role).texts,
    }
    if node.snmp:
        texts["/etc/snmp/snmpd.conf"] = _snmpd_settings(node)
        texts["/etc/systemd/system/snmpd.service.d/lab.conf"] = (
            "[Service]\nExecStart=\nExecStart=/usr/sbin/snmpd -LS4d -u root -f\n"
        )
    if node.ssh:
        texts["/etc/ssh/sshd_config.d/lab.conf"] = sshd_settings(node.ssh)
    return texts


def _snmpd_settings(node: Node) -> str:
    lines = [
        "agentaddress udp:161",
        # fixed, so that a restarted node is the same SNMP engine (RFC 3411 §5, SnmpEngineID)
        f"engineID graph-cmdb-lab-{node.name}",
        f'sysLocation "Lab rack {sum(map(ord, node.name)) % 9 + 1}"',
        "sysContact ops@lab.test",
        f"sysName {node.fqdn}",
        "master agentx",
        "agentXPerms 0660 0550 Debian-snmp _lldpd",
        "sysServices 72",
        "smuxsocket 127.0.0.1:199",
    ]
    if node.snmp and node.snmp.community:
        lines.append(f"rocommunity {node.snmp.community} default")
    if node.snmp and node.snmp.has_v3:
        keys = f'{SNMP_AUTH_PROTOCOL} "{SNMP_AUTH_KEY}" {SNMP_PRIV_PROTOCOL} "{SNMP_PRIV_KEY}"'
        lines += [f"createUser {SNMP_USER} {keys}", f"rouser {SNMP_USER} priv"]
    if node.kind is not NodeKind.HOST:
        lines.append("pass_persist .1.3.6.1.2.1.17 /usr/bin/python3 -u /opt/lab/bridge_mib.py")
    return "\n".join(lines) + "\n"


def _write_host_keys(root: Path, name: str) -> None:
    for kind in HOST_KEY_TYPES:
        key = root / f"etc/ssh/ssh_host_{kind}_key"
        if not key.exists():
            run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"root@{name}", "-f", key])


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_symlink() and not path.exists():
        path.symlink_to(target)
