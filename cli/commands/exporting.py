"""`cmdb export`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cli.options import as_of_option, as_of_view, context, store_option
from cli.whole_file import write_whole
from cli.wiring import utc_now
from cmdb.asking.question import ids, make_question
from cmdb.formats.csv_writer import write_csv
from cmdb.formats.graph_writer import write_graph
from impact.estate_export import estate_to_cytoscape, estate_to_graphml


@click.command(name="export")
@click.argument("format_name", metavar="FORMAT", type=click.Choice(["graph", "csv", "graphml", "cytoscape"]))
@click.option("--filter", "filter_text", metavar="CEL", help="Only CIs of which this is true, and what joins them.")
@as_of_option
@click.option("--out", type=click.Path(dir_okay=False), help="File to write; standard output when left out.")
@store_option
def export(
    *, format_name: str, filter_text: str | None, as_of: str | None, out: str | None, store_url: str | None
) -> None:
    """Export the graph: graph and csv (both round-trip through import), graphml or cytoscape.

    Example: cmdb export graph --filter 'site == "Rome"' --out rome.jsonl
    """
    with context(store_url) as found:
        view = as_of_view(found.store, as_of)
        kept = None
        if filter_text is not None:
            kept = ids(view, make_question(found.registry, now=utc_now(), filter_text=filter_text))
        if format_name == "graph":
            lines = write_graph(view, found.registry, kept=kept)
        elif format_name == "csv":
            lines = write_csv(view, found.registry, kept=kept)
        elif format_name == "graphml":
            lines = estate_to_graphml(view, kept=kept)
        else:
            lines = estate_to_cytoscape(view, kept=kept)
        if out is None:
            for line in lines:
                sys.stdout.write(line + "\n")
        else:
            write_whole(Path(out), lines)
