"""Laws of absence under generated faults: nothing that is there is ever retired, and what is gone is, in the end.

A source scans an estate of twenty once a day. Some days something goes wrong: the run fails, reads a part, is refused, gets a
cut answer that it takes for whole (half of it, or the first page of another size), its clock is wrong, or an old scan is told again.

Answers that are cut leave out at least ten of the twenty: what three complete looks deny of up to five things is believed, by design.
"""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, field, replace
from enum import StrEnum

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmdb.amending import Amender
from cmdb.entities import Kind
from cmdb.ingest import Ingest
from cmdb.lifecycle.tidying import Tidying
from cmdb.observation import Draft, Observation, Unreachable
from cmdb.reconcile.plan import Reconciler
from cmdb.reconcile.precedence import Policy
from cmdb.store.protocol import Store
from cmdb.store.sqlite.store import SqliteStore
from tests.unit.reconcile.builders import REGISTRY, World, all_of, day, draft, subnet

SIZE = 20
MOST_GONE = 5
"""As many as may go without asking."""


class Fault(StrEnum):
    """What goes wrong with one scan."""

    NONE = "none"
    FAILED = "failed"
    PARTIAL = "partial"
    UNAUTHORISED = "unauthorised"
    HALF_EMPTY = "half empty"
    PAGE_SIZE = "page size"
    EMPTY = "empty"
    CLOCK_BEHIND = "clock behind"
    CLOCK_AHEAD = "clock ahead"
    REPLAY = "replay"


@dataclass(frozen=True)
class Step:
    """One day: a fault, how bad, and whether one thing really goes."""

    fault: Fault
    size: int
    is_one_gone: bool


STEPS = st.lists(
    st.builds(
        Step,
        fault=st.sampled_from(Fault),
        size=st.integers(0, 200),
        is_one_gone=st.integers(0, 5).map(lambda number: number == 0),
    ),
    min_size=1,
    max_size=14,
)


@dataclass
class Estate:
    """What is really there, a source that looks, and the store that is told."""

    store: Store
    kind: str
    today: int = 1
    there: list[int] = field(default_factory=lambda: list(range(SIZE)))
    told: list[Observation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = World(self.store)
        self.world.ingest = Ingest(self.store, Reconciler(REGISTRY, Policy()), clock=self.now)
        self.run(Step(Fault.NONE, 0, is_one_gone=False))

    def now(self) -> dt.datetime:
        """Noon of today."""
        return day(self.today) + dt.timedelta(hours=12)

    def thing(self, number: int) -> Draft:
        """One thing as the source tells of it."""
        if self.kind == "vcenter":
            return draft("virtual_machine", f"v{number}", key=f"v{number}", name=f"v{number}")
        return draft("device", f"v{number}", ips=[f"192.0.2.{number + 1}"], macs=[f"d8:bb:c1:00:01:{number:02x}"])

    def run(self, step: Step) -> None:
        """A day passes: something may go, the source scans, the store is told and tidied."""
        self.today += 1
        if step.is_one_gone and len(self.there) > SIZE - MOST_GONE:
            self.there.remove(self.there[step.size % len(self.there)])
        for told in self.observations(step):
            self.world.ingest.submit(told, by="test")
        Tidying(Amender(self.store, REGISTRY, Policy(), clock=self.now)).tidy(by="tidy")

    def observations(self, step: Step) -> list[Observation]:
        """What the source tells of today."""
        scope = all_of("virtual_machine") if self.kind == "vcenter" else subnet("192.0.2.0/24")
        whole = Observation(
            source=self.kind,
            run_id=f"run-{self.today}",
            at=self.now(),
            drafts=tuple(self.thing(number) for number in self.there),
            scopes=(scope,),
        )
        match step.fault:
            case Fault.FAILED:
                return []
            case Fault.PARTIAL:
                return [replace(whole, drafts=whole.drafts[: step.size % 9], scopes=())]
            case Fault.UNAUTHORISED:
                return [
                    Observation(
                        source=self.kind,
                        run_id=whole.run_id,
                        at=whole.at,
                        unreachable=tuple(
                            Unreachable(address=f"192.0.2.{n + 1}", reason="refused") for n in range(SIZE)
                        ),
                    )
                ]
            case Fault.HALF_EMPTY:
                return [replace(whole, drafts=tuple(self.thing(n) for n in self.there if n < SIZE // 2))]
            case Fault.PAGE_SIZE:
                # pages of at most 9: eleven or more of what was there at first are not on the first
                return [replace(whole, drafts=tuple(self.thing(n) for n in self.there if n <= step.size % 9))]
            case Fault.EMPTY:
                return [replace(whole, drafts=())]
            case Fault.CLOCK_BEHIND:
                return self._kept(replace(whole, at=whole.at - dt.timedelta(days=step.size)))
            case Fault.CLOCK_AHEAD:
                return [
                    replace(whole, at=whole.at + dt.timedelta(days=1 + step.size), drafts=whole.drafts[: step.size % 9])
                ]
            case Fault.REPLAY if self.told:
                return [self.told[step.size % len(self.told)]] * 3
            case _:
                return self._kept(whole)

    def _kept(self, told: Observation) -> list[Observation]:
        self.told.append(told)
        return [told]

    def retired(self) -> set[str]:
        """Names or addresses of what the store holds for gone."""
        return {_label(ci.name) for ci in self.world.cis() if ci.lifecycle == "retired"}

    def labels(self) -> set[str]:
        """Names or addresses of what is really there."""
        return {f"v{n}" if self.kind == "vcenter" else str(n) for n in self.there}


def _label(name: str) -> str:
    if name.startswith("v"):
        return name
    return str(int(name.rsplit(":", 1)[-1], 16)) if ":" in name else str(int(name.rsplit(".", 1)[-1]) - 1)


def check_laws(store: Store, kind: str, steps: list[Step]) -> None:
    """Run the days one after the other; nothing that is there is retired on any of them, and in the end all that is gone is."""
    estate = Estate(store, kind)
    for step in steps:
        estate.run(step)
        assert not estate.retired() & estate.labels(), step
    gone = {f"v{n}" if kind == "vcenter" else str(n) for n in range(SIZE)} - estate.labels()
    for _ in range(9):
        estate.run(Step(Fault.NONE, 0, is_one_gone=False))
    assert estate.retired() == gone
    assert [item for item in store.scan(Kind.REVIEW) if getattr(item, "kind", "") == "unsafe_retirement"] == []


@pytest.mark.parametrize("kind", ["vcenter", "nmap"])
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=STEPS)
def test_no_fault_retires_what_is_there_and_what_is_gone_is_retired(kind: str, steps: list[Step]) -> None:
    check_laws(SqliteStore.in_memory(), kind, steps)


_STORY = [
    Step(fault, size, is_one_gone=gone)
    for fault, size, gone in [
        (Fault.HALF_EMPTY, 0, True),
        (Fault.PAGE_SIZE, 4, False),
        (Fault.CLOCK_AHEAD, 50, False),
        (Fault.EMPTY, 0, False),
        (Fault.REPLAY, 0, False),
        (Fault.UNAUTHORISED, 0, True),
        (Fault.HALF_EMPTY, 0, False),
        (Fault.EMPTY, 0, False),
        (Fault.CLOCK_BEHIND, 5, False),
        (Fault.EMPTY, 0, False),
    ]
]


@pytest.mark.parametrize("kind", ["vcenter", "nmap"])
def test_one_bad_fortnight_retires_nothing_on_any_store(store: Store, kind: str) -> None:
    check_laws(store, kind, _STORY)


@settings(max_examples=15, deadline=None)
@given(
    order=st.permutations(range(4)),
    repeats=st.lists(st.integers(0, 3), max_size=12),
)
def test_a_replayed_scan_brings_no_retirement_nearer(order: list[int], repeats: list[int]) -> None:
    """Four looks, of which two are complete misses: told in any order and again, the thing has been missed twice."""
    estate = Estate(SqliteStore.in_memory(), "vcenter")
    missed = [thing for thing in range(SIZE) if thing != 7]
    looks = []
    for number, things in enumerate((range(SIZE), missed, missed, range(SIZE))):
        drafts = tuple(estate.thing(thing) for thing in things)
        # the last one completes nothing and sees nothing of it
        scopes = (all_of("virtual_machine"),) if number < 3 else ()
        at = day(3 + 10 * number)
        looks.append(
            Observation(source="vcenter", run_id=f"r{number}", at=at, drafts=drafts if scopes else (), scopes=scopes)
        )
    estate.today = 100
    for number in itertools.chain(order, repeats):
        estate.world.ingest.submit(looks[number], by="test")
        assert estate.retired() == set()
