"""Credentials from the private file and from variables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cmdb.errors import Denied, Invalid, NotFound
from discovery.credentials import Credential, CredentialKind, load_credentials

GOOD = """\
credentials:
  lab-snmp:
    kind: snmp_v2c
    community: tp-community
  core-v3:
    kind: snmp_v3
    user: monitor
    auth_protocol: sha256
    auth_key: tp-auth-key
    priv_protocol: AES
    priv_key: tp-priv-key
  lab-ssh:
    kind: ssh_password
    user: inventory
    password: 0123
    port: 2222
  deploy:
    kind: ssh_key
    user: deploy
    key_file: keys/id_ed25519
    passphrase: tp-passphrase
"""


def written(folder: Path, text: str, *, mode: int = 0o600) -> Path:
    path = folder / "credentials.yaml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_every_kind_is_read(tmp_path: Path) -> None:
    book = load_credentials(written(tmp_path, GOOD), {})
    assert book.credentials == (
        Credential(name="lab-snmp", kind=CredentialKind.SNMP_V2C, secrets={"community": "tp-community"}),
        Credential(
            name="core-v3",
            kind=CredentialKind.SNMP_V3,
            fields={"user": "monitor", "auth_protocol": "SHA256", "priv_protocol": "AES"},
            secrets={"auth_key": "tp-auth-key", "priv_key": "tp-priv-key"},
        ),
        Credential(
            name="lab-ssh",
            kind=CredentialKind.SSH_PASSWORD,
            fields={"user": "inventory"},
            secrets={"password": "0123"},
            port=2222,
        ),
        Credential(
            name="deploy",
            kind=CredentialKind.SSH_KEY,
            fields={"user": "deploy", "key_file": str(tmp_path / "keys/id_ed25519")},
            secrets={"passphrase": "tp-passphrase"},
        ),
    )


def test_a_variable_adds_a_credential_and_wins_over_the_file(tmp_path: Path) -> None:
    environment = {
        "CMDB_CREDENTIAL_LAB_SNMP": '{"kind": "snmp_v2c", "community": "other"}',
        "CMDB_CREDENTIAL_NEW": '{"kind": "ssh_password", "user": "u", "password": "p", "port": 22}',
        "CMDB_STORE": "sqlite:///x",
    }
    book = load_credentials(written(tmp_path, GOOD), environment)
    (snmp, new) = book.select(["lab_snmp", "NEW"])
    assert (snmp.secrets, new.fields, new.port) == ({"community": "other"}, {"user": "u"}, 22)
    assert len(book.credentials) == 5


def test_credentials_are_selected_in_the_order_asked_for(tmp_path: Path) -> None:
    book = load_credentials(written(tmp_path, GOOD), {})
    assert [credential.name for credential in book.select(["deploy", "lab-snmp"])] == ["deploy", "lab-snmp"]


def test_an_unknown_name_lists_the_names_that_exist(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    with pytest.raises(NotFound) as caught:
        load_credentials(path, {}).select(["lab-ssh", "nobody"])
    assert str(caught.value) == (
        f"no credential is called 'nobody'; there are: core-v3, deploy, lab-snmp, lab-ssh (read from {path})"
    )


def test_a_file_that_does_not_exist_is_empty_and_is_named_when_it_matters(tmp_path: Path) -> None:
    path = tmp_path / "absent.yaml"
    book = load_credentials(path, {})
    with pytest.raises(NotFound, match=r"there are: none \(.*absent\.yaml does not exist\)"):
        book.select(["lab"])
    assert book.credentials == ()


def test_credentials_of_one_kind_are_found(tmp_path: Path) -> None:
    book = load_credentials(written(tmp_path, GOOD), {})
    assert [credential.name for credential in book.by_kind(CredentialKind.SSH_KEY)] == ["deploy"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o700 | 0o010])
def test_a_file_open_to_others_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, GOOD, mode=mode)
    with pytest.raises(Denied) as caught:
        load_credentials(path, {})
    assert f"chmod 600 {path}" in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    os.chown(path, 65534, 65534)
    with pytest.raises(Denied, match="belongs to another user"):
        load_credentials(path, {})


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        ("credentials:\n  a:\n    kind: snmp_v2c\n    comunity: tp-secret\n", 4, "'comunity' is no part of snmp_v2c"),
        ("credentials:\n  a:\n    kind: telnet\n    password: tp-secret\n", 3, "the kind is none of"),
        ("credentials:\n  a:\n    password: tp-secret\n", 2, "lacks its kind"),
        ("credentials:\n  a:\n    kind: ssh_password\n    password: tp-secret\n", 2, "lacks user"),
        ("credentials:\n  a:\n    kind: ssh_password\n    user: u\n    password:\n", 5, "password is empty"),
        (
            "credentials:\n  a:\n    kind: ssh_password\n    user: u\n    password: [tp-secret]\n",
            5,
            "must be plain text",
        ),
        (
            "credentials:\n  a: {kind: snmp_v2c, community: tp-secret}\n  A: {kind: snmp_v2c, community: x}\n",
            3,
            "is there twice",
        ),
        (
            "credentials:\n  a:\n    kind: ssh_password\n    user: u\n    password: tp-secret\n    port: 70000\n",
            6,
            "port is no number",
        ),
        (
            "credentials:\n  a:\n    kind: snmp_v3\n    user: u\n    auth_protocol: ROT13\n    auth_key: tp-secret\n",
            5,
            "is none of MD5",
        ),
        (
            "credentials:\n  a:\n    kind: snmp_v3\n    user: u\n    priv_protocol: AES\n    priv_key: tp-secret\n",
            5,
            "needs auth_protocol",
        ),
        ("secrets:\n  a: tp-secret\n", 1, "'secrets' is not known"),
        ("credentials:\n  a:\n    kind: snmp_v2c\n   community: 'tp-secret\n", 4, "not YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line_and_without_its_secret(
    tmp_path: Path, body: str, line: int, says: str
) -> None:
    path = written(tmp_path, body)
    with pytest.raises(Invalid) as caught:
        load_credentials(path, {})
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert says in str(caught.value)
    assert "tp-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["tp-secret", "[]", '{"kind": "snmp_v2c", "community": ["tp-secret"]}', '{"kind": "snmp_v2c"}']
)
def test_a_wrong_variable_is_refused_by_its_name_and_without_its_secret(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        load_credentials(None, {"CMDB_CREDENTIAL_X": text})
    assert str(caught.value).startswith("CMDB_CREDENTIAL_X: ")
    assert "tp-secret" not in str(caught.value)


def test_an_empty_file_holds_no_credentials(tmp_path: Path) -> None:
    assert load_credentials(written(tmp_path, "# none yet\n"), {}).credentials == ()


def test_a_file_of_other_bytes_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    path.write_bytes(b"credentials: \xff\xfe")
    with pytest.raises(Invalid, match="not UTF-8"):
        load_credentials(path, {})


def test_secrets_show_neither_in_repr_nor_in_str(tmp_path: Path) -> None:
    book = load_credentials(written(tmp_path, GOOD), {})
    shown = repr(book) + str(book) + "".join(repr(each) + str(each) for each in book.credentials)
    secrets = [secret for each in book.credentials for secret in each.secrets.values()]
    assert [secret for secret in secrets if secret in shown] == []
    assert len(secrets) == 5
