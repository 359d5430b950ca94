"""Run a program to its end within a time limit; its own words go into the error."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

Words = Sequence[str | Path]


class CommandFailed(Exception):
    """A program that the lab needs ended badly."""


def run(words: Words, *, text: str | None = None, timeout_s: float = 60.0) -> str:
    """Standard output of the program; raises `CommandFailed` with its last lines."""
    done = attempt(words, text=text, timeout_s=timeout_s)
    if done.returncode:
        tail = "\n".join((done.stderr or done.stdout).splitlines()[-8:])
        raise CommandFailed(f"{' '.join(map(str, words[:6]))} ended with {done.returncode}: {tail}")
    return done.stdout


def attempt(words: Words, *, text: str | None = None, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    """The ended program, whatever its exit code; raises `CommandFailed` when it does not end in time."""
    try:
        return subprocess.run(
            [str(word) for word in words],
            input=text,
            stdin=None if text is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired as late:
        raise CommandFailed(f"{words[0]} did not end within {timeout_s:g} s") from late
