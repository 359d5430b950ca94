"""Pins of host keys."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from cmdb.errors import Denied
from discovery.host_keys import HostKey, HostKeyChanged, HostKeyFile

FIRST = HostKey.from_blob("ssh-ed25519", b"first")
OTHER = HostKey.from_blob("ssh-ed25519", b"other")


def fingerprint(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def test_a_key_is_pinned_on_first_sight_and_recognised_by_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "host_keys"
    assert HostKeyFile(path).check("192.0.2.1", 22, FIRST) is True
    assert HostKeyFile(path).check("192.0.2.1", 22, FIRST) is False
    assert path.read_text() == "192.0.2.1 ssh-ed25519 Zmlyc3Q=\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_port_is_another_server(tmp_path: Path) -> None:
    keys = HostKeyFile(tmp_path / "host_keys")
    assert [keys.check("Web01", 22, FIRST), keys.check("web01", 2222, OTHER)] == [True, True]
    assert (tmp_path / "host_keys").read_text().splitlines()[1] == "[web01]:2222 ssh-ed25519 b3RoZXI="


def test_a_changed_key_stops_with_both_fingerprints_and_the_line(tmp_path: Path) -> None:
    path = tmp_path / "host_keys"
    HostKeyFile(path).check("192.0.2.1", 22, FIRST)
    with pytest.raises(HostKeyChanged) as caught:
        HostKeyFile(path).check("192.0.2.1", 22, OTHER)
    message = str(caught.value)
    assert message.startswith(f"{path}:1: host key changed: 192.0.2.1 ")
    assert fingerprint(b"first") in message
    assert fingerprint(b"other") in message
    assert path.read_text().count("\n") == 1


def test_a_pin_that_another_process_wrote_meanwhile_counts(tmp_path: Path) -> None:
    path = tmp_path / "host_keys"
    early = HostKeyFile(path)
    HostKeyFile(path).check("192.0.2.1", 22, FIRST)
    with pytest.raises(HostKeyChanged):
        early.check("192.0.2.1", 22, OTHER)
    assert early.pinned("192.0.2.1", 22) == FIRST


def test_comments_and_lists_of_names_as_openssh_writes_them_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "host_keys"
    path.write_text("# ours\n\nweb01,192.0.2.1 ssh-ed25519 Zmlyc3Q= comment")
    path.chmod(0o600)
    keys = HostKeyFile(path)
    assert (keys.pinned("192.0.2.1", 22), keys.pinned("web01", 22)) == (FIRST, FIRST)
    keys.check("192.0.2.2", 22, OTHER)
    assert path.read_text().splitlines()[-1] == "192.0.2.2 ssh-ed25519 b3RoZXI="


def test_a_file_that_others_can_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "host_keys"
    path.write_text("")
    path.chmod(0o666)
    with pytest.raises(Denied, match="chmod 600"):
        HostKeyFile(path)


def test_without_a_file_pins_last_as_long_as_the_run() -> None:
    keys = HostKeyFile(None)
    assert keys.check("192.0.2.1", 22, FIRST) is True
    with pytest.raises(HostKeyChanged):
        keys.check("192.0.2.1", 22, OTHER)
