"""What a credential says about SNMPv3, in the names that people write."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from cmdb.errors import Invalid
from discovery.credentials import Credential, CredentialKind


class AuthProtocol(StrEnum):
    """Authentication: RFC 3414 §6 and §7, RFC 7860 §4."""

    MD5 = "MD5"
    SHA1 = "SHA"
    SHA224 = "SHA-224"
    SHA256 = "SHA-256"
    SHA384 = "SHA-384"
    SHA512 = "SHA-512"


class PrivProtocol(StrEnum):
    """Privacy: RFC 3414 §8, RFC 3826; longer AES keys by draft-blumenthal-aes-usm-04, or Reeder's key extension as Cisco devices use it."""

    DES = "DES"
    AES128 = "AES"
    AES192 = "AES-192"
    AES256 = "AES-256"
    AES192_CISCO = "AES-192-CISCO"
    AES256_CISCO = "AES-256-CISCO"


@dataclass(frozen=True, slots=True, kw_only=True)
class V3Keys:
    """One SNMPv3 user; a protocol that is None means that this protection is not used."""

    user: str
    auth: AuthProtocol | None = None
    auth_key: bytes = field(default=b"", repr=False)
    priv: PrivProtocol | None = None
    priv_key: bytes = field(default=b"", repr=False)


_AUTH_ALIASES = {"SHA1": AuthProtocol.SHA1, "SHA-1": AuthProtocol.SHA1}
_PRIV_ALIASES = {
    "AES128": PrivProtocol.AES128,
    "AES-128": PrivProtocol.AES128,
    "AES192C": PrivProtocol.AES192_CISCO,
    "AES256C": PrivProtocol.AES256_CISCO,
    "AES192-CISCO": PrivProtocol.AES192_CISCO,
    "AES256-CISCO": PrivProtocol.AES256_CISCO,
}
_NONE = frozenset({"", "NONE", "NO"})


def check(credential: Credential) -> None:
    """Raises `Invalid` when a credential cannot be used at all, before any target is asked."""
    if credential.kind is CredentialKind.SNMP_V3:
        v3_keys(credential)
    elif not credential.secrets.get("community"):
        raise Invalid(f"the credential {credential.name} has no community; give it one")


def v3_keys(credential: Credential) -> V3Keys:
    """The user of an `snmp_v3` credential; raises `Invalid` naming the field that is wrong, never its secret."""
    who = credential.fields.get("user", "")
    if not who:
        raise Invalid(f"the credential {credential.name} names no user; SNMPv3 needs one")
    auth = _auth(credential)
    priv = _priv(credential)
    if priv is not None and auth is None:
        raise Invalid(
            f"the credential {credential.name} has privacy without authentication, which SNMPv3 does not know (RFC 3411 §3.4.3)"
        )
    return V3Keys(
        user=who,
        auth=auth,
        auth_key=_key(credential, "auth_key") if auth else b"",
        priv=priv,
        priv_key=_key(credential, "priv_key") if priv else b"",
    )


def _auth(credential: Credential) -> AuthProtocol | None:
    word = credential.fields.get("auth_protocol", "").upper().replace("_", "-")
    if word in _NONE:
        return None
    if word in _AUTH_ALIASES:
        return _AUTH_ALIASES[word]
    for known in AuthProtocol:
        if word in (known.value, known.value.replace("-", "")):
            return known
    raise Invalid(f"the credential {credential.name} has auth_protocol {word}; known are {', '.join(AuthProtocol)}")


def _priv(credential: Credential) -> PrivProtocol | None:
    word = credential.fields.get("priv_protocol", "").upper().replace("_", "-")
    if word in _NONE:
        return None
    if word in _PRIV_ALIASES:
        return _PRIV_ALIASES[word]
    for known in PrivProtocol:
        if word in (known.value, known.value.replace("-", "")):
            return known
    raise Invalid(f"the credential {credential.name} has priv_protocol {word}; known are {', '.join(PrivProtocol)}")


def _key(credential: Credential, name: str) -> bytes:
    secret = credential.secrets.get(name, "")
    if len(secret) < 8:
        raise Invalid(
            f"the credential {credential.name} has a {name} of fewer than 8 characters, which RFC 3414 §11.2 forbids"
        )
    return secret.encode()
