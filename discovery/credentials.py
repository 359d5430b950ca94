"""Credentials by name, read from a file of mode 600 or from the environment; never printed, logged or stored in the graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


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
