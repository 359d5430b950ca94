"""Laws of whose value stands: total, whatever the order; edits first; silence; clearing; unions; confidence."""

from __future__ import annotations

import datetime as dt
import random
from fractions import Fraction
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.entities import CI, Claim, ClaimValue
from cmdb.reconcile.confidence import together
from cmdb.reconcile.policy_file import UNION_ATTRIBUTES
from cmdb.reconcile.precedence import Policy, Said, heard, winner
from cmdb.reconcile.ranking import Ranking, Rule
from cmdb.reconcile.values import settle
from cmdb.values import Value
from tests.unit.reconcile.builders import REGISTRY, day

LAW = settings(max_examples=300, deadline=None)
NOW = day(100)
POLICY = Policy()
TIERS = (("ssh", "agent"), ("vcenter",), ("snmp",), ("csv", "graph", "*"), ("nmap",))
TIER = {source: place for place, tier in enumerate(TIERS) for source in tier}
DURATION = dt.timedelta(days=30)
CLEARING = ("csv", "ssh")
RANKING = Ranking(
    [
        Rule(
            class_name="configuration_item",
            tiers=TIERS,
            durations=(("*", DURATION),),
            may_clear=CLEARING,
            place="law:1",
        )
    ]
)

sources = st.sampled_from(["ssh", "agent", "vcenter", "snmp", "csv", "graph", "nmap", "person:kim", "person:lee"])
days = st.sampled_from([0, 1, 20, 31, 32, 60, 99]).map(day)
values = st.sampled_from(["a", "b", "c"])


@st.composite
def words(draw: st.DrawFn) -> Said:
    """One source's word; people's may run out, sources' may be left out since."""
    source, at = draw(sources), draw(days)
    is_person = source.startswith("person:")
    until = draw(st.sampled_from([None, day(50), day(100), day(200)])) if is_person else None
    left_out = None if is_person else draw(st.sampled_from([None, None, at + dt.timedelta(days=5)]))
    return Said(draw(values), source, draw(st.sampled_from(["1", "2"])), at, left_out_at=left_out, until=until)


many = st.lists(words(), min_size=1, max_size=7, unique_by=lambda one: (one.source, one.record))


@LAW
@given(many, st.randoms(use_true_random=False))
def test_the_winner_is_the_same_in_any_order(said: list[Said], mixer: random.Random) -> None:
    mixed = list(said)
    mixer.shuffle(mixed)
    first, second = heard(said, RANKING, now=NOW), heard(mixed, RANKING, now=NOW)
    assert bool(first) == bool(second)
    if first:
        assert winner(first, RANKING) == winner(second, RANKING)


@LAW
@given(many)
def test_a_person_whose_word_holds_goes_first_and_of_several_the_newest(said: list[Said]) -> None:
    people = [one for one in said if one.is_person and (one.until is None or one.until > NOW)]
    counted = heard(said, RANKING, now=NOW)
    if people:
        assert winner(counted, RANKING).is_person
        assert winner(counted, RANKING).at == max(one.at for one in people)
    elif counted:
        assert not winner(counted, RANKING).is_person


@LAW
@given(many)
def test_no_better_source_loses_unless_it_fell_silent(said: list[Said]) -> None:
    counted = heard(said, RANKING, now=NOW)
    if not counted or winner(counted, RANKING).is_person:
        return
    best, newest = winner(counted, RANKING), max(one.at for one in counted)
    assert newest - best.at <= DURATION
    for one in counted:
        if TIER[one.source] < TIER[best.source]:
            assert newest - one.at > DURATION
        if TIER[one.source] == TIER[best.source]:
            assert one.at <= best.at


@LAW
@given(many, words())
def test_a_word_that_is_silent_or_worse_changes_nothing(said: list[Said], more: Said) -> None:
    counted = heard(said, RANKING, now=NOW)
    if not counted or more.is_person or more.left_out_at is not None:
        return
    best = winner(counted, RANKING)
    is_worse = best.is_person or TIER[more.source] > TIER[best.source]
    if is_worse and more.at <= max(one.at for one in counted):
        assert winner([*counted, more], RANKING) == best


@LAW
@given(many)
def test_only_a_source_that_may_clear_says_none_and_only_by_leaving_out(said: list[Said]) -> None:
    cleared = {(one.source, one.record) for one in heard(said, RANKING, now=NOW) if one.value is None}
    assert cleared == {
        (one.source, one.record) for one in said if one.left_out_at is not None and one.source in CLEARING
    }


def _claim(source: str, record: str, said: dict[str, Value]) -> Claim:
    return Claim(
        id=f"{source}/{record}",
        ci="c",
        source=source,
        network="default",
        record=record,
        native_key=None,
        class_name="server",
        name="db1",
        values={name: ClaimValue(value) for name, value in said.items()},
    )


CI_BEFORE = CI(id="c", class_name="server", name="db1", created_at=day(0))
addresses = st.lists(st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.3"]), min_size=1, max_size=3, unique=True)
claimed = st.fixed_dictionaries(
    {}, optional={"model": values, "os_name": values, "ip_addresses": addresses, "lifecycle": st.just("maintenance")}
)


@LAW
@given(st.lists(st.tuples(sources, claimed, days), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_a_union_holds_what_any_says_and_nothing_else(
    told: list[tuple[str, dict[str, Value], dt.datetime]], mixer: random.Random
) -> None:
    dated = [(_claim(source, str(place), said), at) for place, (source, said, at) in enumerate(told)]
    said: set[str] = set()
    for _, one, _ in told:
        said |= set(cast("list[str]", one.get("ip_addresses", [])))
    settled = settle(CI_BEFORE, dated, REGISTRY, POLICY, now=NOW)
    assert settled.attributes.get("ip_addresses", []) == sorted(said)
    assert "ip_addresses" in UNION_ATTRIBUTES
    mixer.shuffle(dated)
    assert settle(CI_BEFORE, dated, REGISTRY, POLICY, now=NOW) == settled


@LAW
@given(sources, claimed, days)
def test_a_second_record_that_says_the_same_changes_nothing(
    source: str, said: dict[str, Value], at: dt.datetime
) -> None:
    one = (_claim(source, "1", said), at)
    twin = (_claim(source, "2", said), at)
    assert settle(CI_BEFORE, [one, twin], REGISTRY, POLICY, now=NOW) == settle(
        CI_BEFORE, [one], REGISTRY, POLICY, now=NOW
    )


confidences = st.lists(st.integers(0, 100).map(lambda percent: percent / 100), min_size=1, max_size=6)


@LAW
@given(confidences, st.randoms(use_true_random=False))
def test_several_sources_together_are_one_minus_the_product_of_their_doubts(
    said: list[float], mixer: random.Random
) -> None:
    doubt = Fraction(1)
    for confidence in said:
        doubt *= 1 - Fraction(confidence)
    assert together(said) == pytest.approx(float(1 - doubt), abs=1e-12)
    mixed = list(said)
    mixer.shuffle(mixed)
    assert together(mixed) == together(said)


@LAW
@given(confidences, st.floats(0, 1))
def test_a_further_source_never_makes_it_less_sure(said: list[float], more: float) -> None:
    assert max(together(said), more) - 1e-12 <= together([*said, more]) <= 1


@pytest.mark.parametrize(
    ("said", "sure"),
    [([], 0.0), ([0.7], 0.7), ([0.5, 0.5], 0.75), ([0.9, 0.5], 0.95), ([1.0, 0.2], 1.0), ([0.0, 0.0], 0.0)],
)
def test_confidences_by_hand(said: list[float], sure: float) -> None:
    assert together(said) == pytest.approx(sure)
