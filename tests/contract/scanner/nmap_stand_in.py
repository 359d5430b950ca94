"""Stands before nmap: calls the real one in the test's namespace, or misbehaves as nmap would, by target.

Arguments: a JSON file `{"namespace": PATH, "behaviours": {ADDRESS: BEHAVIOUR}}`, then nmap's own. Prints nmap's XML.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

HEAD = '<?xml version="1.0"?>\n<nmaprun scanner="nmap" start="1767225600" version="7.93">\n'
TAIL = '<runstats><finished time="1767225660" exit="success"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>\n'
UP = '<host><status state="up" reason="echo-reply"/><address addr="{address}" addrtype="ipv4"/>'
PORT = '<port protocol="tcp" portid="{port}"><state state="open" reason="syn-ack"/><service name="ssh" method="table"/></port>'


def main() -> None:
    """Run nmap, or what is left of it."""
    plan = json.loads(Path(sys.argv[1]).read_text())
    arguments = sys.argv[2:]
    for address, behaviour in plan["behaviours"].items():
        if address in arguments:
            misbehave(behaviour, address, is_liveness="-sn" in arguments)
            return
    os.execvp("nsenter", ["nsenter", f"--net={plan['namespace']}", "nmap", *arguments])


def misbehave(behaviour: str, address: str, *, is_liveness: bool) -> None:
    """Say one host is up, and go wrong afterwards."""
    say(HEAD)
    if behaviour == "slow":
        # a child of its own, so that ending nmap alone would leave something behind
        subprocess.Popen(["sleep", "600"])
        time.sleep(600)
    say(UP.format(address=address))
    if is_liveness:
        say("</host>" + TAIL)
    elif behaviour == "cut off":
        say("<ports>" + PORT.format(port=22))
    elif behaviour == "lying":
        impossible = "".join(PORT.format(port=port) for port in (99999, -1, "abc"))
        say(f"<ports>{impossible}</ports></host>")
        # the host and the garbage arrive one after the other
        time.sleep(0.2)
        sys.stdout.buffer.write(bytes(range(256)) * 1000)


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


main()
