"""One spelling for each kind of value: pure functions, idempotent, None for what is not of the kind."""

from __future__ import annotations

import ipaddress
import re
import uuid

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_MAC_SEPARATED = re.compile(r"(?:[0-9a-f]{1,2}[:\- ]){5}[0-9a-f]{1,2}")
_MAC_BARE = re.compile(r"(?:[0-9a-f]{12}|[0-9a-f]{4}([.:\-])[0-9a-f]{4}\1[0-9a-f]{4}|[0-9a-f]{6}[:\-][0-9a-f]{6})")
_CANONICAL_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_CANONICAL_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_UUID = re.compile(r"[0-9a-f]{32}")
_UUID_PUNCTUATION = str.maketrans("", "", "-{} :")


def text(value: str) -> str | None:
    """Free text without control characters (Unicode Cc) and outer blanks; None when nothing is left.

    Line breaks and tabs become one blank, so that words stay apart; half surrogate pairs become U+FFFD, as UTF-8 has none.
    """
    if not value.isprintable():
        value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        value = _BREAKS.sub(" ", _CONTROLS.sub("", value))
    return value.strip() or None


def serial(value: str) -> str | None:
    """A serial number or asset tag for comparison: upper case, no control characters, no outer blanks (design §6, spelling)."""
    cleaned = text(_BREAKS.sub("", value) if not value.isprintable() else value)
    return cleaned.upper().strip() or None if cleaned else None


def mac(value: str) -> str | None:
    """An EUI-48 as six lower-case octets with colons (IEEE 802-2014 §8.1 in the spelling of RFC 9542 §2.1).

    Reads colons, dashes, blanks, Cisco's dotted groups, bare and 0x-prefixed hex, and octets without their leading zero.
    """
    lowered = value.strip().lower()
    if _CANONICAL_MAC.fullmatch(lowered):
        return lowered
    lowered = lowered.removeprefix("0x")
    if _MAC_SEPARATED.fullmatch(lowered):
        return ":".join(octet.zfill(2) for octet in re.split(r"[:\- ]", lowered))
    if _MAC_BARE.fullmatch(lowered):
        digits = re.sub(r"[.:\-]", "", lowered)
        return ":".join(digits[start : start + 2] for start in range(0, 12, 2))
    return None


def uuid_forms(value: str) -> tuple[str, ...]:
    """Both readings of a UUID, the likelier first, the same tuple for either byte order; empty when it is none.

    SMBIOS 2.6 and later store the first three fields little-endian (DSP0134 §7.2.1) and some programs print them as stored,
    so one machine is told in two spellings. A UUID that reads the same both ways has one form.
    """
    digits = _uuid_digits(value)
    if digits is None:
        return ()
    said = uuid.UUID(digits)
    both = {str(said), str(uuid.UUID(bytes=said.bytes_le))}
    return tuple(sorted(both, key=lambda form: (-_likelihood(form), form)))


def uuid_shown(value: str) -> str | None:
    """The UUID as it is shown: the likelier byte order, else the one that was said; None when it is none."""
    digits = _uuid_digits(value)
    if digits is None:
        return None
    said = str(uuid.UUID(digits))
    best = uuid_forms(value)[0]
    return best if _likelihood(best) > _likelihood(said) else said


def _uuid_digits(value: str) -> str | None:
    digits = value.strip().lower().removeprefix("urn:uuid:").translate(_UUID_PUNCTUATION)
    return digits if _UUID.fullmatch(digits) else None


def _likelihood(form: str) -> int:
    # VMware's own UUIDs begin with the letters VM (56 4d); elsewhere a version and variant of RFC 9562 §4 speak for the order
    if form.startswith("564d"):
        return 2
    return 1 if form[14] in "12345678" and form[19] in "89ab" else 0


def ip(value: str) -> str | None:
    """An address in RFC 5952 form; IPv4-mapped IPv6 (RFC 4291 §2.5.5.2) as IPv4, a zone index (RFC 4007 §11) left out."""
    if _CANONICAL_IPV4.fullmatch(value):
        return value
    bare = value.strip().partition("%")[0]
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def interface_address(value: str) -> str | None:
    """The address of `address` or `address/prefix length`, as `ip` spells it."""
    return ip(value) or ip(value.partition("/")[0])


def cidr(value: str) -> str | None:
    """A network as `address/prefix length` with host bits cleared (RFC 4632 §3.1); a lone address is its own network."""
    address, slash, mask = value.strip().partition("/")
    bare = ip(address)
    if bare is None:
        return None
    try:
        return str(ipaddress.ip_network(f"{bare}/{mask}" if slash else bare, strict=False))
    except ValueError:
        return None
