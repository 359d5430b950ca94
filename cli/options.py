"""Options that several commands share, and how a command opens its store."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

from cli.settings import read_settings
from cli.wiring import Context, opened
from cmdb.errors import Invalid
from cmdb.history.as_of import view
from cmdb.history.past import cautions
from cmdb.store.protocol import Store
from cmdb.store.view import View

F = TypeVar("F", bound=Callable[..., Any])


def store_option(command: F) -> F:
    """`--store` after the command's name as well as before it."""
    return click.option("--store", "store_url", metavar="URL", help="Store to work on [env: CMDB_STORE].")(command)


def json_option(command: F) -> F:
    """`--json` for programs."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON on standard output and nothing else there."
    )(command)


def as_of_option(command: F) -> F:
    """`--as-of` for questions about the past."""
    return click.option(
        "--as-of",
        metavar="WHEN",
        help="As it was at a time of commit, such as 2026-01-31T12:00Z, or right after a revision, such as @17.",
    )(command)


def as_of_view(store: Store, as_of: str | None) -> View:
    """The store, now or as `--as-of` says; what is to be said of a daily answer goes to standard error."""
    found = view(store, as_of)
    for caution in cautions(found):
        click.echo(f"cmdb: {caution}", err=True)
    return found


@contextlib.contextmanager
def context(store_url: str | None) -> Iterator[Context]:
    """The command's context; the option after the command wins over the one before it, that over the environment."""
    chosen = store_url or click.get_current_context().find_root().obj
    with opened(read_settings(), chosen) as found:
        yield found


def print_json(document: object) -> None:
    """One document, compact, UTF-8."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=_plain) + "\n")


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def parse_time(text: str, option: str) -> dt.datetime:
    """An ISO 8601 time; without an offset it is UTC. Raises `Invalid` naming the option."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{option} {text!r} is no time; write it as 2026-01-31 or 2026-01-31T12:00:00Z") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)
