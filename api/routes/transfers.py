"""Imports and exports: JSON Lines in, JSON Lines out."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import AsyncIterator, Iterator
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Annotated, BinaryIO, cast

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.answers import json_texts
from api.import_answers import import_lines
from api.parts import Api, ApiDep, AsOf, Filter
from cmdb.asking.question import ids, make_question
from cmdb.formats.csv_writer import write_csv
from cmdb.formats.graph_writer import write_graph
from cmdb.formats.options import read_options
from cmdb.history.as_of import view as as_of_view
from cmdb.ids import new_id
from cmdb.importing import ImportOrder, ImportReport, land
from cmdb.spool.intake import Spool
from impact.estate_export import estate_to_cytoscape, estate_to_graphml

router = APIRouter(tags=["Import and export"])

JSON_LINES = "application/jsonl"
GRAPHML = "application/graphml+xml"
CSV = "text/csv; charset=utf-8"
SPOOLED_IN_MEMORY = 1_000_000
LINES_A_BLOCK = 500


class ExportFormat(StrEnum):
    """Formats of the graph."""

    GRAPH = "graph"
    CSV = "csv"
    GRAPHML = "graphml"
    CYTOSCAPE = "cytoscape"


@router.post(
    "/imports/{format_name}",
    summary="Import a file",
    response_class=Response,
    responses={
        200: {
            "description": "JSON Lines: one object a row in the order of the input, and last the totals.",
            "content": {JSON_LINES: {}},
        },
        413: {"description": "The body is larger than 64 MB."},
    },
    openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": {}}}},
)
async def import_file(
    api: ApiDep,
    request: Request,
    format_name: Annotated[str, Path(description="A format, such as graph.", max_length=100)],
    source: Annotated[str | None, Query(max_length=200, description="One name per installation of a source.")] = None,
    at: Annotated[dt.datetime | None, Query(description="When it was observed; now, when left out.")] = None,
    network: Annotated[str, Query(max_length=200, description="Address space of the addresses.")] = "default",
    strict: Annotated[bool, Query(description="Write nothing if any row is refused.")] = False,
    dry_run: Annotated[bool, Query(description="Say what would be written, and write nothing.")] = False,
    option: Annotated[
        list[str] | None, Query(description="KEY=VALUE for the format, such as mapping=…; once per option.")
    ] = None,
) -> Response:
    """Land the body, whole before its first row; importing it again changes nothing.

    422 when the file as a whole is refused. Rows that are refused do not stop the others: the answer is 200 and names them.
    """
    context = api.context
    parser = context.parsers.get(format_name)
    options = read_options(option or ())
    now = context.clock()
    order = ImportOrder(
        source=source or format_name,
        run_id=new_id(now),
        at=now if at is None else (at if at.tzinfo is not None else at.replace(tzinfo=dt.UTC)),
        network=network,
        by=context.user,
        is_strict=strict,
        is_dry_run=dry_run,
    )
    with tempfile.SpooledTemporaryFile(max_size=SPOOLED_IN_MEMORY) as body:
        async for block in request.stream():
            body.write(block)
        body.seek(0)

        def load(spool: Spool) -> ImportReport:
            parser.read(cast("BinaryIO", body), name="body", into=spool, options=options)
            return land(spool, order, context.ingest)

        spool = Spool(order.observation(), context.registry)
        try:
            report = await api.gate.load(lambda: load(spool))
        except BaseException:
            spool.close()
            raise
    return StreamingResponse(_told(api, spool, import_lines(report, is_dry_run=dry_run)), media_type=JSON_LINES)


async def _told(api: Api, spool: Spool, rows: Iterator[dict[str, object]]) -> AsyncIterator[bytes]:
    try:
        async for block in _blocks(api, json_texts(rows)):
            yield block
    finally:
        spool.close()


@router.get(
    "/exports/{form}",
    summary="Export the graph",
    response_class=Response,
    responses={
        200: {
            "description": "JSON Lines that `import graph` takes, CSV, GraphML or Cytoscape JSON.",
            "content": {JSON_LINES: {}, "text/csv": {}, GRAPHML: {}, "application/json": {}},
        }
    },
)
async def export_file(
    api: ApiDep,
    form: ExportFormat,
    filter_text: Filter = None,
    as_of: AsOf = None,
) -> Response:
    """The CIs of which the filter is true and what joins them, or the whole graph; streamed at any size."""
    store, registry = api.context.store, api.context.registry
    question = make_question(registry, now=api.context.clock(), filter_text=filter_text)
    view = await api.gate.read(lambda: as_of_view(store, as_of, place="as_of"))
    kept = None if filter_text is None else await api.gate.load(lambda: ids(view, question))
    if form is ExportFormat.GRAPH:
        return StreamingResponse(_blocks(api, write_graph(view, registry, kept=kept)), media_type=JSON_LINES)
    if form is ExportFormat.CSV:
        return StreamingResponse(_blocks(api, write_csv(view, registry, kept=kept)), media_type=CSV)
    if form is ExportFormat.GRAPHML:
        return StreamingResponse(_blocks(api, estate_to_graphml(view, kept=kept)), media_type=GRAPHML)
    return StreamingResponse(_blocks(api, estate_to_cytoscape(view, kept=kept)), media_type="application/json")


async def _blocks(api: Api, lines: Iterator[str]) -> AsyncIterator[bytes]:
    while block := await api.gate.read(partial(_block, lines)):
        yield block


def _block(lines: Iterator[str]) -> bytes:
    return "".join(line if line.endswith("\n") else line + "\n" for line in islice(lines, LINES_A_BLOCK)).encode()
