"""`cmdb edit`, `cmdb relate` and `cmdb unrelate`: what a person says goes before what sources say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import click

from cli.options import context, json_option, print_json, store_option
from cli.terminal import console, table
from cli.wiring import Context, utc_now
from cmdb.amending import Amender
from cmdb.documents import Document
from cmdb.editing.answers import edited
from cmdb.editing.edits import Editing, Why
from cmdb.editing.words import said_in, until_from
from cmdb.entities import CI
from cmdb.lookup import find_ci, follow

F = TypeVar("F", bound=Callable[..., Any])


def _why_options(command: F) -> F:
    command = click.option(
        "--until",
        metavar="TIME",
        help="When it runs out: a time, or a span such as '30 d'. Without it, it holds until taken back.",
    )(command)
    return click.option("--reason", metavar="TEXT", required=True, help="Why; shown beside the value.")(command)


def _relationship_options(command: F) -> F:
    """What `relate` and `unrelate` take, in the order in which people write it."""
    options = (
        click.argument("source_name", metavar="CI"),
        click.argument("type_name", metavar="TYPE"),
        click.argument("target_name", metavar="CI"),
        click.option(
            "--unset",
            "is_taken_back",
            is_flag=True,
            help="Take back what people said of it; only sources speak of it then.",
        ),
        _why_options,
        json_option,
        store_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def _why(found: Context, reason: str, until: str | None) -> Why:
    ends = None if until is None else until_from(until, now=utc_now())
    return Why(by=found.settings.user, reason=reason, until=ends)


def _editing(found: Context) -> Editing:
    return Editing(Amender(found.store, found.registry, found.policy, clock=utc_now))


def _after(found: Context, ci: CI) -> CI:
    after = follow(found.store, ci.id)
    return ci if after is None else after


@click.command()
@click.argument("ci_name", metavar="CI")
@click.argument("words", metavar="[NAME=VALUE]...", nargs=-1)
@click.option(
    "--unset", metavar="NAME", multiple=True, help="Take back every edit of this attribute; sources speak again."
)
@_why_options
@json_option
@store_option
def edit(
    *,
    ci_name: str,
    words: tuple[str, ...],
    unset: tuple[str, ...],
    reason: str,
    until: str | None,
    as_json: bool,
    store_url: str | None,
) -> None:
    """Say what is right for a CI; it goes before every source, until taken back or run out.

    NAME is an attribute, name, class or lifecycle; NAME= says that there is none. A list is a,b or JSON. What the edit blocks
    later is in cmdb review.

    Example: cmdb edit db01 owner=Ana lifecycle=maintenance --until '30 d' --reason 'moves to the new rack'
    """
    with context(store_url) as found:
        before = find_ci(found.store, found.registry, ci_name)
        said = said_in(words, before.class_name, found.registry)
        revision = _editing(found).edit(before.id, said, unset=unset, why=_why(found, reason, until))
        document = edited(before, _after(found, before), revision)
    if as_json:
        print_json(document)
    else:
        _print(document)


def _print(document: Document) -> None:
    out = console()
    revision = document["revision"]
    said = "nothing changed" if revision is None else f"revision {revision}"
    out.print(f"{document['name']} ({document['id']}): {said}", markup=False)
    changes = cast("dict[str, list[object]]", document["changes"])
    if changes:
        out.print(table(("attribute", "was", "is"), ((name, was, now) for name, (was, now) in changes.items())))
    elif revision is not None:
        out.print("the values are what they were; the edit keeps them so", style="dim")


@click.command()
@_relationship_options
def relate(
    *,
    source_name: str,
    type_name: str,
    target_name: str,
    is_taken_back: bool,
    reason: str,
    until: str | None,
    as_json: bool,
    store_url: str | None,
) -> None:
    """Say that one CI is related to another; reads from the first to the second.

    Example: cmdb relate shop DEPENDS_ON db01 --reason 'told by the vendor'
    """
    _relationship(
        (source_name, type_name, target_name),
        None if is_taken_back else True,
        reason=reason,
        until=until,
        as_json=as_json,
        store_url=store_url,
    )


@click.command()
@_relationship_options
def unrelate(
    *,
    source_name: str,
    type_name: str,
    target_name: str,
    is_taken_back: bool,
    reason: str,
    until: str | None,
    as_json: bool,
    store_url: str | None,
) -> None:
    """Say that there is no such relationship: it ends, and no source brings it back while this holds.

    Example: cmdb unrelate shop DEPENDS_ON db02 --reason 'db02 only took the old backups'
    """
    _relationship(
        (source_name, type_name, target_name),
        None if is_taken_back else False,
        reason=reason,
        until=until,
        as_json=as_json,
        store_url=store_url,
    )


def _relationship(
    names: tuple[str, str, str],
    is_there: bool | None,
    *,
    reason: str,
    until: str | None,
    as_json: bool,
    store_url: str | None,
) -> None:
    with context(store_url) as found:
        source, target = (find_ci(found.store, found.registry, name) for name in (names[0], names[2]))
        kind = found.registry.relationship_type(names[1])
        editing = _editing(found)
        say = {True: editing.relate, False: editing.unrelate, None: editing.leave_relationship}[is_there]
        revision = say(source.id, kind.name, target.id, why=_why(found, reason, until))
    number = None if revision is None else revision.number
    if as_json:
        print_json(
            {"source": source.id, "type": kind.name, "target": target.id, "is_there": is_there, "revision": number}
        )
        return
    said = {True: "", False: "not: ", None: "taken back: "}[is_there]
    done = "nothing changed" if number is None else f"revision {number}"
    console().print(f"{said}{source.name} -[{kind.name}]-> {target.name}: {done}", markup=False)
