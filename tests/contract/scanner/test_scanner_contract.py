"""One contract for every scanner: whatever a target does, the run goes on, ends in time, and claims only what it saw."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack
from typing import cast

import psutil
import pytest

from cmdb.observation import Draft, Observation, ScopeKind
from discovery.scanner import Notice, Outcome, ScanEvent, TargetDone
from tests.contract.scanner.harness import Behaviour, Harness, Stage, harnesses
from tests.contract.scanner.reading import NETWORK, RUN_ID, order, read
from tests.shared import lack

RUN_LIMIT_S = 90
CANCEL_LIMIT_S = 5.0


def every(behaviour: Behaviour) -> pytest.MarkDecorator:
    """Run the test with each scanner that knows the behaviour."""
    return pytest.mark.parametrize("harness", harnesses(behaviour), ids=lambda harness: harness.name)


def usable(harness: Harness) -> None:
    """Skip, or fail in CI, for what the harness lacks."""
    if lacking := harness.lacks():
        lack(lacking)


def secrets(stages: Iterable[Stage]) -> list[str]:
    """Every secret that a run was given."""
    return [secret for stage in stages for credential in stage.credentials for secret in credential.secrets.values()]


@every(Behaviour.GOOD)
async def test_a_good_target_is_read_and_ends_once(harness: Harness) -> None:
    usable(harness)
    async with harness.stage(Behaviour.GOOD) as stage:
        reading = await asyncio.wait_for(read(harness.scanner(), order([stage])), RUN_LIMIT_S)
    done = reading.outcome(stage.target)
    assert done.outcome in (Outcome.READ, Outcome.PARTIAL)
    assert any(observation.drafts for observation in reading.observations)


@every(Behaviour.GOOD)
async def test_what_is_observed_is_well_formed(harness: Harness) -> None:
    usable(harness)
    async with harness.stage(Behaviour.GOOD) as stage:
        reading = await asyncio.wait_for(read(harness.scanner(), order([stage])), RUN_LIMIT_S)
    assert [fault for observation in reading.observations for fault in faults(observation)] == []


@every(Behaviour.GOOD)
async def test_the_same_target_read_twice_says_the_same(harness: Harness) -> None:
    usable(harness)
    async with harness.stage(Behaviour.GOOD) as stage:
        first = await asyncio.wait_for(read(harness.scanner(), order([stage])), RUN_LIMIT_S)
        second = await asyncio.wait_for(read(harness.scanner(), order([stage])), RUN_LIMIT_S)
    assert contents(first.observations) == contents(second.observations)


@every(Behaviour.GOOD)
async def test_no_secret_shows_in_any_event(harness: Harness) -> None:
    usable(harness)
    async with harness.stage(Behaviour.GOOD) as stage:
        reading = await asyncio.wait_for(read(harness.scanner(), order([stage])), RUN_LIMIT_S)
    assert [secret for secret in secrets([stage]) if secret in repr(reading.events)] == []


@every(Behaviour.DOWN)
async def test_a_target_that_is_down_is_a_result_with_a_reason(harness: Harness) -> None:
    usable(harness)
    async with harness.stage(Behaviour.DOWN) as stage:
        reading = await asyncio.wait_for(read(harness.scanner(), order([stage])), RUN_LIMIT_S)
    done = reading.outcome(stage.target)
    assert done.outcome in (Outcome.NO_ANSWER, Outcome.REFUSED)
    assert done.reason
    assert [draft for observation in reading.observations for draft in observation.drafts] == []
    assert [scope for scope in reading.scopes if scope.kind is not ScopeKind.SUBNET] == []


@every(Behaviour.DOWN)
async def test_a_target_that_is_down_keeps_no_other_from_being_read(harness: Harness) -> None:
    usable(harness)
    async with AsyncExitStack() as stack:
        down = await stack.enter_async_context(harness.stage(Behaviour.DOWN))
        good = await stack.enter_async_context(harness.stage(Behaviour.GOOD))
        reading = await asyncio.wait_for(read(harness.scanner(), order([down, good])), RUN_LIMIT_S)
    assert reading.outcome(good.target).outcome in (Outcome.READ, Outcome.PARTIAL)
    assert reading.outcome(down.target).outcome in (Outcome.NO_ANSWER, Outcome.REFUSED)


@every(Behaviour.SLOW)
async def test_a_slow_target_ends_by_the_scanners_own_limit(harness: Harness) -> None:
    usable(harness)
    async with harness.stage(Behaviour.SLOW) as stage:
        reading = await asyncio.wait_for(read(harness.scanner(), order([stage])), RUN_LIMIT_S)
    done = reading.outcome(stage.target)
    assert done.outcome in (Outcome.TIMED_OUT, Outcome.NO_ANSWER, Outcome.PARTIAL)
    assert done.reason
    assert reading.scopes == ()


@every(Behaviour.REFUSING)
async def test_a_refusing_target_says_why_and_shows_no_secret(harness: Harness) -> None:
    usable(harness)
    async with harness.stage(Behaviour.REFUSING) as stage:
        reading = await asyncio.wait_for(read(harness.scanner(), order([stage])), RUN_LIMIT_S)
    done = reading.outcome(stage.target)
    assert done.outcome in (Outcome.NO_CREDENTIAL, Outcome.REFUSED, Outcome.NO_ANSWER)
    assert done.reason
    assert reading.scopes == ()
    assert [secret for secret in secrets([stage]) if secret in repr(reading.events)] == []


@every(Behaviour.LYING)
async def test_a_lying_target_ends_as_a_result_and_claims_nothing(harness: Harness) -> None:
    usable(harness)
    async with harness.stage(Behaviour.LYING) as stage:
        reading = await asyncio.wait_for(read(harness.scanner(), order([stage])), RUN_LIMIT_S)
    done = reading.outcome(stage.target)
    assert done.outcome is not Outcome.READ
    assert done.reason
    assert claimed(reading.observations) & stage.incomplete_classes == frozenset()
    assert [fault for observation in reading.observations for fault in faults(observation)] == []


@every(Behaviour.CUT_OFF)
async def test_a_target_cut_off_in_the_middle_claims_no_unfinished_class(harness: Harness) -> None:
    usable(harness)
    async with harness.stage(Behaviour.CUT_OFF) as stage:
        reading = await asyncio.wait_for(read(harness.scanner(), order([stage])), RUN_LIMIT_S)
    done = reading.outcome(stage.target)
    assert done.outcome in (Outcome.PARTIAL, Outcome.FAILED, Outcome.TIMED_OUT, Outcome.NO_ANSWER)
    assert done.reason
    assert claimed(reading.observations) & stage.incomplete_classes == frozenset()
    assert [scope for scope in reading.scopes if scope.kind is ScopeKind.SUBNET] == []


@every(Behaviour.SLOW)
async def test_a_cancelled_run_ends_at_once_with_its_children_and_tasks(harness: Harness) -> None:
    usable(harness)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    async with harness.stage(Behaviour.SLOW) as stage:
        running = {child.pid for child in psutil.Process().children(recursive=True)}
        tasks = asyncio.all_tasks()
        consumer = asyncio.create_task(read(harness.scanner(), order([stage])))
        await asyncio.sleep(0.5)
        consumer.cancel()
        _done, pending = await asyncio.wait([consumer], timeout=CANCEL_LIMIT_S)
        await asyncio.sleep(0)
        left_tasks = asyncio.all_tasks() - tasks
        left = {child.pid for child in psutil.Process().children(recursive=True)} - running - before
    assert pending == set()
    assert left == set()
    assert left_tasks == set()


@every(Behaviour.SLOW)
async def test_a_closed_iterator_ends_at_once(harness: Harness) -> None:
    usable(harness)
    async with harness.stage(Behaviour.SLOW) as stage:
        running = {child.pid for child in psutil.Process().children(recursive=True)}
        events = cast("AsyncGenerator[ScanEvent, None]", harness.scanner().scan(order([stage])))
        first = asyncio.ensure_future(anext(events))
        await asyncio.wait([first], timeout=0.5)
        if not first.done():
            first.cancel()
            await asyncio.wait([first], timeout=CANCEL_LIMIT_S)
        await asyncio.wait_for(events.aclose(), CANCEL_LIMIT_S)
        left = {child.pid for child in psutil.Process().children(recursive=True)} - running
    assert first.done()
    assert left == set()


@every(Behaviour.GOOD)
async def test_an_excluded_target_is_never_contacted(harness: Harness) -> None:
    usable(harness)
    async with harness.stage(Behaviour.GOOD) as stage:
        before = stage.contacts() if stage.contacts else 0
        reading = await asyncio.wait_for(
            read(harness.scanner(), order([stage], exclude=exclusion(stage.target))), RUN_LIMIT_S
        )
        contacts = (stage.contacts() if stage.contacts else 0) - before
    if not harness.scanner().needs_targets:
        assert reading.events
        return
    assert contacts == 0
    assert [draft for observation in reading.observations for draft in observation.drafts] == []


@every(Behaviour.GOOD)
async def test_a_scanner_says_its_name_and_its_events_are_of_known_kinds(harness: Harness) -> None:
    usable(harness)
    scanner = harness.scanner()
    async with harness.stage(Behaviour.GOOD) as stage:
        reading = await asyncio.wait_for(read(scanner, order([stage])), RUN_LIMIT_S)
    assert scanner.name
    assert all(event.text for event in reading.events if isinstance(event, Notice))
    assert all(event.seconds >= 0 for event in reading.events if isinstance(event, TargetDone))
    assert all(observation.source for observation in reading.observations)


def exclusion(target: str) -> tuple[str, ...]:
    """The target as an entry of the exclusion list."""
    try:
        return (str(ipaddress.ip_network(target, strict=False)),)
    except ValueError:
        return (target,)


def claimed(observations: Iterable[Observation]) -> frozenset[str]:
    """CI classes that some scope claims to have been seen in full."""
    names = (scope.class_name for observation in observations for scope in observation.scopes)
    return frozenset(name for name in names if name)


def contents(observations: Iterable[Observation]) -> list[str]:
    """What was said, without when, in an order of its own."""
    said: list[str] = []
    for observation in observations:
        said += [f"draft {content(draft)}" for draft in observation.drafts]
        said += [f"link {link.source} {link.type} {link.target} {plain(link.attributes)}" for link in observation.links]
        said += [f"scope {scope}" for scope in observation.scopes]
    return sorted(said)


def content(draft: Draft) -> str:
    """Everything that a draft says."""
    return f"{draft.local_id} {draft.class_name} {draft.name} {draft.native_key} {plain(draft.attributes)}"


def plain(value: object) -> str:
    """Canonical JSON."""
    return json.dumps(value, sort_keys=True)


def faults(observation: Observation) -> list[str]:
    """What is wrong with the form of an observation, in words."""
    found: list[str] = []
    ids = [draft.local_id for draft in observation.drafts]
    known = set(ids)
    if observation.run_id != RUN_ID or observation.network != NETWORK:
        found.append(f"run {observation.run_id} or network {observation.network} is not the request's")
    if observation.at.tzinfo is None:
        found.append("its time has no zone")
    if len(known) != len(ids):
        found.append("two drafts share a local_id")
    for draft in observation.drafts:
        host = draft.attributes.get("host")
        if host is not None and host not in known:
            found.append(f"{draft.local_id} names a host {host!r} that is no draft")
        if draft.class_name != draft.class_name.lower():
            found.append(f"{draft.class_name} is not in snake_case")
        try:
            json.dumps(dict(draft.attributes), allow_nan=False)
        except (TypeError, ValueError) as fault:
            found.append(f"{draft.local_id}: {fault}")
    for link in observation.links:
        found += [f"a link ends in {end!r}, no draft" for end in (link.source, link.target) if end not in known]
    for scope in observation.scopes:
        if scope.within is not None and scope.within not in known:
            found.append(f"a scope lies within {scope.within!r}, no draft")
    return found
