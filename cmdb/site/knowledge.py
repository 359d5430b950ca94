"""What one site knows of makers, programs and banners, from its YAML: the part `normalise` of the site's file.

normalise:
  makers:                           # one spelling, and the others under which sources say it
    Contoso: [Contoso Ltd, CNTS]
  products:                         # maker, product, and the names that the program gives itself in banners
    Contoso:
      Till Server: [ctill, contoso-till]
  spoken:                           # shapes of texts, as in cmdb/data/spoken.yaml
    sysdescr:
      - {says: 'CNTS till rev {v}', system: [Contoso, Till OS]}

"""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict

from cmdb.normalise.fingerprint import Spoken
from cmdb.normalise.folding import folded
from cmdb.normalise.knowledge import SHIPPED_ONLY, Knowledge
from cmdb.normalise.spoken_rules import Rule, RuleRow, make_rule
from cmdb.yaml_document import YamlDocument

_LONGEST_PATTERN = 300


class NormaliseRow(BaseModel):
    """The part as YAML spells it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    makers: dict[str, tuple[str, ...]] = {}
    products: dict[str, dict[str, tuple[str, ...]]] = {}
    spoken: dict[Spoken, tuple[RuleRow, ...]] = {}


def knowledge_of(document: YamlDocument, row: NormaliseRow) -> Knowledge:
    """The site's knowledge; `SHIPPED_ONLY` when there is none. Raises `Invalid` with file and line for a pattern that is none."""
    made = Knowledge(
        makers={folded(word): maker for maker, words in row.makers.items() for word in (maker, *words)},
        products={
            folded(word): (maker, product)
            for maker, products in row.products.items()
            for product, words in products.items()
            for word in words
        },
        rules={kind: _rules(document, kind, rows) for kind, rows in row.spoken.items()},
    )
    return SHIPPED_ONLY if made == SHIPPED_ONLY else made


def _rules(document: YamlDocument, kind: Spoken, rows: tuple[RuleRow, ...]) -> tuple[Rule, ...]:
    made: list[Rule] = []
    for position, row in enumerate(rows):
        steps = ("normalise", "spoken", kind.value, position, "says")
        if len(row.says) > _LONGEST_PATTERN:
            raise document.refuse(steps, f"longer than {_LONGEST_PATTERN} characters; describe less of the text")
        try:
            made.append(make_rule(kind, row))
        except re.error as error:
            raise document.refuse(steps, f"no regular expression: {error}") from error
    return tuple(made)
