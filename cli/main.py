"""`cmdb`: every command hangs here; each is imported when it is called."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Sequence

import click

from cmdb.errors import CmdbError

COMMANDS: dict[str, str] = {
    "baseline": "cli.commands.baseline:baseline",
    "classes": "cli.commands.classes:classes",
    "collector": "cli.commands.collector:collector",
    "delete": "cli.commands.retirement:delete",
    "coverage": "cli.commands.health:coverage",
    "compact": "cli.commands.compact:compact",
    "diff": "cli.commands.difference:diff",
    "doctor": "cli.commands.doctor:doctor",
    "edit": "cli.commands.edit:edit",
    "erase": "cli.commands.purge:erase",
    "explain": "cli.commands.explain:explain",
    "export": "cli.commands.exporting:export",
    "generate": "cli.commands.generate:generate",
    "group": "cli.commands.group:group",
    "health": "cli.commands.health:health",
    "history": "cli.commands.history:history",
    "impact": "cli.commands.impact:impact",
    "import": "cli.commands.importing:import_",
    "list": "cli.commands.listing:list_",
    "merge": "cli.commands.repair:merge",
    "policy": "cli.commands.policy:policy",
    "purge": "cli.commands.purge:purge",
    "relate": "cli.commands.edit:relate",
    "retire": "cli.commands.retirement:retire",
    "revert": "cli.commands.revisions:revert",
    "review": "cli.commands.review:review",
    "revisions": "cli.commands.revisions:revisions",
    "runs": "cli.commands.runs:runs",
    "scan": "cli.commands.scan:scan",
    "schedule": "cli.commands.schedule:schedule",
    "search": "cli.commands.search:search_command",
    "serve": "cli.commands.serve:serve",
    "show": "cli.commands.show:show",
    "start": "cli.commands.start:start",
    "unrelate": "cli.commands.edit:unrelate",
    "tidy": "cli.commands.tidy:tidy",
    "ungroup": "cli.commands.group:ungroup",
    "unmerge": "cli.commands.repair:unmerge",
    "withdraw": "cli.commands.repair:withdraw",
}


class _Lazy(click.Group):
    """A group that imports a command when it is asked for, so that `cmdb list` does not pay for the scanners."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's interface
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, attribute = target.split(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--store", metavar="URL", help="Store to work on, such as sqlite:///cmdb.db or neo4j://host:7687 [env: CMDB_STORE]."
)
@click.option("--verbose", "-v", is_flag=True, help="Write what happens to standard error.")
@click.version_option(package_name="graph-cmdb")
@click.pass_context
def cmdb(ctx: click.Context, *, store: str | None, verbose: bool) -> None:
    """Graph CMDB: discover what there is, and see what falls when something fails.

    Example: cmdb scan local && cmdb list server && cmdb impact NAME
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR,
        stream=sys.stderr,
        format="%(levelname)s %(name)s: %(message)s",
    )
    if not verbose:
        # the driver tells of every broken connection that it then mends
        logging.getLogger("neo4j").setLevel(logging.CRITICAL)
    ctx.obj = store


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with contract.md's exit code: 0 done, 1 refused or failed, 2 wrong usage."""
    try:
        code = cmdb.main(list(arguments) if arguments is not None else None, standalone_mode=False)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Abort:
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    except CmdbError as error:
        click.echo(f"cmdb: {error}", err=True)
        if error.excerpt is not None and sys.stderr.isatty():
            click.echo(error.excerpt, err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        click.echo("cmdb: stopped", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # the reader has gone, as `head` does; nothing more can be said
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:
        logging.getLogger("cmdb").info("the fault in full", exc_info=True)
        click.echo(f"cmdb: unexpected fault: {type(error).__name__}: {error}; run again with -v to see where", err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
