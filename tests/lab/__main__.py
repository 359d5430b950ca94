"""The lab from a shell: `python -m tests.lab build | up | status | exec NODE COMMAND… | down`.

`exec scanner COMMAND…` runs a command where the scanner stands.
"""

from __future__ import annotations

import os
import sys
import time

from tests.lab.command import CommandFailed
from tests.lab.lifecycle import Lab
from tests.lab.places import Places

_SHOWN_ADDRESSES = 3


def main(words: list[str]) -> int:
    """Exit code of one command."""
    lab = Lab(Places.from_environment())
    verb, *rest = words or ["status"]
    started = time.monotonic()
    try:
        if verb == "exec" and len(rest) > 1:
            command = lab.command_in(rest[0], rest[1:])
            os.execvp(command[0], command)
        elif verb in ("build", "up", "down") and not rest:
            {"build": lab.build, "up": lab.up, "down": lab.down}[verb]()
            print(f"{verb}: done in {time.monotonic() - started:.1f} s")
        elif verb == "status" and not rest:
            for name, is_up, addresses in lab.status():
                shown = ", ".join(addresses[:_SHOWN_ADDRESSES])
                more = f" and {len(addresses) - _SHOWN_ADDRESSES} more" if len(addresses) > _SHOWN_ADDRESSES else ""
                print(f"{name:8} {'up' if is_up else 'down':5} {shown}{more}")
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except CommandFailed as failure:
        print(f"lab: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
