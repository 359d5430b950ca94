"""`cmdb impact`."""

from __future__ import annotations

from typing import cast

import click

from cli.options import as_of_option, as_of_view, context, json_option, print_json, store_option
from cli.terminal import console, table
from cli.travel import travel_rules
from cli.wiring import Context
from cmdb.classes.spec import Family
from cmdb.entities import CI, Kind, Relationship
from cmdb.history.past import Past, cautions
from cmdb.lookup import find_ci
from cmdb.store.view import View
from impact.blast_radius import BlastRadius, blast_radius
from impact.graph import ImpactGraph

SHOWN = 40


@click.command()
@click.argument("cis", metavar="[CI…]", nargs=-1)
@click.option("--already-down", multiple=True, metavar="CI", help="A CI that is down for another reason.")
@click.option("--not-impacted", multiple=True, metavar="CI", help="A CI that is known to stay up.")
@click.option(
    "--min-confidence",
    default=0.0,
    show_default=True,
    help="Leave out relationships that are less sure than this (0–1).",
)
@as_of_option
@click.option("--limit", type=int, help="List at most so many; the answer says how many it leaves out.")
@json_option
@store_option
def impact(
    *,
    cis: tuple[str, ...],
    already_down: tuple[str, ...],
    not_impacted: tuple[str, ...],
    min_confidence: float,
    as_of: str | None,
    limit: int | None,
    as_json: bool,
    store_url: str | None,
) -> None:
    """Show what fails when these CIs fail together, and why.

    Example: cmdb impact db01 --not-impacted web02
    """
    with context(store_url) as found:
        travel = travel_rules(found.registry)
        view = as_of_view(found.store, as_of)
        if isinstance(view, Past):
            graph = ImpactGraph.as_of(found.store, view.then, travel)
        else:
            graph = ImpactGraph.build(found.store, travel)
        radius = blast_radius(
            graph,
            _ids(found, view, cis),
            already_down=_ids(found, view, already_down),
            not_impacted=_ids(found, view, not_impacted),
            min_confidence=min_confidence,
            limit=limit,
            as_of=as_of,
        )
        if as_json:
            document = radius.to_document()
            print_json({**document, "warnings": [*radius.warnings, *cautions(view)]})
            return
        print_radius(found, view, radius)


def _ids(found: Context, view: View, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(find_ci(view, found.registry, name).id for name in names))


def print_radius(found: Context, view: View, radius: BlastRadius) -> None:
    """The radius for people: roots, services, then everything by hops."""
    out = console()
    names = {id_: ci.name for id_, ci in view.get_many(Kind.CI, radius.roots).items() if isinstance(ci, CI)}
    roots = ", ".join(names.get(root, root) for root in radius.roots) or "nothing"
    services = len(radius.services)
    out.print(
        f"If {roots} fails: {radius.down} down, {radius.degraded} degraded"
        + (f", {services} business service{'' if services == 1 else 's'} among them" if services else ""),
        style="bold",
        markup=False,
    )
    shown = radius.impacted[:SHOWN]
    hosts = _hosts(found, view, [row.id for row in shown])
    rows = [
        (row.state, row.name, row.class_name, hosts.get(row.id, ""), row.hops, f"{row.confidence:.2f}", row.because)
        for row in shown
    ]
    if rows:
        columns = ("state", "name", "class", "on", "hops", "confidence", "because")
        out.print(table(columns, rows, right=("hops", "confidence")))
    left = len(radius.impacted) - SHOWN + radius.omitted
    if left > 0:
        out.print(f"… and {left} more; --json lists all", style="dim")
    for warning in radius.warnings:
        out.print(warning, style="yellow", markup=False)


def _hosts(found: Context, view: View, ids: list[str]) -> dict[str, str]:
    """Names of the hosts that dependent CIs are in, by CI."""
    links = [cast("Relationship", entity) for entity in view.find(Kind.RELATIONSHIP, "source", ids)]
    ends = view.get_many(Kind.CI, {end for link in links for end in (link.source, link.target)})
    hosts: dict[str, str] = {}
    for link in links:
        inner, outer = ends.get(link.source), ends.get(link.target)
        if isinstance(inner, CI) and isinstance(outer, CI) and _is_host(found, inner, link, outer):
            hosts[inner.id] = outer.name
    return hosts


def _is_host(found: Context, inner: CI, link: Relationship, outer: CI) -> bool:
    spec = found.registry.get(inner.class_name)
    is_inside = spec.host_relationship == link.type
    return is_inside and found.registry.get(outer.class_name).family is Family.DEVICE
