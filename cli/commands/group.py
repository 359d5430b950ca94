"""`cmdb group` and `cmdb ungroup`: how many of several things a CI needs, as a person says it."""

from __future__ import annotations

import click

from cli.options import context, json_option, print_json, store_option
from cli.terminal import console
from cli.wiring import Context, utc_now
from cmdb.amending import Amender
from cmdb.changeset import Revision
from cmdb.editing.grouping import Grouping
from cmdb.entities import CI
from cmdb.lookup import find_ci


def _grouping(found: Context) -> Grouping:
    return Grouping(Amender(found.store, found.registry, found.policy, clock=utc_now))


def _cis(found: Context, names: tuple[str, ...]) -> list[CI]:
    return [find_ci(found.store, found.registry, name) for name in names]


@click.command()
@click.argument("ci_name", metavar="CI")
@click.argument("member_names", metavar="MEMBER...", nargs=-1, required=True)
@click.option("--min-up", type=int, metavar="N", help="How many of the members are needed.")
@click.option("--min-up-percent", type=float, metavar="P", help="How much of the members is needed, 0 to 100.")
@click.option("--name", metavar="NAME", help="What the group is called; a group of this name is replaced.")
@click.option("--reason", metavar="TEXT", required=True, help="Why; stands in the history.")
@json_option
@store_option
def group(
    *,
    ci_name: str,
    member_names: tuple[str, ...],
    min_up: int | None,
    min_up_percent: float | None,
    name: str | None,
    reason: str,
    as_json: bool,
    store_url: str | None,
) -> None:
    """Say that a CI needs so many of its members; goes before what sources say of the same group.

    Example: cmdb group shop web01 web02 web03 --min-up 2 --name frontends --reason 'load test of May'
    """
    with context(store_url) as found:
        of = find_ci(found.store, found.registry, ci_name)
        members = _cis(found, member_names)
        revision = _grouping(found).group(
            of.id,
            [member.id for member in members],
            min_up=min_up,
            min_up_percent=min_up_percent,
            name=name,
            by=found.settings.user,
            reason=reason,
        )
    needed = f"{min_up} of" if min_up is not None else f"{min_up_percent:g} % of"
    _tell(as_json, of, revision, f"needs {needed} {', '.join(member.name for member in members)}")


@click.command()
@click.argument("ci_name", metavar="CI")
@click.argument("member_names", metavar="[MEMBER]...", nargs=-1)
@click.option("--name", metavar="NAME", help="What the group is called; else name its members.")
@click.option("--reason", metavar="TEXT", required=True, help="Why; stands in the history.")
@json_option
@store_option
def ungroup(
    *,
    ci_name: str,
    member_names: tuple[str, ...],
    name: str | None,
    reason: str,
    as_json: bool,
    store_url: str | None,
) -> None:
    """Take back what people said of a redundancy group; where a source says it too, its next word stands.

    Example: cmdb ungroup shop --name frontends --reason 'the load balancer knows'
    """
    with context(store_url) as found:
        of = find_ci(found.store, found.registry, ci_name)
        members = [member.id for member in _cis(found, member_names)]
        revision = _grouping(found).ungroup(of.id, name=name, members=members, by=found.settings.user, reason=reason)
    _tell(as_json, of, revision, "group taken back")


def _tell(as_json: bool, of: CI, revision: Revision | None, said: str) -> None:
    number = None if revision is None else revision.number
    if as_json:
        print_json({"of": of.id, "revision": number})
        return
    done = "nothing changed" if number is None else f"revision {number}"
    console().print(f"{of.name} ({of.id}): {said}; {done}", markup=False)
