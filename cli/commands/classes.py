"""`cmdb classes`."""

from __future__ import annotations

import click

from cli.options import json_option, print_json
from cli.settings import read_settings
from cli.terminal import console, table
from cli.wiring import make_registry


@click.command()
@click.argument("class_name", metavar="[CLASS]", required=False)
@json_option
def classes(*, class_name: str | None, as_json: bool) -> None:
    """List the classes, or the attributes of one.

    Example: cmdb classes server
    """
    registry = make_registry(read_settings())
    if class_name is not None:
        spec = registry.get(class_name)
        if as_json:
            print_json(registry.json_schema(spec.name))
            return
        console().print(f"{spec.name}: {spec.description}")
        rows = [
            (a.name, a.type, a.unit, a.weight, "identity" if a.is_identity else "", a.description)
            for a in spec.attributes.values()
        ]
        console().print(table(("attribute", "type", "unit", "weight", "", "meaning"), rows))
        return
    specs = registry.classes()
    if as_json:
        print_json(
            [
                {
                    "name": spec.name,
                    "parents": list(spec.parents),
                    "family": spec.family,
                    "abstract": spec.is_abstract,
                    "description": spec.description,
                }
                for spec in specs
            ]
        )
        return
    console().print(
        table(
            ("class", "parents", "family", "meaning"),
            ((spec.name, spec.parents, spec.family, spec.description) for spec in specs),
        )
    )
