"""Shapes of banners as data: a pattern, and what is behind a text of that shape. First match wins.

    sysdescr:
      - says: 'Data ONTAP Release {v}'
        system: [NetApp, Data ONTAP]          # vendor, product, and family where it is another word

Groups of a pattern are named `<part>_<what>`: `system_version`, `hardware_product`, `service_version`, `architecture`;
`{v}` stands for a version: of the service where the text is a program's (ssh, http, greeting), else of the system, else of
what is named; `{w}` for one word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from cmdb.data.lists import shipped
from cmdb.normalise.fingerprint import Fingerprint, Part, Spoken
from cmdb.normalise.makers import spelled_maker

VERSION = r"[0-9]+(?:[._][0-9A-Za-z]+)*(?:\([0-9A-Za-z.]+\)[0-9A-Za-z.()]*)?(?:-[0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*)*"
"""Digits first; dots, dashes and Cisco's brackets within."""
_WORD = r"[^\s,;:()]+"
_PARTS = ("service", "system", "hardware")
_PROGRAMS = frozenset({Spoken.SSH, Spoken.HTTP, Spoken.GREETING})


class RuleRow(BaseModel):
    """One shape as YAML spells it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    says: str = Field(min_length=2)
    service: tuple[str, ...] = Field(default=(), max_length=3)
    system: tuple[str, ...] = Field(default=(), max_length=3)
    hardware: tuple[str, ...] = Field(default=(), max_length=3)


_ROWS = TypeAdapter(tuple[RuleRow, ...])


@dataclass(frozen=True, slots=True)
class Rule:
    """One shape, ready to be matched."""

    pattern: re.Pattern[str]
    parts: Mapping[str, Part]

    def read(self, text: str) -> Fingerprint | None:
        """What is behind the text; None when it is not of this shape."""
        match = self.pattern.search(text)
        if match is None:
            return None
        said = {name: value.strip() for name, value in match.groupdict().items() if value and value.strip()}
        return Fingerprint(
            service=self._part("service", said),
            system=self._part("system", said),
            hardware=self._part("hardware", said),
            architecture=said.get("architecture"),
        )

    def _part(self, name: str, said: Mapping[str, str]) -> Part:
        known = self.parts.get(name, Part())
        return Part(
            vendor=spelled_maker(said.get(f"{name}_vendor") or known.vendor or "") or None,
            family=said.get(f"{name}_family", known.family),
            product=said.get(f"{name}_product", known.product),
            version=said.get(f"{name}_version", known.version),
            model=said.get(f"{name}_model", known.model),
        )


def make_rule(kind: Spoken, row: RuleRow) -> Rule:
    """The rule of a row; raises `re.error` for a pattern that is none."""
    words = {name: getattr(row, name) for name in _PARTS if getattr(row, name)}
    order = ("service", "system", "hardware") if kind in _PROGRAMS else ("system", "service", "hardware")
    subject = next((name for name in order if name in words), "hardware")
    source = row.says.replace("{v}", f"(?P<{subject}_version>{VERSION})").replace("{w}", _WORD)
    return Rule(
        pattern=re.compile(source, re.IGNORECASE | re.DOTALL),
        parts={name: _as_part(said) for name, said in words.items()},
    )


def _as_part(words: tuple[str, ...]) -> Part:
    vendor, product, family = (*words, None, None)[:3]
    return Part(vendor=vendor or None, product=product or None, family=family or product or None)


def first_match(rules: Iterable[Rule], text: str) -> Fingerprint | None:
    """What the first rule that fits says; None when none fits."""
    for rule in rules:
        found = rule.read(text)
        if found is not None:
            return found
    return None


@cache
def built_in_rules(kind: Spoken) -> tuple[Rule, ...]:
    """The product's own shapes of one kind of text, in the order of `cmdb/data/spoken.yaml`."""
    rows = _ROWS.validate_python(shipped("spoken").get(kind.value, []))
    return tuple(make_rule(kind, row) for row in rows)
