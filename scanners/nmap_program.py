"""Run nmap as a program and hand on each host as nmap closes it."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import IO
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from cmdb.errors import Unavailable
from scanners.nmap_elements import is_host, read_root, whole_number
from scanners.nmap_report import HostReport, RunReport
from scanners.nmap_stages import Call

_READ_BYTES = 64 * 1024
_ERROR_BYTES = 2_000
_END_WAIT_S = 3.0
MAX_HOST_BYTES = 16 * 1024 * 1024
"""Largest host element that is kept; a full port scan with versions of one host is about 10 MB."""

Interpreter = Callable[[bytes], HostReport | None]
"""Reads one host element; None when it holds no possible address."""


@dataclass(slots=True)
class StageEnd:
    """How one run of nmap ended; `problem` is a sentence for people, None when nmap came to its end."""

    problem: str | None = None
    is_timed_out: bool = False
    is_unreadable: bool = False
    """Whether the output was not what nmap writes, so that nothing of it is certain."""

    @property
    def is_complete(self) -> bool:
        """Whether what is absent was really asked."""
        return self.problem is None


class NmapProgram:
    """One way to call nmap; `command` is the program with what stands before its arguments."""

    def __init__(self, command: Sequence[str], interpret: Interpreter) -> None:
        self._command = tuple(command)
        self._interpret = interpret

    async def hosts(self, call: Call, end: StageEnd) -> AsyncGenerator[HostReport, None]:
        """Each host as it closes; `end` is filled when the generator ends. Never raises for what nmap does.

        Closing the generator, or its time limit, kills nmap and what it started. Raises `Unavailable` when the program
        cannot be started.
        """
        with tempfile.TemporaryFile() as errors:
            process = await self._start(call, errors)
            try:
                async with aclosing(self._read(process, call, end)) as hosts:
                    async for host in hosts:
                        yield host
                if end.problem is None and process.returncode not in (0, None):
                    end.problem = f"nmap ended with {process.returncode}: {_last_words(errors)}"
                elif end.problem is not None and not end.is_timed_out and (words := _last_words(errors)):
                    end.problem = f"{end.problem} ({words})"
            finally:
                await _kill(process)

    async def _start(self, call: Call, errors: IO[bytes]) -> Process:
        words = [*self._command, *call.arguments]
        try:
            return await asyncio.create_subprocess_exec(
                *words, stdin=DEVNULL, stdout=PIPE, stderr=errors, start_new_session=True
            )
        except OSError as error:
            raise Unavailable(f"{self._command[0]} cannot be started ({error.strerror}); install nmap") from error

    async def _read(self, process: Process, call: Call, end: StageEnd) -> AsyncGenerator[HostReport, None]:
        if process.stdout is None:
            return
        splitter = HostSplitter()
        parser = DefusedXMLParser(target=splitter, forbid_dtd=False, forbid_entities=True, forbid_external=True)
        deadline = asyncio.get_running_loop().time() + call.limit_s
        try:
            while True:
                async with asyncio.timeout_at(deadline):
                    data = await process.stdout.read(_READ_BYTES)
                if not data:
                    break
                parser.feed(data)
                for raw in splitter.take():
                    if (host := self._interpret(raw)) is not None:
                        yield host
            async with asyncio.timeout_at(deadline):
                await process.wait()
        except TimeoutError:
            end.problem, end.is_timed_out = f"nmap did not end within {call.limit_s:.0f} s", True
        except (ParseError, DefusedXmlException, UnicodeError) as error:
            end.problem, end.is_unreadable = f"nmap's output cannot be read ({type(error).__name__})", True
        else:
            if splitter.run.finished is None:
                end.problem = "nmap broke off before its end"
            elif not splitter.run.is_complete:
                end.problem = f"nmap ended with an error: {splitter.run.error or splitter.run.exit}"


class HostSplitter:
    """Parser target that keeps one host at a time and drops everything else, so that memory stays flat."""

    def __init__(self) -> None:
        self.run = RunReport()
        self._depth = 0
        self._builder: TreeBuilder | None = None
        self._size = 0
        self._closed: list[bytes] = []

    def take(self) -> list[bytes]:
        """The hosts that closed since the last call, as XML."""
        closed, self._closed = self._closed, []
        return closed

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element opens."""
        depth = self._depth
        self._depth += 1
        if depth == 0:
            self.run = read_root(attributes)
        elif is_host(tag, depth):
            self._builder, self._size = TreeBuilder(), 0
        elif tag == "finished":
            self.run.finished = whole_number(attributes.get("time"))
            self.run.exit, self.run.error = attributes.get("exit"), attributes.get("errormsg")
        if self._builder is not None:
            self._grow(len(tag) + sum(len(key) + len(value) for key, value in attributes.items()))
            self._builder.start(tag, dict(attributes))

    def data(self, text: str) -> None:
        """Text between tags."""
        if self._builder is not None:
            self._grow(len(text))
            self._builder.data(text)

    def end(self, tag: str) -> None:
        """An element closes."""
        self._depth -= 1
        if self._builder is None:
            return
        self._builder.end(tag)
        if is_host(tag, self._depth):
            host: Element = self._builder.close()
            self._builder = None
            self._closed.append(tostring(host))

    def close(self) -> None:
        """The document ends."""

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > MAX_HOST_BYTES:
            raise ParseError("one host is larger than 16 MiB")


async def _kill(process: Process) -> None:
    """End the program with its children; its pipe is read to the end so that nothing of it is left."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(_END_WAIT_S):
            await process.communicate()


def _last_words(errors: IO[bytes]) -> str:
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - _ERROR_BYTES))
    lines = errors.read().decode(errors="replace").split("\n")
    return next((line.strip()[:200] for line in reversed(lines) if line.strip() and line.strip() != "QUITTING!"), "")
