"""`cmdb baseline set|list|show|diff|delete`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from cli.ages import second
from cli.difference_output import print_difference
from cli.options import context, json_option, print_json, store_option
from cli.terminal import console, table
from cli.wiring import Context, utc_now
from cmdb.documents import Document
from cmdb.errors import Invalid
from cmdb.formats.batch import Batch
from cmdb.history.as_of import describe, then
from cmdb.history.baselines import Baselines
from cmdb.history.extent import Extent
from cmdb.history.intended import Intent
from cmdb.history.past import Past
from cmdb.lookup import find_ci
from discovery.parsers import ParserRegister

COLUMNS = ("name", "revision", "at", "of", "reason", "made", "by")


@click.group()
def baseline() -> None:
    """Baselines: names for the estate, or a part of it, as it was at a revision.

    A revision that a baseline names is never compacted away.

    Example: cmdb baseline set approved-2026 --scope server && cmdb baseline diff approved-2026
    """


def _baselines(found: Context) -> Baselines:
    return Baselines(found.store, found.registry, clock=utc_now)


@baseline.command(name="set")
@click.argument("name")
@click.option("--scope", "class_name", metavar="CLASS", help="Only CIs of this class and its subclasses.")
@click.option("--ci", "ci_name", metavar="CI", help="Only this CI.")
@click.option("--at", "at", metavar="WHEN", help="A revision (@17) or a time of commit; now when left out.")
@click.option("--reason", default="", help="What was agreed, by whom.")
@json_option
@store_option
def set_(
    *,
    name: str,
    class_name: str | None,
    ci_name: str | None,
    at: str | None,
    reason: str,
    as_json: bool,
    store_url: str | None,
) -> None:
    """Give a name to the estate, a class or a CI as it is, or was; a name that is taken moves.

    Example: cmdb baseline set approved-2026 --scope server --at 2026-01-31 --reason "CAB of January"
    """
    with context(store_url) as found:
        store = found.store
        point = then(store, at if at is not None else f"@{store.revision()}", place="--at")
        ci = None if ci_name is None else find_ci(Past(store, point), found.registry, ci_name).id
        baselines = _baselines(found)
        made, before = baselines.set(
            name, point.revision, class_name=class_name, ci=ci, by=found.settings.user, reason=reason
        )
        document = baselines.document(made)
        described = describe(store, made.revision)
    if as_json:
        print_json(document)
        return
    moved = f"; it was revision {before.revision}" if before is not None and before.revision != made.revision else ""
    console().print(f"{name} is {described}{moved}", markup=False)


@baseline.command(name="list")
@json_option
@store_option
def list_(*, as_json: bool, store_url: str | None) -> None:
    """List the baselines by name.

    Example: cmdb baseline list
    """
    with context(store_url) as found:
        baselines = _baselines(found)
        rows = [baselines.document(each) for each in baselines.all()]
    if as_json:
        for row in rows:
            print_json(row)
        return
    console().print(table(COLUMNS, [_shown(row) for row in rows], right=("revision",)))
    console().print(f"{len(rows)} baseline{'' if len(rows) == 1 else 's'}")


@baseline.command(name="show")
@click.argument("name")
@json_option
@store_option
def show_(*, name: str, as_json: bool, store_url: str | None) -> None:
    """Show what a baseline names.

    Example: cmdb baseline show approved-2026
    """
    with context(store_url) as found:
        baselines = _baselines(found)
        row = baselines.document(baselines.get(name))
    if as_json:
        print_json(row)
    else:
        console().print(table(("", ""), zip(COLUMNS, _shown(row), strict=True)))


def _shown(row: Document) -> tuple[object, ...]:
    ci = row["ci"]
    of = f"ci {ci.get('name', ci['id'])}" if isinstance(ci, dict) else (row["class"] or "everything")
    return row["name"], row["revision"], second(row["at"]), of, row["reason"], second(row["made_at"]), row["by"]


@baseline.command()
@click.argument("name")
@store_option
def delete(*, name: str, store_url: str | None) -> None:
    """Forget a baseline; what it named may be compacted from then on.

    Example: cmdb baseline delete approved-2025
    """
    with context(store_url) as found:
        gone = _baselines(found).delete(name, by=found.settings.user)
    console().print(f"{name} is forgotten; it was revision {gone.revision}", markup=False)


@baseline.command()
@click.argument("name", required=False)
@click.option("--to", "until", metavar="WHEN", help="Drift up to a revision or a time of commit; now when left out.")
@click.option(
    "--intended",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Compare with a file that says what should be, instead of a baseline.",
)
@click.option("--format", "format_name", default="graph", show_default=True, help="Format of the file.")
@click.option(
    "--source", default="graph", show_default=True, help="The source whose native keys the file's are, as for import."
)
@click.option("--network", default="default", show_default=True, help="Address space of the file's addresses.")
@click.option(
    "--scope", "class_name", metavar="CLASS", help="Class in which extra CIs count; the file's own by default."
)
@json_option
@store_option
def diff(
    *,
    name: str | None,
    until: str | None,
    intended: str | None,
    format_name: str,
    source: str,
    network: str,
    class_name: str | None,
    as_json: bool,
    store_url: str | None,
) -> None:
    """Show the drift from a baseline, or from what a file says should be; nothing is written.

    A file's row whose id is that of a CI is that CI, so an export that was edited can be compared; other rows are
    identified as an import would. Of a CI only what the file says of it is compared.

    Example: cmdb baseline diff approved-2026
    """
    if (name is None) == (intended is None):
        raise click.UsageError("name a baseline, or a file with --intended")
    with context(store_url) as found:
        if intended is not None:
            rows = _intended(found, intended, format_name, source, network, class_name)
            between = f"{intended} → now"
        else:
            assert name is not None
            store, baselines = found.store, _baselines(found)
            agreed = baselines.get(name)
            end = then(store, until if until is not None else f"@{store.revision()}", place="--to").revision
            rows = baselines.drift(agreed, end)
            between = f"{name}: from {describe(store, agreed.revision)} to {describe(store, end)}"
        if as_json:
            for row in rows:
                print_json(row)
        else:
            print_difference(rows, between=between)


def _intended(
    found: Context, path: str, format_name: str, source: str, network: str, class_name: str | None
) -> Iterable[Document]:
    batch = Batch()
    parser = ParserRegister.from_entry_points().get(format_name)
    try:
        with Path(path).open("rb") as stream:
            parser.read(stream, name=path, into=batch, options={})
    except OSError as error:
        raise Invalid(f"cannot be read: {error.strerror}", place=path) from error
    extent = None
    if class_name is not None:
        names = found.registry.subclasses(found.registry.get(class_name).name)
        extent = Extent(class_names=frozenset(names))
    intent = Intent(found.store, found.registry, found.ingest)
    return intent.compare(batch, source=source, network=network, at=utc_now(), extent=extent)
