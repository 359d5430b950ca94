"""Audits: what must be true of CIs, written as filters in YAML, with who puts it right."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import as_file, files
from pathlib import Path

from cmdb.asking.condition import And, Condition, Not
from cmdb.asking.faults import FilterFault
from cmdb.asking.meaning import condition_of
from cmdb.errors import Invalid
from cmdb.registry import Registry
from cmdb.yaml_document import YamlDocument, read_yaml

_KEYS = ("class", "when", "require", "severity", "owner", "why")


class Severity(StrEnum):
    """How much an audit's failures matter."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """`require` must be true of every CI of the class and its subclasses for which `when` is."""

    name: str
    class_name: str
    when: Condition | None
    require: Condition
    severity: Severity
    owner: str
    why: str
    require_text: str

    @property
    def failing(self) -> Condition:
        """True of the CIs that fail."""
        return Not(self.require) if self.when is None else And((self.when, Not(self.require)))


def load_audits(registry: Registry, site: Path | None = None) -> tuple[Audit, ...]:
    """The audits that ship, changed by the site's file; by name.

    Raises `Invalid` with file and line for a filter that cannot be asked, an unknown key, or a shipped audit dropped that is none.
    """
    with as_file(files("cmdb.data").joinpath("audits.yaml")) as shipped:
        found = _read(read_yaml(shipped), registry, known={})
    if site is not None:
        found = _read(read_yaml(site), registry, known=found)
    return tuple(found[name] for name in sorted(found))


def _read(document: YamlDocument, registry: Registry, known: Mapping[str, Audit]) -> dict[str, Audit]:
    content = document.content
    if not isinstance(content, dict) or set(content) != {"audits"} or not isinstance(content["audits"], dict):
        raise document.refuse((), "a file of audits has one key, audits, with the audits by name")
    found = dict(known)
    for name, said in content["audits"].items():
        place = ("audits", name)
        if said is None:
            if name not in found:
                near = difflib.get_close_matches(name, list(found), n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise document.refuse(place, f"there is no audit {name[:80]!r} to drop{hint}")
            del found[name]
            continue
        if not isinstance(said, dict):
            raise document.refuse(place, f"an audit has the keys {', '.join(_KEYS)}")
        found[name] = _audit(document, name, said, registry)
    return found


def _audit(document: YamlDocument, name: str, said: Mapping[str, object], registry: Registry) -> Audit:
    place = ("audits", name)
    for key, value in said.items():
        if key not in _KEYS:
            raise document.refuse((*place, key), f"unknown key {key!r}; an audit has {', '.join(_KEYS)}")
        if not isinstance(value, str):
            raise document.refuse((*place, key), f"{key} is a text")
    texts = {key: str(value).strip() for key, value in said.items()}
    for key in ("class", "require"):
        if not texts.get(key):
            raise document.refuse(place, f"the audit lacks its {key}")
    try:
        class_name = registry.get(texts["class"]).name
    except Invalid as error:
        raise document.refuse((*place, "class"), error.message) from error
    try:
        severity = Severity(texts.get("severity", "medium"))
    except ValueError:
        raise document.refuse((*place, "severity"), f"severity is one of {', '.join(Severity)}") from None

    def filter_of(key: str) -> Condition:
        try:
            return condition_of(texts[key], registry, class_name)
        except FilterFault as error:
            raise document.refuse((*place, key), error.message) from error

    return Audit(
        name=name,
        class_name=class_name,
        when=filter_of("when") if texts.get("when") else None,
        require=filter_of("require"),
        severity=severity,
        owner=texts.get("owner", ""),
        why=texts.get("why", ""),
        require_text=texts["require"],
    )
