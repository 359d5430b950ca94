"""A YAML document that remembers the line of every value, so that a refusal can say where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from cmdb.errors import Invalid

SIZE_LIMIT_BYTES = 1_000_000
DEPTH_LIMIT = 20

Steps = tuple[str | int, ...]
"""Keys and positions from the top down to a value."""


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """`content` as plain values; `lines` by path, 1-based, that of the key where there is one."""

    file: str
    content: object
    lines: dict[Steps, int]

    def place(self, path: Steps) -> str:
        """`file:line` of a value, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.file}:{self.lines.get(path, 1)}"

    def refuse(self, path: Steps, message: str) -> Invalid:
        """The error that says what is wrong with the value at a path."""
        return Invalid(message, place=self.place(path))


def read_yaml(path: Path) -> YamlDocument:
    """Read a file. Raises `Invalid` with file and line for what is no YAML, is too big or deep, repeats a key, uses aliases or tags."""
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT_BYTES + 1)
    except OSError as error:
        raise Invalid(f"cannot be read: {error.strerror}; check path and permissions", place=str(path)) from error
    return parse_yaml(raw, file=str(path))


def parse_yaml(raw: bytes, *, file: str) -> YamlDocument:
    """Read the bytes of a file whose name is `file`; raises as `read_yaml`."""
    if len(raw) > SIZE_LIMIT_BYTES:
        raise Invalid(f"larger than {SIZE_LIMIT_BYTES} bytes; split it", place=file)
    try:
        text = raw.decode("utf-8-sig")
        _check_events(text, file)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[Steps, int] = {}
        content = None if node is None else _plain(node, (), lines, file)
    except UnicodeDecodeError as error:
        raise Invalid("not UTF-8; save it as UTF-8", place=file) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Invalid(f"not valid YAML: {error.problem}", place=f"{file}:{line}") from error
    except yaml.YAMLError as error:
        raise Invalid("not valid YAML: a character that YAML does not allow", place=f"{file}:1") from error
    return YamlDocument(file, content, lines)


def _check_events(text: str, file: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise Invalid("aliases (*name) are not allowed; write the value out", place=f"{file}:{_line(event)}")
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            raise Invalid(f"tags ({event.tag}) are not allowed; write the plain value", place=f"{file}:{_line(event)}")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH_LIMIT:
                raise Invalid(f"nested deeper than {DEPTH_LIMIT}", place=f"{file}:{_line(event)}")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 1


def _plain(node: yaml.Node, path: Steps, lines: dict[Steps, int], file: str) -> object:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
            line = key_node.start_mark.line + 1
            if not key:
                raise Invalid("a key must be a word", place=f"{file}:{line}")
            if key in found:
                raise Invalid(f"{key} is there twice; remove one", place=f"{file}:{line}")
            lines[(*path, key)] = line
            found[key] = _plain(value_node, (*path, key), lines, file)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, position), lines, file) for position, item in enumerate(node.value)]
    value: object = yaml.constructor.SafeConstructor().construct_document(node)
    return value
