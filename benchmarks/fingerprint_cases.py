"""The cases of fixtures/fingerprints in two shares: one that patterns are written by, and a third that is kept out of sight.

    python -m benchmarks.fingerprint_cases FOLDER          prints the cases in sight, one JSON object a line

A case is hidden when the SHA-256 of `kind:text`, read as a number, is divisible by three. The rule was fixed before any
case was looked at, so the figures of the hidden share say how far the patterns carry beyond what they were written by.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_SHARES = 3


@dataclass(frozen=True, slots=True)
class Case:
    """One text that something says of itself, and what is known to be behind it."""

    kind: str
    text: str
    expect: Mapping[str, str]
    asserted: frozenset[str]
    """The keys that were written on the example itself, not only on its pattern; empty where nothing says so."""

    @property
    def is_hidden(self) -> bool:
        """Whether the case belongs to the third that nobody looks at while writing patterns."""
        digest = hashlib.sha256(f"{self.kind}:{self.text}".encode()).digest()
        return int.from_bytes(digest) % _SHARES == 0


def cases(folder: Path) -> Iterator[Case]:
    """Every case of the folder's `*.jsonl` files, by file name and line; raises OSError or ValueError for what is no case."""
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                said = json.loads(line)
                yield Case(
                    kind=said["kind"],
                    text=said["text"],
                    expect=said["expect"],
                    asserted=frozenset(said.get("asserted", ())),
                )


def main() -> None:
    """Print the cases in sight of the folder that was named; never a hidden one."""
    for case in cases(Path(sys.argv[1])):
        if not case.is_hidden:
            print(json.dumps({"kind": case.kind, "text": case.text, "expect": case.expect}, ensure_ascii=False))


if __name__ == "__main__":
    main()
