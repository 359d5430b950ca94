"""`cmdb generate`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cmdb.errors import Invalid
from cmdb.formats.estate import generate_estate

MAX_CIS = 10_000_000


@click.command()
@click.option("--cis", required=True, type=int, help="How many CIs.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same estate.")
@click.option("--out", type=click.Path(dir_okay=False), help="File to write; standard output when left out.")
def generate(*, cis: int, seed: int, out: str | None) -> None:
    """Write a synthetic layered estate in the graph format.

    Example: cmdb generate --cis 10000 | cmdb import graph -
    """
    if not 1 <= cis <= MAX_CIS:
        raise Invalid(f"--cis {cis} is not between 1 and {MAX_CIS}")
    lines = generate_estate(cis, seed=seed)
    if out is None:
        for line in lines:
            sys.stdout.write(line + "\n")
        return
    try:
        with Path(out).open("w", encoding="utf-8") as stream:
            stream.writelines(line + "\n" for line in lines)
    except OSError as error:
        raise Invalid(f"cannot be written: {error.strerror}", place=out) from error
