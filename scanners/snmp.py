"""The SNMP scanner: agents by v2c and v3, read in parallel, each within its own bounds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from cmdb.errors import CmdbError, Invalid, NotFound
from discovery.credentials import Credential, CredentialKind
from discovery.safety import Target, parse_target
from discovery.scanner import Notice, Observed, Outcome, ScanEvent, ScanRequest, TargetDone
from scanners.snmp_access import Access, Opened
from scanners.snmp_credential import check
from scanners.snmp_families import Families, known_families
from scanners.snmp_guard import MAX_REPETITIONS, GuardLimits
from scanners.snmp_gufo import GufoTransport
from scanners.snmp_mapping import SOURCE, Mapped, Stamp, mapped, observations
from scanners.snmp_pysnmp import PysnmpEngine
from scanners.snmp_reading import read_agent
from scanners.snmp_topology import learned_cables

DEFAULT_PORT = 161
_WAITING_PER_READING = 4
"""Dead addresses cost only waiting: so many more of them are asked at once than agents are read."""
_MAX_SOCKETS = 512
"""Of all that wait, one a credential each; 1,024 descriptors is the usual limit of a process."""
_SWEEP_TIMEOUT_S, _SWEEP_RESENDS = 1.0, 2
"""Most addresses of a network are empty: 1, 1.5 and 2.25 s are waited for each. One that was asked for by itself gets the full wait."""
_GRACE_S = 10.0
"""The guard ends a reading by itself and keeps what was read; only a fault of its own would take longer."""
_OPTIONS = frozenset({"port", "timeout_s", "resends", "max_repetitions", "backend"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One address to read; `target` is what was asked for, the address itself inside a `network`."""

    target: str
    address: str
    network: str | None = None


@dataclass(slots=True)
class _Run:
    """What the workers of one run share."""

    request: ScanRequest
    access: Access
    sweep: Access
    limits: GuardLimits
    families: Families
    credentials: tuple[Credential, ...]
    asked: Iterator[_Asked]
    readings: asyncio.Semaphore
    events: asyncio.Queue[ScanEvent | None]
    deadline: float
    devices: list[Mapped] = field(default_factory=list)
    answered: dict[str, int] = field(default_factory=dict)


class SnmpScanner:
    """Reads MIB-II, IF, IP, ENTITY, HOST-RESOURCES, LLDP, CDP, BRIDGE, TCP and vendor objects of each agent that answers.

    Options: `port` (161), `timeout_s` (1.5) and `resends` (3) of one request, `max_repetitions` (50), `backend` (gufo or pysnmp).
    """

    name: ClassVar[str] = SOURCE
    needs_targets: ClassVar[bool] = True
    credential_kinds: ClassVar[frozenset[str]] = frozenset({CredentialKind.SNMP_V2C, CredentialKind.SNMP_V3})

    async def scan(self, request: ScanRequest) -> AsyncIterator[ScanEvent]:
        """Observations as agents are read; for each address asked for one `TargetDone`, for each network one besides those of the
        agents that were found in it. Raises `Invalid` for an option that is none.
        """
        loop = asyncio.get_running_loop()
        limits = guard_limits(request)
        credentials, notices = usable_credentials(request)
        for notice in notices:
            yield notice
        targets, failed = await _parsed(request)
        for done in failed:
            yield done
        engine = PysnmpEngine()
        access = Access(
            dial=GufoTransport if request.options.get("backend", "gufo") == "gufo" else engine.transport,
            dial_spare=engine.transport,
            limits=limits,
            port=_whole(request.options, "port", DEFAULT_PORT),
        )
        patience = replace(
            limits, timeout_s=min(limits.timeout_s, _SWEEP_TIMEOUT_S), resends=min(limits.resends, _SWEEP_RESENDS)
        )
        run = _Run(
            request=request,
            access=access,
            sweep=replace(access, limits=patience),
            limits=limits,
            families=known_families(),
            credentials=credentials,
            asked=_addresses(targets, request),
            readings=asyncio.Semaphore(max(1, request.limits.max_in_flight)),
            events=asyncio.Queue(maxsize=64),
            deadline=loop.time() + request.limits.run_timeout_s,
        )
        count = min(
            max(1, request.limits.max_in_flight) * _WAITING_PER_READING,
            max(1, _MAX_SOCKETS // (len(credentials) + 1)),
            sum(_size(target) for target in targets) or 1,
        )
        crew = asyncio.create_task(_work(run, count))
        try:
            while (event := await _next(run.events, crew)) is not None:
                yield event
            for target in targets:
                if _size(target) > 1:
                    yield _swept(target, run.answered.get(target.text, 0), is_open=loop.time() < run.deadline)
            for observation in learned_cables(run.devices, _stamp(request)):
                yield Observed(observation)
        finally:
            crew.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await crew
            engine.close()


async def _work(run: _Run, count: int) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(_worker(run))
    await run.events.put(None)


async def _next(events: asyncio.Queue[ScanEvent | None], crew: asyncio.Task[None]) -> ScanEvent | None:
    """The next event, None at the end; raises what ended the crew early."""
    getter = asyncio.ensure_future(events.get())
    try:
        await asyncio.wait([getter, crew], return_when=asyncio.FIRST_COMPLETED)
        if not getter.done() and events.empty():
            await crew
        return await getter
    finally:
        getter.cancel()


async def _worker(run: _Run) -> None:
    loop = asyncio.get_running_loop()
    for asked in run.asked:
        started = loop.time()
        if started >= run.deadline:
            if asked.network is None:
                reason = f"not read: the run was over after {run.request.limits.run_timeout_s:g} s"
                await run.events.put(TargetDone(target=asked.target, outcome=Outcome.TIMED_OUT, reason=reason))
            continue
        try:
            done = await _read(run, asked)
        except TimeoutError:
            done = TargetDone(
                target=asked.target,
                outcome=Outcome.TIMED_OUT,
                reason=f"timed out after {run.request.limits.target_timeout_s:g} s",
            )
        except Exception as error:
            done = TargetDone(target=asked.target, outcome=Outcome.FAILED, reason=f"{type(error).__name__}: {error}")
        if done.outcome is Outcome.NO_ANSWER and asked.network is not None:
            continue
        seconds = loop.time() - started
        await run.events.put(
            TargetDone(
                target=done.target,
                outcome=done.outcome,
                reason=done.reason,
                credential=done.credential,
                seconds=seconds,
                found=done.found,
            )
        )


async def _read(run: _Run, asked: _Asked) -> TargetDone:
    if not run.credentials:
        reason = "no SNMP credential was given; name one with a community or an SNMPv3 user"
        return TargetDone(target=asked.target, outcome=Outcome.NO_CREDENTIAL, reason=reason)
    access = run.access if asked.network is None else run.sweep
    allowed_s = run.request.limits.target_timeout_s
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with asyncio.timeout(allowed_s):
        opened = await access.open(asked.address, run.credentials)
    if not isinstance(opened, Opened):
        return TargetDone(target=asked.target, outcome=opened.outcome, reason=opened.reason)
    left_s = allowed_s - (loop.time() - started)
    try:
        async with run.readings:
            limits = replace(run.limits, total_s=max(min(left_s, run.deadline - loop.time()), 1.0))
            async with asyncio.timeout(limits.total_s + _GRACE_S):
                reading = await read_agent(opened.client(limits), run.families, opened.system)
    finally:
        opened.close()
    found = mapped(reading, run.families, address=asked.address)
    if asked.network is not None:
        run.answered[asked.network] = run.answered.get(asked.network, 0) + 1
    for observation in observations(found, _stamp(run.request)):
        await run.events.put(Observed(observation))
    run.devices.append(found)
    count = len(reading.faults)
    parts = "one part" if count == 1 else f"{count} parts"
    reason = f"{parts} could not be read to the end: {reading.faults[0]}" if count else ""
    return TargetDone(
        target=asked.target,
        outcome=Outcome.PARTIAL if reading.faults else Outcome.READ,
        reason=reason,
        credential=opened.credential.name,
        found=_in_words(found),
    )


def _in_words(found: Mapped) -> str:
    device = found.device
    told = [str(device.attributes.get(key, "")) for key in ("manufacturer", "model", "os_name", "os_version")]
    if told[1].startswith(told[0]):
        told[0] = ""
    words = [word for word in told if word]
    ports = sum(draft.class_name == "interface" for draft in found.rows.drafts.values())
    return f"{device.name or device.class_name}: {' '.join(words) or device.class_name}, {ports} interfaces"


def _swept(target: Target, answered: int, *, is_open: bool) -> TargetDone:
    if not is_open:
        return TargetDone(
            target=target.text, outcome=Outcome.TIMED_OUT, reason="the run was over before every address was asked"
        )
    if not answered:
        return TargetDone(
            target=target.text,
            outcome=Outcome.NO_ANSWER,
            reason=f"none of {_usable(target)} addresses let itself be read by SNMP",
        )
    return TargetDone(
        target=target.text, outcome=Outcome.READ, found=f"{answered} of {_usable(target)} addresses read by SNMP"
    )


async def _parsed(request: ScanRequest) -> tuple[list[Target], list[TargetDone]]:
    targets, failed = [], []
    for text in request.targets:
        try:
            targets.append(await asyncio.to_thread(parse_target, text))
        except (Invalid, NotFound) as error:
            failed.append(TargetDone(target=text, outcome=Outcome.FAILED, reason=error.message))
    return targets, failed


def _addresses(targets: list[Target], request: ScanRequest) -> Iterator[_Asked]:
    excluded = [network for text in request.exclude for network in parse_target(text).networks]
    seen: set[object] = set()
    for target in targets:
        size = _size(target)
        network = target.networks[0]
        for address in network.hosts() if size > 2 else network:
            if address in seen or any(address.version == each.version and address in each for each in excluded):
                continue
            seen.add(address)
            yield _Asked(
                target=str(address) if size > 1 else target.text,
                address=str(address),
                network=target.text if size > 1 else None,
            )


def _size(target: Target) -> int:
    """Addresses of a network; a host name with several addresses is one, read at the first that it resolves to."""
    return target.networks[0].num_addresses


def _usable(target: Target) -> int:
    """Addresses that hosts can have: without those of the network itself and of broadcast (RFC 919)."""
    network = target.networks[0]
    return network.num_addresses - 2 if network.version == 4 and network.num_addresses > 2 else network.num_addresses


def _stamp(request: ScanRequest) -> Stamp:
    return Stamp(run_id=request.run_id, at=request.started_at, network=request.network)


def guard_limits(request: ScanRequest) -> GuardLimits:
    """The bounds of one agent; raises `Invalid` for an unknown option or a value that is no number."""
    unknown = sorted(set(request.options) - _OPTIONS)
    if unknown:
        raise Invalid(f"the SNMP scanner has no option {', '.join(unknown)}; it has {', '.join(sorted(_OPTIONS))}")
    if (backend := request.options.get("backend", "gufo")) not in ("gufo", "pysnmp"):
        raise Invalid(f"backend {backend!r} is none of gufo, pysnmp")
    try:
        timeout_s = float(request.options.get("timeout_s", "1.5"))
    except ValueError:
        raise Invalid(f"timeout_s {request.options['timeout_s']!r} is no number of seconds") from None
    if not 0.05 <= timeout_s <= 60:
        raise Invalid(f"timeout_s {timeout_s:g} is outside 0.05 to 60 seconds")
    return GuardLimits(
        timeout_s=timeout_s,
        resends=_whole(request.options, "resends", 3),
        max_rows=request.limits.max_rows_per_target,
        total_s=request.limits.target_timeout_s,
        max_repetitions=_whole(request.options, "max_repetitions", MAX_REPETITIONS),
    )


def _whole(options: Mapping[str, str], name: str, default: int) -> int:
    text = options.get(name, str(default))
    if not text.isdecimal() or not 0 <= int(text) <= 65_535:
        raise Invalid(f"{name} {text!r} is no whole number from 0 to 65535")
    return int(text)


def usable_credentials(request: ScanRequest) -> tuple[tuple[Credential, ...], tuple[Notice, ...]]:
    """The credentials that can be used for SNMP, and a word on each that is one and cannot."""
    usable, notices = [], []
    for credential in request.credentials:
        if credential.kind not in SnmpScanner.credential_kinds:
            continue
        try:
            check(credential)
        except CmdbError as error:
            notices.append(Notice(f"{error.message}; it is left out"))
        else:
            usable.append(credential)
    return tuple(usable), tuple(notices)
