"""The recordings of fixtures/fingerprints: what came out right once stays right, out of sight too (docs/truth.md)."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.fingerprint_cases import cases
from benchmarks.fingerprints import Tally, counts_of, judge, spoken_as
from cmdb.normalise.recognition import recognise
from tests.shared import fixtures_path


@pytest.fixture(scope="module")
def tallies() -> dict[bool, Tally]:
    found: dict[bool, Tally] = {True: Counter(), False: Counter()}
    for case in cases(fixtures_path("fingerprints")):
        for question, verdict, _, _ in judge(case, recognise(spoken_as(case), case.text)):
            found[case.is_hidden][case.kind, question, verdict] += 1
    return found


def test_about_a_third_of_the_recordings_is_out_of_sight() -> None:
    shares = Counter(case.is_hidden for case in cases(fixtures_path("fingerprints")))

    assert shares == {True: 498, False: 1065}


@pytest.mark.parametrize(
    ("question", "right", "wrong"), [("vendor", 0.74, 0.06), ("product", 0.69, 0.13), ("version", 0.77, 0.08)]
)
def test_out_of_sight_right_answers_stay_and_wrong_ones_do_not_grow(
    tallies: dict[bool, Tally], question: str, right: float, wrong: float
) -> None:
    counts = counts_of(tallies[True], question)
    asked = sum(counts.values())

    assert counts["right"] / asked >= right
    assert counts["wrong"] / asked <= wrong


@pytest.mark.parametrize(
    ("question", "right", "wrong"), [("vendor", 0.94, 0.02), ("product", 0.90, 0.07), ("version", 0.88, 0.06)]
)
def test_descriptions_in_sight_are_read_right(
    tallies: dict[bool, Tally], question: str, right: float, wrong: float
) -> None:
    counts = counts_of(tallies[False], question, "snmp_sysdescr")
    asked = sum(counts.values())

    assert counts["right"] / asked >= right
    assert counts["wrong"] / asked <= wrong
