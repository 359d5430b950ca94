"""The plain page at /: what there is, without any request to another host."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import cast

METHODS = ("get", "post", "put", "patch", "delete")
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1b1f24; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem }
table { border-collapse: collapse; width: 100% } td { padding: .25rem .8rem .25rem 0; vertical-align: top }
code { font: 13px ui-monospace, monospace } td:first-child { width: 4rem; font-weight: 600 } td:nth-child(2) { width: 24rem }
@media (prefers-color-scheme: dark) { body { color: #dde3ea; background: #14181d } a { color: #7db7ff } }
"""


def start_page(openapi: dict[str, object]) -> str:
    """HTML that links the OpenAPI document and lists every endpoint by tag."""
    info = cast("dict[str, str]", openapi["info"])
    sections = "".join(_section(tag, rows) for tag, rows in _by_tag(openapi).items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info.get('summary', ''))}</p>"
        '<p>The API is described by <a href="/api/v1/openapi.json">/api/v1/openapi.json</a> (OpenAPI 3.1).</p>'
        f"{sections}</body></html>"
    )


def operations(openapi: dict[str, object]) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Path, method and description of every endpoint, in the document's order."""
    for path, item in cast("dict[str, dict[str, dict[str, object]]]", openapi["paths"]).items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _by_tag(openapi: dict[str, object]) -> dict[str, list[tuple[str, str, str]]]:
    found: dict[str, list[tuple[str, str, str]]] = {}
    for path, method, operation in operations(openapi):
        (tag,) = cast("list[str]", operation["tags"])
        found.setdefault(tag, []).append((method.upper(), path, str(operation["summary"])))
    return found


def _section(tag: str, rows: list[tuple[str, str, str]]) -> str:
    lines = "".join(
        f"<tr><td>{method}</td><td>{_link(method, path)}</td><td>{escape(summary)}</td></tr>"
        for method, path, summary in rows
    )
    return f"<h2>{escape(tag)}</h2><table>{lines}</table>"


def _link(method: str, path: str) -> str:
    code = f"<code>{escape(path)}</code>"
    return f'<a href="{escape(path)}">{code}</a>' if method == "GET" and "{" not in path else code
