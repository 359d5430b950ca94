"""Programs of this machine that the local scanner asks, bounded in time and in output."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Mapping, Sequence

MAX_OUTPUT_BYTES = 32 * 1024 * 1024
_SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_ENVIRONMENT: Mapping[str, str] = {"LC_ALL": "C", "PATH": os.pathsep.join(_SYSTEM_PATH)}


def find_program(name: str) -> str | None:
    """Where the system's own program lies; a person's PATH is not asked, so that the answer is the machine's."""
    return shutil.which(name, path=_ENVIRONMENT["PATH"])


async def output_of(program: str, arguments: Sequence[str], *, timeout_s: float) -> str | None:
    """What the program printed, in the C locale; None where it is missing, fails, floods or takes longer."""
    path = find_program(program)
    if path is None:
        return None
    try:
        process = await asyncio.create_subprocess_exec(
            path,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(_ENVIRONMENT),
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(timeout_s):
            data = await _bounded(process)
            code = await process.wait()
    except TimeoutError:
        return None
    finally:
        await _end(process)
    return data.decode("utf-8", "replace") if code == 0 and data is not None else None


async def _bounded(process: asyncio.subprocess.Process) -> bytes | None:
    assert process.stdout is not None
    chunks: list[bytes] = []
    size = 0
    while chunk := await process.stdout.read(1 << 16):
        size += len(chunk)
        if size > MAX_OUTPUT_BYTES:
            process.kill()
            return None
        chunks.append(chunk)
    return b"".join(chunks)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await process.wait()
    # closes the pipes' transports, which the loop would otherwise complain of
    transport = getattr(process, "_transport", None)
    if transport is not None:
        transport.close()
