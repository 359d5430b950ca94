"""What something says of itself, and what is behind it: the values that banners, sysDescr and their like are read into."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Spoken(StrEnum):
    """Where a text was heard; each place has its own grammar."""

    SYSDESCR = "sysdescr"
    """SNMPv2-MIB::sysDescr.0 (RFC 3418), alone or behind a sysObjectID."""
    SSH = "ssh"
    """What follows `SSH-2.0-` (RFC 4253 §4.2: software version, then comments)."""
    HTTP = "http"
    """A Server header (RFC 9110 §10.2.4: product tokens and comments)."""
    TELNET = "telnet"
    """What is printed up to the login prompt."""
    GREETING = "greeting"
    """First line of FTP, SMTP, POP3, IMAP, NNTP; SIP's User-Agent; DNS version.bind; NTP's version."""
    SMB = "smb"
    """NativeOS of a session set-up (MS-CIFS §2.2.4.53.2)."""
    X509 = "x509"
    """Subject of a certificate as RFC 4514 spells it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the things behind a text; None where it was not said and does not follow."""

    vendor: str | None = None
    family: str | None = None
    product: str | None = None
    version: str | None = None
    model: str | None = None
    """The bare designation where the product's name says more around it: `G700` of `G700 Media Gateway`."""

    def __bool__(self) -> bool:
        return any((self.vendor, self.family, self.product, self.version, self.model))


NOTHING = Part()


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is behind one text: the program that spoke, the system that it runs on, the machine around both."""

    service: Part = NOTHING
    system: Part = NOTHING
    hardware: Part = NOTHING
    architecture: str | None = None
    components: tuple[Part, ...] = field(default=())
    """Modules, libraries and languages that the program named beside itself, in its order."""

    def __bool__(self) -> bool:
        return bool(self.service or self.system or self.hardware)


UNKNOWN = Fingerprint()
