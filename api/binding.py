"""Who may reach the API before users exist: this machine only, or whoever has the bootstrap token."""

from __future__ import annotations

import ipaddress

from cmdb.errors import Denied

SHORTEST_TOKEN = 16


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine (RFC 6761 §6.3 for localhost, RFC 1122 §3.2.1.3, RFC 4291 §2.5.3)."""
    name = host.strip().rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def check_bind(host: str, token: str | None) -> None:
    """Raise `Denied` when listening on `host` would let strangers in."""
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise Denied(f"the bootstrap token has {len(token)} characters; give at least {SHORTEST_TOKEN} random ones")
    if token is None and not is_loopback(host):
        raise Denied(
            f"listening on {host} would let everybody on the network read and change the CMDB, since there are no users yet; "
            "listen on 127.0.0.1, or set CMDB_BOOTSTRAP_TOKEN_FILE, and then every call needs that token"
        )
