"""`cmdb doctor`."""

from __future__ import annotations

import click

from cli.checkup import Finding, examine
from cli.options import json_option, print_json, store_option
from cli.settings import read_settings
from cli.terminal import console, table


@click.command()
@json_option
@store_option
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool, store_url: str | None) -> int:
    """Say what is installed, reachable and permitted here, with the remedy for each lack.

    Example: cmdb doctor
    """
    settings = read_settings()
    findings = examine(settings, store_url or ctx.find_root().obj or settings.store_url)
    if as_json:
        print_json([{"check": f.check, "is_well": f.is_well, "found": f.found, "remedy": f.remedy} for f in findings])
    else:
        console().print(table(("", "check", "found", "remedy"), (_row(finding) for finding in findings)))
    return 0 if all(finding.is_well or finding.is_optional for finding in findings) else 1


def _row(finding: Finding) -> tuple[str, str, str, str]:
    mark = "ok" if finding.is_well else ("-" if finding.is_optional else "lack")
    return mark, finding.check, finding.found, "" if finding.is_well else finding.remedy
