"""The past compared: what differs between two points, baselines and the drift from them, and how much is kept."""

from __future__ import annotations

import tempfile
from functools import partial
from itertools import islice
from typing import Annotated, BinaryIO, cast

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from api.answers import json_answer
from api.compacting import run_steps
from api.history_models import BaselineAnswer, BaselineBody, CompactionAnswer, CompactionBody, DifferencePage
from api.parts import Api, ApiDep
from api.routes.changes import read_cursor
from cmdb.documents import Document
from cmdb.errors import Invalid
from cmdb.formats.batch import Batch
from cmdb.history.as_of import then, view
from cmdb.history.baselines import Baselines
from cmdb.history.compaction import Compaction, document_of
from cmdb.history.difference import Place, differences
from cmdb.history.extent import Extent
from cmdb.history.intended import Intent
from cmdb.history.past import Past, cautions
from cmdb.lookup import find_ci

router = APIRouter(tags=["History"])

SPOOLED_IN_MEMORY = 1_000_000
_ENCODER = msgspec.json.Encoder()
Point = Annotated[str, Query(max_length=40, description="A time of commit, or a revision.")]
ClassName = Annotated[str | None, Query(alias="class", max_length=200, description="A class, with its subclasses.")]
BaselineName = Annotated[str, Path(max_length=200, description="A baseline.")]
Cursor = Annotated[str | None, Query(max_length=50)]
Limit = Annotated[int, Query(ge=1, le=1000, description="The most rows in one page.")]


@router.get("/diff", summary="Show what differs between two points of time", response_model=DifferencePage)
async def show_difference(
    api: ApiDep,
    first: Annotated[str, Query(alias="from", max_length=40, description="A time of commit, or a revision.")],
    second: Annotated[
        str | None, Query(alias="to", max_length=40, description="The later point; now, when left out.")
    ] = None,
    class_name: ClassName = None,
    ci: Annotated[str | None, Query(max_length=1000, description="One CI, with what hangs on it.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """What appeared, vanished and changed, CIs, relationships and redundancy groups, by their last change in between."""
    store, registry = api.context.store, api.context.registry

    def read() -> Document:
        start = view(store, first, place="from")
        end = view(store, second if second is not None else str(store.revision()), place="to")
        assert isinstance(start, Past)
        assert isinstance(end, Past)
        classes = None if class_name is None else frozenset(registry.subclasses(registry.get(class_name).name))
        extent = Extent(class_names=classes, ci=None if ci is None else find_ci(end, registry, ci, or_in=start).id)
        page = _page(api, start.revision(), end.revision(), extent, cursor, limit)
        said = [*cautions(start), *cautions(end)]
        return {**page, "from": start.revision(), "to": end.revision(), **({"warnings": said} if said else {})}

    return json_answer(await api.gate.read(read))


def _page(api: Api, first: int, second: int, extent: Extent, cursor: str | None, limit: int) -> Document:
    after: Place | None = None
    if cursor is not None:
        revision, sequence = read_cursor(cursor)
        if sequence is None:
            raise Invalid(f"{cursor!r} is no cursor of this list; start again without one", place="cursor")
        after = (revision, sequence)
    rows = list(islice(differences(api.context.store, first, second, extent=extent, after=after), limit + 1))
    last = rows[limit - 1][0] if len(rows) > limit else None
    return {"items": [row for _, row in rows[:limit]], "cursor": None if last is None else f"{last[0]}.{last[1]}"}


def _baselines(api: Api) -> Baselines:
    return Baselines(api.context.store, api.context.registry, clock=api.context.clock)


@router.get("/baselines", summary="List baselines", response_model=list[BaselineAnswer])
async def list_baselines(api: ApiDep) -> Response:
    """All of them by name."""
    baselines = _baselines(api)
    return json_answer(await api.gate.read(lambda: [baselines.document(each) for each in baselines.all()]))


@router.get("/baselines/{name}", summary="Show a baseline", response_model=BaselineAnswer)
async def show_baseline(api: ApiDep, name: BaselineName) -> Response:
    """What it names, and why."""
    baselines = _baselines(api)
    return json_answer(await api.gate.read(lambda: baselines.document(baselines.get(name))))


@router.put("/baselines/{name}", summary="Set a baseline", response_model=BaselineAnswer)
async def set_baseline(api: ApiDep, name: BaselineName, body: BaselineBody) -> Response:
    """A name that is taken moves. What it names is never compacted away."""
    store, registry = api.context.store, api.context.registry
    baselines = _baselines(api)

    def write() -> Document:
        point = then(store, body.at if body.at is not None else str(store.revision()), place="/at")
        ci = None if body.ci is None else find_ci(Past(store, point), registry, body.ci).id
        made, _ = baselines.set(
            name, point.revision, class_name=body.class_, ci=ci, by=api.context.user, reason=body.reason
        )
        return baselines.document(made)

    return json_answer(await api.gate.write(write))


@router.delete("/baselines/{name}", summary="Forget a baseline", status_code=204, response_class=Response)
async def delete_baseline(api: ApiDep, name: BaselineName) -> Response:
    """What it named may be compacted from then on."""
    await api.gate.write(partial(_baselines(api).delete, name, by=api.context.user))
    return Response(status_code=204)


@router.get("/baselines/{name}/diff", summary="Show the drift from a baseline", response_model=DifferencePage)
async def show_drift(
    api: ApiDep, name: BaselineName, to: Point | None = None, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """As `/diff`, from what was agreed to a point of time, now when left out."""
    store, baselines = api.context.store, _baselines(api)

    def read() -> Document:
        agreed = baselines.get(name)
        end = then(store, to if to is not None else str(store.revision()), place="to").revision
        page = _page(api, agreed.revision, end, baselines.extent(agreed), cursor, limit)
        return {**page, "from": agreed.revision, "to": end}

    return json_answer(await api.gate.read(read))


@router.post(
    "/intended/{format_name}",
    summary="Compare with an intended state",
    response_class=Response,
    responses={
        200: {
            "description": "JSON Lines: what is missing, differs, is extra or unclear.",
            "content": {"application/jsonl": {}},
        }
    },
    openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": {}}}},
)
async def compare_intended(
    api: ApiDep,
    request: Request,
    format_name: Annotated[str, Path(description="A format, such as graph.", max_length=100)],
    source: Annotated[str | None, Query(max_length=200, description="Whose native keys the body's are.")] = None,
    network: Annotated[str, Query(max_length=200, description="Address space of the addresses.")] = "default",
    class_name: ClassName = None,
) -> Response:
    """The body says what should be, in a format of imports; nothing is written."""
    context = api.context
    parser = context.parsers.get(format_name)
    extent = None
    if class_name is not None:
        names = context.registry.subclasses(context.registry.get(class_name).name)
        extent = Extent(class_names=frozenset(names))
    with tempfile.SpooledTemporaryFile(max_size=SPOOLED_IN_MEMORY) as spool:
        async for block in request.stream():
            spool.write(block)
        spool.seek(0)

        def load() -> list[Document]:
            batch = Batch()
            parser.read(cast("BinaryIO", spool), name="body", into=batch, options={})
            intent = Intent(context.store, context.registry, context.ingest)
            found = intent.compare(
                batch, source=source or format_name, network=network, at=context.clock(), extent=extent
            )
            return list(found)

        rows = await api.gate.load(load)
    return Response(_ENCODER.encode_lines(rows), media_type="application/jsonl")


@router.post("/compaction", summary="Thin out the past", response_model=CompactionAnswer)
async def compact(api: ApiDep, body: CompactionBody) -> Response:
    """Only the last state of each day is kept from before, and what is named. A server does it by itself."""
    days = body.keep_days if body.keep_days is not None else api.context.keep_days
    compaction = Compaction(api.context.store, clock=api.context.clock)
    retention = None if days is None else await api.gate.read(lambda: compaction.plan(days))
    if body.dry_run:
        return json_answer(document_of(retention, None))
    return json_answer(document_of(retention, await run_steps(api.gate, compaction, retention)))
