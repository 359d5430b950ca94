"""Vendors, products and versions read from banners, beside what the recordings of fixtures/fingerprints say they are.

    python -m benchmarks.fingerprints [FOLDER] [--misses]

Two shares are printed: the third that was kept out of sight while the patterns were written (the result), and the other
two thirds. A question is a vendor, a product or a version that a case expects of the program (`service.*`) or of the
machine and its system (`hw.*` and `os.*`, which the recordings use for one another on gear). It is *right* when ours is
among the expected, *missing* when we say nothing, *wrong* when we say something else. Score: (questions − missing −
2 × wrong) / questions. Makers are compared by the one spelling of `cmdb.normalise.spelling`, products without case,
punctuation and their maker's name, against product, family or model; versions must be equal, but for a leading v and final .0.
`--misses` lists what is not right among the cases in sight, never a hidden one.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.fingerprint_cases import Case, cases
from cmdb.normalise.fingerprint import Fingerprint, Part, Spoken
from cmdb.normalise.recognition import recognise
from cmdb.normalise.spelling import one_spelling

GOALS = {"vendor": 0.95, "product": 0.90, "version": 0.95}
FIXTURES = Path(__file__).resolve().parent.parent.parent / "shared" / "fixtures" / "fingerprints"
_KINDS = {
    "snmp_sysdescr": Spoken.SYSDESCR,
    "snmp_sysobjid": Spoken.SYSDESCR,
    "ssh_banners": Spoken.SSH,
    "http_servers": Spoken.HTTP,
    "smb_native_os": Spoken.SMB,
    "telnet_banners": Spoken.TELNET,
    "x509_subjects": Spoken.X509,
}
_PRODUCT_KEYS = ("product", "family", "model", "series")
Tally = Counter[tuple[str, str, str]]
"""(kind, question, verdict) → how often."""


def main() -> int:
    """0 when the hidden third meets every goal, 1 otherwise."""
    parser = argparse.ArgumentParser(description="fingerprints: right, missing and wrong")
    parser.add_argument("folder", nargs="?", type=Path, default=FIXTURES)
    parser.add_argument("--misses", action="store_true", help="list what is not right among the cases in sight")
    arguments = parser.parse_args()
    tallies: dict[bool, Tally] = {True: Counter(), False: Counter()}
    for case in cases(arguments.folder):
        found = recognise(spoken_as(case), case.text)
        for question, verdict, said, expected in judge(case, found):
            tallies[case.is_hidden][case.kind, question, verdict] += 1
            if arguments.misses and verdict != "right" and not case.is_hidden:
                sys.stdout.write(f"{case.kind}\t{question}\t{verdict}\t{said}\t{expected}\t{case.text[:160]!r}\n")
    console = Console(width=110)
    console.print(_table("hidden third (the result)", tallies[True]))
    console.print(_table("two thirds in sight", tallies[False]))
    return 0 if all(score(tallies[True], question) >= goal for question, goal in GOALS.items()) else 1


def spoken_as(case: Case) -> Spoken:
    """Where the text of a case was heard."""
    return _KINDS[case.kind]


def judge(case: Case, found: Fingerprint) -> Iterable[tuple[str, str, str, str]]:
    """Question, verdict, what we say and what is expected, for every question of a case."""
    service = ({"service": found.service}, ("service",))
    machine = ({"os": found.system, "hw": found.hardware}, ("os", "hw"))
    for parts, prefixes in (service, machine):
        for question in GOALS:
            expected = _expected(case.expect, prefixes, question)
            said = _said(parts.values(), question)
            if expected:
                verdict = "missing" if not said else "right" if said & expected else "wrong"
                yield question, verdict, "|".join(sorted(said)), "|".join(sorted(expected))


def score(tally: Tally, question: str, kind: str | None = None) -> float:
    """Share of right answers less the share of wrong ones, -1 to 1; 1 where nothing was asked."""
    counts = counts_of(tally, question, kind)
    asked = sum(counts.values())
    return (asked - counts["missing"] - 2 * counts["wrong"]) / asked if asked else 1.0


def counts_of(tally: Tally, question: str, kind: str | None = None) -> Counter[str]:
    """How often each verdict was given to a question, over one kind of text or all."""
    counts: Counter[str] = Counter()
    for (of_kind, of_question, verdict), number in tally.items():
        if of_question == question and kind in (None, of_kind):
            counts[verdict] += number
    return counts


def _expected(expect: Mapping[str, str], prefixes: Iterable[str], question: str) -> set[str]:
    keys = _PRODUCT_KEYS if question == "product" else (question,)
    vendors = [expect[f"{prefix}.vendor"] for prefix in prefixes if f"{prefix}.vendor" in expect]
    values = [expect[f"{prefix}.{key}"] for prefix in prefixes for key in keys if expect.get(f"{prefix}.{key}")]
    if question == "product" and not any(
        f"{prefix}.{key}" in expect for prefix in prefixes for key in ("product", "family")
    ):
        return set()
    return {_spelled(question, value, vendors) for value in values} - {""}


def _said(parts: Iterable[Part], question: str) -> set[str]:
    said: set[str] = set()
    for part in parts:
        values = (part.product, part.family, part.model) if question == "product" else (getattr(part, question),)
        vendors = [part.vendor] if part.vendor else []
        said |= {_spelled(question, value, vendors) for value in values if value}
    return said - {""}


def _spelled(question: str, value: str, vendors: Iterable[str]) -> str:
    if question == "vendor":
        return _folded(one_spelling(value) or value)
    if question == "version":
        return re.sub(r"(\.0)+$", "", re.sub(r"^[vV](?=\d)", "", value.strip()))
    folded = _folded(value)
    for vendor in vendors:
        bare = folded.removeprefix(_folded(vendor))
        folded = bare or folded
    return folded


def _folded(value: str) -> str:
    return "".join(character for character in value.casefold() if character.isalnum())


def _table(title: str, tally: Tally) -> Table:
    table = Table(title=title, title_justify="left")
    for column in ("kind", "question"):
        table.add_column(column)
    for column in ("asked", "right", "missing", "wrong", "right %", "score %", "goal"):
        table.add_column(column, justify="right")
    for kind in (*_KINDS, None):
        for question, goal in GOALS.items():
            counts = counts_of(tally, question, kind)
            asked = sum(counts.values())
            if asked:
                table.add_row(
                    kind or "all", question, str(asked), str(counts["right"]), str(counts["missing"]),
                    str(counts["wrong"]), f"{100 * counts['right'] / asked:.1f}",
                    f"{100 * score(tally, question, kind):.1f}", f"{100 * goal:.0f}" if kind is None else "",
                )  # fmt: skip
    return table


if __name__ == "__main__":
    raise SystemExit(main())
