"""`cmdb start`: what `make run` does."""

from __future__ import annotations

import asyncio

import click

from api.server import ApiServer
from cli.commands.impact import print_radius
from cli.options import context, store_option
from cli.progress import Progress
from cli.scanning import Scanning
from cli.serving import app_context
from cli.terminal import console, table
from cli.travel import travel_rules
from cli.wiring import Context
from cmdb.entities import CI, Kind
from discovery.orders import ScanOrder
from impact.blast_radius import blast_radius
from impact.graph import ImpactGraph

TRIED = 40
SHOWN_CLASSES = 20


@click.command()
@click.option("--once", is_flag=True, help="Stop after showing; serve nothing.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@store_option
def start(*, once: bool, host: str, port: int, store_url: str | None) -> int:
    """Scan this machine, show what was found and what falls if a part of it fails, then serve.

    Example: cmdb start --once
    """
    out = console()
    with context(store_url) as found:
        progress = Progress(console(is_error=True))
        run = asyncio.run(Scanning(found).run(ScanOrder(scanner="local"), observers=(progress,), stop=asyncio.Event()))
        counts = ", ".join(f"{run.counts.get(name, 0)} {name}" for name in ("created", "updated", "unchanged"))
        out.print(
            f"\nThis machine, read by its own files: {run.state.value}; CIs: {counts}", style="bold", markup=False
        )
        _print_found(found)
        _print_one_radius(found)
        if once:
            return 0
        server = ApiServer(app_context(found), host=host, port=port)
        server.run(on_start=lambda url: click.echo(f"serving on {url}; Ctrl-C stops", err=True))
    return 0


def _print_found(found: Context) -> None:
    counts = found.store.count(Kind.CI)
    rows = []
    for class_name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:SHOWN_CLASSES]:
        page = found.store.list_cis(class_names=[class_name], limit=4)
        names = ", ".join(ci.name for ci in page.items[:3]) + (", …" if count > 3 else "")
        rows.append((class_name, count, names))
    console().print(table(("class", "CIs", "such as"), rows, right=("CIs",)))
    links = found.store.count(Kind.RELATIONSHIP)
    said = ", ".join(f"{count} {name}" for name, count in sorted(links.items(), key=lambda item: (-item[1], item[0])))
    console().print(f"relationships: {said}", style="dim", markup=False)


def _print_one_radius(found: Context) -> None:
    """The radius of the service that most depends on, else of the host: something that a person can picture."""
    graph = ImpactGraph.build(found.store, travel_rules(found.registry))
    best: tuple[int, CI] | None = None
    for class_name in ("network_service", "software_instance", "host"):
        page = found.store.list_cis(class_names=found.registry.subclasses(class_name), limit=TRIED)
        for ci in page.items:
            size = len(blast_radius(graph, (ci.id,)).impacted)
            if size and (best is None or size > best[0]):
                best = (size, ci)
        if best is not None:
            break
    if best is None:
        console().print("Nothing found depends on anything else yet; scan more: cmdb scan --help", style="dim")
        return
    console().print("")
    print_radius(found, found.store, blast_radius(graph, (best[1].id,)))
