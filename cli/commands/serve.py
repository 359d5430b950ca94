"""`cmdb serve`."""

from __future__ import annotations

import click

from api.server import ApiServer
from cli.options import context, store_option
from cli.serving import app_context


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; another than loopback needs a bootstrap token.",
)
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@store_option
def serve(*, host: str, port: int, store_url: str | None) -> None:
    """Serve the API, run the schedules and scan from here, until Ctrl-C.

    Example: cmdb serve --port 8080
    """
    with context(store_url) as found:
        server = ApiServer(app_context(found), host=host, port=port)
        server.run(on_start=lambda url: click.echo(f"serving on {url}; Ctrl-C stops", err=True))
