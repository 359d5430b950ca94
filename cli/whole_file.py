"""A file that is written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from cmdb.errors import Invalid


def write_whole(path: Path, lines: Iterable[str]) -> None:
    """Write a whole file of lines or none: beside it first, then in its place; raises `Invalid` when it cannot be written."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                for line in lines:
                    stream.write(line + "\n")
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise Invalid(f"cannot be written: {error.strerror}", place=str(path)) from error
