"""Hosts by SSH: one conversation each, one script, nothing written there.

Options: `ports` ("22,2222"), `host_keys_file` (where host keys are pinned), `sudo` ("yes": what root alone may read is
asked by `sudo -n`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import ClassVar

from cmdb.errors import Invalid
from discovery.host_keys import HostKeyFile
from discovery.scanner import Notice, Observed, Outcome, ScanEvent, ScanRequest, TargetDone
from scanners.ssh_host import KINDS, HostReader, Plan
from scanners.ssh_targets import Target, expand, is_too_large, network_of

DEFAULT_PORTS = (22,)
QUEUE_LENGTH = 64
STOP_S = 4.0


class SshScanner:
    """Reads the hosts of a request, as many at once as its limits say."""

    name: ClassVar[str] = "ssh"
    needs_targets: ClassVar[bool] = True
    credential_kinds: ClassVar[frozenset[str]] = KINDS

    async def scan(self, request: ScanRequest) -> AsyncIterator[ScanEvent]:
        """What each host says as soon as it has said it, then how it ended; of a range only the addresses that answer."""
        ports = _ports(request.options.get("ports", ""))
        path = request.options.get("host_keys_file")
        keys = HostKeyFile(Path(path) if path else None)
        if path is None:
            yield Notice(
                "host keys are compared within this run only: the option host_keys_file names no file to pin them in"
            )
        run = _Run(request, Plan.of(request, ports=ports, keys=keys))
        async for event in run.events():
            yield event


class _Run:
    """The workers of one run and the queue that they fill."""

    def __init__(self, request: ScanRequest, plan: Plan) -> None:
        self._request = request
        self._plan = plan
        self._queue: asyncio.Queue[ScanEvent | None] = asyncio.Queue(QUEUE_LENGTH)
        self._targets: Iterator[Target] = expand(request.targets, plan.exclusion)
        self._open: set[str] = set()
        self._asked: Counter[str] = Counter()
        self._answered: Counter[str] = Counter()

    async def events(self) -> AsyncIterator[ScanEvent]:
        """Events until all is done; ends every worker when closed."""
        work = asyncio.create_task(self._work())
        try:
            while (event := await self._queue.get()) is not None:
                yield event
            await work
        finally:
            work.cancel()
            await asyncio.wait([work], timeout=STOP_S)

    async def _work(self) -> None:
        try:
            await self._read_all()
        except asyncio.CancelledError:
            raise
        except BaseException:
            await self._queue.put(None)
            raise
        await self._queue.put(None)

    async def _read_all(self) -> None:
        limits = self._request.limits
        try:
            async with asyncio.timeout(limits.run_timeout_s), asyncio.TaskGroup() as group:
                for _ in range(max(1, limits.max_in_flight)):
                    group.create_task(self._worker())
        except TimeoutError:
            reason = f"timed out: the run's limit of {limits.run_timeout_s:g} s was over"
            left = [*self._open, *(target.text for target in self._targets if target.network is None)]
            for text in left:
                await self._queue.put(TargetDone(target=text, outcome=Outcome.TIMED_OUT, reason=reason))
        for text in dict.fromkeys(self._request.targets):
            if (done := self._range_done(text)) is not None:
                await self._queue.put(done)

    async def _worker(self) -> None:
        for target in self._targets:
            if target.network is None:
                self._open.add(target.text)
            result = await HostReader(self._plan, target).read()
            for observation in result.observations:
                await self._queue.put(Observed(observation))
            if target.network is not None:
                self._asked[target.network] += 1
                self._answered[target.network] += result.has_answered
            self._open.discard(target.text)
            if target.network is None or result.has_answered:
                await self._queue.put(result.done)

    def _range_done(self, text: str) -> TargetDone | None:
        if is_too_large(text):
            return TargetDone(
                target=text, outcome=Outcome.FAILED, reason="a range of more than 65,536 addresses: give smaller ones"
            )
        if network_of(text) is None:
            return None
        asked, answered = self._asked[text], self._answered[text]
        found = f"{answered} of {asked} addresses answer on SSH"
        if answered == 0:
            return TargetDone(
                target=text, outcome=Outcome.NO_ANSWER, reason=f"no answer from any of {asked} addresses", found=found
            )
        return TargetDone(target=text, outcome=Outcome.READ, found=found)


def _ports(text: str) -> tuple[int, ...]:
    if not text.strip():
        return DEFAULT_PORTS
    fields = [field.strip() for field in text.split(",") if field.strip()]
    if not fields or not all(field.isdecimal() and 0 < int(field) < 65536 for field in fields) or len(fields) > 16:
        raise Invalid(f"ports must be at most 16 numbers from 1 to 65535 with commas between, not {text!r}")
    return tuple(dict.fromkeys(int(field) for field in fields))
