"""Credentials by name, read from a file of mode 600 or from the environment; never printed, logged or stored in the graph.

The file is YAML:

    credentials:
      lab-ssh:
        kind: ssh_password
        user: inventory
        password: "…"
"""

from __future__ import annotations

import json
import os
import pwd
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import yaml

from cmdb.errors import Denied, Invalid, NotFound, Unavailable

ENVIRONMENT_PREFIX = "CMDB_CREDENTIAL_"
MAX_FILE_BYTES = 1024 * 1024


class CredentialKind(StrEnum):
    """What a credential opens."""

    SNMP_V2C = "snmp_v2c"
    SNMP_V3 = "snmp_v3"
    SSH_PASSWORD = "ssh_password"
    SSH_KEY = "ssh_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One way in. `secrets` never shows in repr or messages.

    snmp_v2c: secrets {community}. snmp_v3: fields {user, auth_protocol, priv_protocol}, secrets {auth_key, priv_key};
    a protocol absent means none. ssh_password: fields {user}, secrets {password}. ssh_key: fields {user, key_file}, secrets {passphrase}?
    """

    name: str
    kind: CredentialKind
    fields: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """What a kind takes beside `kind` and `port`."""

    fields: frozenset[str]
    secrets: frozenset[str]
    optional: frozenset[str] = frozenset()
    choices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    together: tuple[tuple[str, str], ...] = ()
    """Pairs of which one is nothing without the other."""


_FORMS: Mapping[CredentialKind, _Form] = {
    CredentialKind.SNMP_V2C: _Form(fields=frozenset(), secrets=frozenset({"community"})),
    CredentialKind.SNMP_V3: _Form(
        fields=frozenset({"user", "auth_protocol", "priv_protocol"}),
        secrets=frozenset({"auth_key", "priv_key"}),
        optional=frozenset({"auth_protocol", "priv_protocol", "auth_key", "priv_key"}),
        choices={
            # RFC 3414 and RFC 7860 name the first, RFC 3414 and RFC 3826 (and what Cisco made of it) the second
            "auth_protocol": frozenset({"MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"}),
            "priv_protocol": frozenset({"DES", "AES", "AES128", "AES192", "AES256", "AES192C", "AES256C"}),
        },
        together=(("auth_protocol", "auth_key"), ("priv_protocol", "priv_key"), ("priv_protocol", "auth_protocol")),
    ),
    CredentialKind.SSH_PASSWORD: _Form(fields=frozenset({"user"}), secrets=frozenset({"password"})),
    CredentialKind.SSH_KEY: _Form(
        fields=frozenset({"user", "key_file"}), secrets=frozenset({"passphrase"}), optional=frozenset({"passphrase"})
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialBook:
    """All credentials of one process. Names ignore case, and `-` and `_` are the same letter."""

    credentials: tuple[Credential, ...] = ()
    origin: str = "no credentials file was given"

    def select(self, names: Sequence[str]) -> tuple[Credential, ...]:
        """The credentials of these names, in this order; raises `NotFound` naming those that exist."""
        known = {_folded(credential.name): credential for credential in self.credentials}
        for name in names:
            if _folded(name) not in known:
                there = ", ".join(sorted(credential.name for credential in self.credentials)) or "none"
                raise NotFound(f"no credential is called {name!r}; there are: {there} ({self.origin})")
        return tuple(known[_folded(name)] for name in names)

    def by_kind(self, kind: CredentialKind) -> tuple[Credential, ...]:
        """All credentials of a kind, in the order in which they were written."""
        return tuple(credential for credential in self.credentials if credential.kind is kind)


def load_credentials(path: Path | None, environment: Mapping[str, str]) -> CredentialBook:
    """Credentials of the file, then of `CMDB_CREDENTIAL_<NAME>` variables (a JSON object each), which win over the file.

    A file that is not there is an empty one. Raises `Denied` for a file that others can read or own, and `Invalid` with
    file and line, or with the variable's name, for what is no credential. No message holds a value.
    """
    found: dict[str, Credential] = {}
    origin = "no credentials file was given"
    if path is not None:
        text = _private_text(path)
        origin = f"read from {path}" if text is not None else f"{path} does not exist"
        for credential in _from_yaml(text or "", path):
            found[_folded(credential.name)] = credential
    for variable in sorted(environment):
        if variable.startswith(ENVIRONMENT_PREFIX) and len(variable) > len(ENVIRONMENT_PREFIX):
            credential = _from_variable(variable, environment[variable])
            found[_folded(credential.name)] = credential
    return CredentialBook(credentials=tuple(found.values()), origin=origin)


def _private_text(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise Invalid("the credentials file is no regular file", place=str(path))
            if state.st_uid != os.geteuid():
                raise Denied(
                    "the credentials file belongs to another user; chown it to the one who runs this", place=str(path)
                )
            if state.st_mode & 0o077:
                raise Denied(
                    f"the credentials file has mode {stat.S_IMODE(state.st_mode):o} and is open to others; run: chmod 600 {path}",
                    place=str(path),
                )
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(f"the credentials file cannot be read: {error.strerror}", place=str(path)) from error
    if len(data) > MAX_FILE_BYTES:
        raise Invalid("the credentials file is larger than 1 MiB", place=str(path))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("the credentials file is not UTF-8", place=str(path)) from None


def _from_yaml(text: str, path: Path) -> Iterator[Credential]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        # the library's message quotes the text around the fault
        raise Invalid("this is not YAML; quote values that hold : # or a quote", place=f"{path}:{line}") from None
    except yaml.YAMLError:
        raise Invalid("this is not YAML", place=str(path)) from None
    if root is None:
        return
    seen: set[str] = set()
    for key, node in _pairs(root, path, what="the file"):
        if key.value != "credentials":
            raise Invalid(f"{key.value!r} is not known here; the one key is credentials", place=_place(path, key))
        for name, body in _pairs(node, path, what="credentials"):
            if _folded(name.value) in seen:
                raise Invalid(f"the credential {name.value!r} is there twice", place=_place(path, name))
            seen.add(_folded(name.value))
            yield _credential(name.value, _values(body, path), place=_place(path, name), folder=path.parent)


def _pairs(node: yaml.Node, path: Path, *, what: str) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    if isinstance(node, yaml.ScalarNode) and node.value in {"", "null", "~"}:
        return []
    if not isinstance(node, yaml.MappingNode):
        raise Invalid(f"{what} must be a mapping of names to values", place=_place(path, node))
    pairs: list[tuple[yaml.ScalarNode, yaml.Node]] = []
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise Invalid("a name must be plain text", place=_place(path, key))
        pairs.append((key, value))
    return pairs


def _values(node: yaml.Node, path: Path) -> dict[str, tuple[str, str]]:
    """Value and place by key. Scalars are taken as they are written, so that 0123 stays a password of four digits."""
    values: dict[str, tuple[str, str]] = {}
    for key, value in _pairs(node, path, what="a credential"):
        if not isinstance(value, yaml.ScalarNode):
            raise Invalid(f"{key.value} must be plain text", place=_place(path, value))
        if key.value in values:
            raise Invalid(f"{key.value} is there twice", place=_place(path, key))
        values[key.value] = (value.value, _place(path, key))
    return values


def _place(path: Path, node: yaml.Node) -> str:
    return f"{path}:{node.start_mark.line + 1}"


def _from_variable(variable: str, text: str) -> Credential:
    name = variable.removeprefix(ENVIRONMENT_PREFIX).lower().replace("_", "-")
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Invalid('the value must be a JSON object such as {"kind": "snmp_v2c", "community": "…"}', place=variable)
    values: dict[str, tuple[str, str]] = {}
    for key, value in body.items():
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise Invalid(f"{key} must be text", place=variable)
        values[key] = (str(value), variable)
    return _credential(name, values, place=variable, folder=None)


def _credential(name: str, values: Mapping[str, tuple[str, str]], *, place: str, folder: Path | None) -> Credential:
    kinds = ", ".join(sorted(CredentialKind))
    if "kind" not in values:
        raise Invalid(f"the credential {name!r} lacks its kind: one of {kinds}", place=place)
    try:
        kind = CredentialKind(values["kind"][0])
    except ValueError:
        raise Invalid(f"the kind is none of {kinds}", place=values["kind"][1]) from None
    form = _FORMS[kind]
    allowed = form.fields | form.secrets | {"kind", "port"}
    for key, (value, where) in values.items():
        if key not in allowed:
            raise Invalid(f"{key!r} is no part of {kind}, which takes {', '.join(sorted(allowed))}", place=where)
        if not value:
            raise Invalid(f"{key} is empty", place=where)
        if key in form.choices and value.upper() not in form.choices[key]:
            raise Invalid(f"{key} is none of {', '.join(sorted(form.choices[key]))}", place=where)
    for key in sorted((form.fields | form.secrets) - form.optional):
        if key not in values:
            raise Invalid(f"the credential {name!r} of kind {kind} lacks {key}", place=place)
    for one, other in form.together:
        if one in values and other not in values:
            raise Invalid(f"{one} needs {other} beside it", place=values[one][1])
    return Credential(
        name=name,
        kind=kind,
        fields={
            key: _field(key, values[key][0], form=form, folder=folder) for key in sorted(form.fields & values.keys())
        },
        secrets={key: values[key][0] for key in sorted(form.secrets & values.keys())},
        port=_port(*values["port"]) if "port" in values else None,
    )


def _field(key: str, value: str, *, form: _Form, folder: Path | None) -> str:
    if key in form.choices:
        return value.upper()
    if key == "key_file":
        if value.startswith("~/"):
            return str(Path(pwd.getpwuid(os.geteuid()).pw_dir) / value[2:])
        return str(folder / value) if folder is not None else value
    return value


def _port(text: str, place: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Invalid("port is no number from 1 to 65535", place=place)
    return int(text)


def _folded(name: str) -> str:
    return name.lower().replace("_", "-")
