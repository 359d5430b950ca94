"""Run the SNMP scanner where the lab's scanner stands, with the lab's credentials, and print its events as JSON lines.

`python -m tests.integration.snmp_lab_scan TARGET…`, inside the scanner's namespace.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys

import msgspec

from discovery.credentials import Credential, CredentialKind
from discovery.scanner import ScanRequest
from scanners.snmp import SnmpScanner
from tests.lab.topology import (
    LEGACY_COMMUNITY,
    SNMP_AUTH_KEY,
    SNMP_AUTH_PROTOCOL,
    SNMP_COMMUNITY,
    SNMP_PRIV_KEY,
    SNMP_PRIV_PROTOCOL,
    SNMP_USER,
)
from tests.support.network_guard import require_scanner_namespace

CREDENTIALS = (
    Credential(name="mistaken", kind=CredentialKind.SNMP_V2C, secrets={"community": "mistaken"}),
    Credential(name="public", kind=CredentialKind.SNMP_V2C, secrets={"community": SNMP_COMMUNITY}),
    Credential(name="legacy", kind=CredentialKind.SNMP_V2C, secrets={"community": LEGACY_COMMUNITY}),
    Credential(
        name="v3",
        kind=CredentialKind.SNMP_V3,
        fields={"user": SNMP_USER, "auth_protocol": SNMP_AUTH_PROTOCOL, "priv_protocol": SNMP_PRIV_PROTOCOL},
        secrets={"auth_key": SNMP_AUTH_KEY, "priv_key": SNMP_PRIV_KEY},
    ),
)


async def scan(targets: tuple[str, ...]) -> None:
    """Print everything that the scanner says."""
    require_scanner_namespace(targets)
    request = ScanRequest(
        run_id="lab-run", started_at=dt.datetime.now(dt.UTC), targets=targets, credentials=CREDENTIALS
    )
    async for event in SnmpScanner().scan(request):
        print(msgspec.json.encode({"kind": type(event).__name__, "event": event}).decode(), flush=True)


if __name__ == "__main__":
    asyncio.run(scan(tuple(sys.argv[1:])))
