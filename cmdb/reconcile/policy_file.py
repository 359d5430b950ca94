"""A policy as YAML spells it: kinds of sources, and rules by class and attribute (docs/guides/precedence.md).

    kinds:
      host: [puppet]                          # joins the kind, and leaves the one that it had
    rules:
      - class: server                         # with its subclasses
        attributes: [owner, cost_center]      # none: all
        sources: [erp, host]                  # best first; those of a list in the list are equal
        effective_duration: 90 d              # or by source: {erp: 90 d, host: 7 d}
        may_clear: [erp]
      - class: container
        grace: {scans: 1, time: 1 d}

Whatever cannot be right is refused with file and line, and nothing of such a file is used.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from cmdb.errors import Invalid
from cmdb.reconcile.ranking import PERSON_PREFIX, Grace, Rule, fitness
from cmdb.reconcile.safety import Safety
from cmdb.reconcile.safety_rows import SafetyRow, ScopeRow
from cmdb.registry import ROOT, Registry, default_registry
from cmdb.yaml_document import Steps, YamlDocument, parse_yaml, read_yaml

SHIPPED = "precedence.yaml"
UNION_ATTRIBUTES = frozenset({"mac_addresses", "ip_addresses", "ssh_host_keys"})
"""The CI's value is the union over its claims, not won by one source (design §6)."""
CLASS = "class"
"""Beside a class's own attributes: the class itself, where its sources name siblings; ruled at the root only."""
_UNITS = {"h": dt.timedelta(hours=1), "d": dt.timedelta(days=1), "w": dt.timedelta(weeks=1)}
_DURATION = re.compile(r"(\d{1,5})\s*([hdw])")


def duration(text: object) -> dt.timedelta:
    """A span of time such as `30 d`, `12 h` or `2 w`; raises `ValueError`."""
    found = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError("expected a time such as 12 h, 30 d or 2 w")
    return int(found[1]) * _UNITS[found[2]]


Duration = Annotated[dt.timedelta, BeforeValidator(duration)]


def durations(value: object) -> dict[str, dt.timedelta]:
    """One span of time for all sources, or one by source; raises `ValueError`."""
    if isinstance(value, dict):
        return {str(source): duration(text) for source, text in value.items()}
    return {"*": duration(value)}


Durations = Annotated[dict[str, dt.timedelta], BeforeValidator(durations)]
Names = Annotated[tuple[str, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GraceRow(_Row):
    """How long a class may go unseen."""

    scans: int = Field(ge=1, le=10)
    time: Duration


class RuleRow(_Row):
    """One rule as YAML spells it."""

    class_name: str = Field(alias="class")
    attributes: Names = ()
    sources: tuple[Names, ...] = ()
    effective_duration: Durations = {}
    may_clear: Names | None = None
    grace: GraceRow | None = None


class PolicyFile(_Row):
    """The whole file."""

    kinds: dict[str, Names] = {}
    rules: tuple[RuleRow, ...] = ()
    safety: SafetyRow = SafetyRow()
    retention: Duration = dt.timedelta(days=365)


def read_rules(path: Path | None, registry: Registry) -> tuple[Rule, ...]:
    """The rules that the product ships and, after them, those of a site's file; raises `Invalid` with file and line."""
    shipped = _parsed(
        parse_yaml(files("cmdb.data").joinpath(SHIPPED).read_bytes(), file=SHIPPED),
    )
    read = [shipped] if path is None else [shipped, _parsed(read_yaml(path))]
    kinds: dict[str, tuple[str, ...]] = {}
    for document, content in read:
        kinds = _with_kinds(kinds, document, content)
    return tuple(rule for document, content in read for rule in _Reader(document, kinds, registry).rules(content))


def read_limits(path: Path) -> tuple[Safety, dt.timedelta]:
    """The safety stop and the retention of a site's file, the product's where it says nothing; raises as `read_rules`."""
    _, content = _parsed(read_yaml(path))
    return content.safety.safety(), content.retention


@cache
def shipped_rules() -> tuple[Rule, ...]:
    """The rules that the product ships."""
    return read_rules(None, default_registry())


def _parsed(document: YamlDocument) -> tuple[YamlDocument, PolicyFile]:
    try:
        return document, PolicyFile.model_validate(document.content if document.content is not None else {})
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        # a key that is misspelled comes before the one that is missed for it
        first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
        steps = tuple(step for step in first["loc"] if isinstance(step, str | int))
        if first["type"] == "extra_forbidden":
            raise document.refuse(steps, f"{steps[-1]} is no key that belongs here{_keys_near(steps)}") from error
        where = ".".join(str(step) for step in steps) or "the file"
        message = first["msg"].removeprefix("Value error, ")
        raise document.refuse(steps, f"{where}: {message}") from error


def _keys_near(steps: Steps) -> str:
    rules: dict[int, type[BaseModel]] = {1: PolicyFile, 3: RuleRow, 4: GraceRow}
    limits: dict[int, type[BaseModel]] = {2: SafetyRow, 4: ScopeRow}
    row = (limits if steps[0] == "safety" else rules).get(len(steps))
    known = [field.alias or name for name, field in row.model_fields.items()] if row is not None else []
    return _near(str(steps[-1]), known)


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name[:100], list(known), n=3)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _with_kinds(
    before: Mapping[str, tuple[str, ...]], document: YamlDocument, content: PolicyFile
) -> dict[str, tuple[str, ...]]:
    named: dict[str, str] = {}
    for kind, sources in content.kinds.items():
        for position, source in enumerate(sources):
            if source in named:
                raise document.refuse(("kinds", kind, position), f"{source} is in {named[source]} already; remove one")
            if source.startswith(PERSON_PREFIX):
                raise document.refuse(
                    ("kinds", kind, position), "people are in no kind: what they say always goes first"
                )
            named[source] = kind
    kept = {kind: tuple(source for source in sources if source not in named) for kind, sources in before.items()}
    return {kind: (*kept.get(kind, ()), *content.kinds.get(kind, ())) for kind in (*kept, *content.kinds)}


class _Reader:
    """Turns the rows of one file into rules."""

    def __init__(self, document: YamlDocument, kinds: Mapping[str, tuple[str, ...]], registry: Registry) -> None:
        self._document = document
        self._kinds = kinds
        self._registry = registry
        self._sources = frozenset(source for sources in kinds.values() for source in sources)

    def rules(self, content: PolicyFile) -> list[Rule]:
        made: list[Rule] = []
        about: dict[tuple[str, str], Rule] = {}
        for position, row in enumerate(content.rules):
            steps: Steps = ("rules", position)
            rule = self._rule(steps, row)
            for attribute in rule.attributes or ("",):
                other = about.setdefault((rule.class_name, attribute), rule)
                if other is not rule:
                    what = f"{rule.class_name} {attribute}".strip()
                    raise self._document.refuse(steps, f"{what} has a rule at {other.place} already; write one rule")
            made.append(rule)
        return made

    def _rule(self, steps: Steps, row: RuleRow) -> Rule:
        try:
            spec = self._registry.get(row.class_name)
        except Invalid as error:
            raise self._document.refuse((*steps, "class"), error.message) from error
        for position, attribute in enumerate(row.attributes):
            self._check_attribute((*steps, "attributes", position), spec.name, attribute)
        if row.attributes and row.grace is not None:
            raise self._document.refuse(
                (*steps, "grace"), "grace is of a class, not of attributes; write a rule without"
            )
        if not (row.sources or row.effective_duration or row.may_clear is not None or row.grace):
            raise self._document.refuse(
                steps, "the rule says nothing; give sources, effective_duration, may_clear or grace"
            )
        return Rule(
            class_name=spec.name,
            attributes=row.attributes,
            tiers=tuple(self._patterns((*steps, "sources", at), tier) for at, tier in enumerate(row.sources)),
            durations=self._durations((*steps, "effective_duration"), row.effective_duration),
            may_clear=None if row.may_clear is None else self._patterns((*steps, "may_clear"), row.may_clear),
            grace=None if row.grace is None else Grace(row.grace.scans, row.grace.time),
            place=self._document.place(steps),
        )

    def _check_attribute(self, steps: Steps, class_name: str, attribute: str) -> None:
        if attribute in UNION_ATTRIBUTES:
            raise self._document.refuse(
                steps, f"{attribute} is the union of what all sources say, so none goes before another; leave it out"
            )
        if attribute == CLASS:
            if class_name != ROOT:
                raise self._document.refuse(steps, f"who says the class is ruled for {ROOT} only; name that class")
            return
        known = {
            name for below in self._registry.subclasses(class_name) for name in self._registry.get(below).attributes
        }
        if attribute not in known:
            raise self._document.refuse(
                steps,
                f"{class_name} has no attribute {attribute!r}{_near(attribute, sorted(known))}; see `cmdb classes {class_name}`",
            )

    def _patterns(self, steps: Steps, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            pattern
            for position, name in enumerate(names)
            for pattern in self._kinds.get(name) or (self._source((*steps, position), name),)
        )

    def _durations(self, steps: Steps, said: Mapping[str, dt.timedelta]) -> tuple[tuple[str, dt.timedelta], ...]:
        return tuple(
            (pattern, held)
            for name, held in said.items()
            for pattern in (("*",) if name == "*" else self._kinds.get(name) or (self._source((*steps, name), name),))
        )

    def _source(self, steps: Steps, name: str) -> str:
        if name.startswith(PERSON_PREFIX):
            raise self._document.refuse(steps, "what people say always goes first; leave them out")
        exact = self._sources - {"*"}
        if name in self._sources or any(fitness(known, name) or fitness(name, known) for known in exact):
            return name
        if "*" in name and any(fitness(known, name.replace("*", "x")) for known in exact):
            return name
        raise self._document.refuse(
            steps,
            f"no kind has a source {name!r}{_near(name, [*self._kinds, *exact])}; name it under kinds, such as import: [{name}]",
        )
