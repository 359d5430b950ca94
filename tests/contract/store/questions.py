"""Random estates, and random questions about them that the type check would let pass."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from cmdb.asking.condition import (
    Always,
    And,
    Attribute,
    Column,
    Compare,
    Condition,
    Direction,
    Element,
    Exists,
    Field,
    FieldType,
    FlagValue,
    Has,
    Inside,
    Looks,
    Not,
    NumberValue,
    OfClass,
    OneNumberOf,
    OneOf,
    Operand,
    Operator,
    Or,
    OwnColumn,
    Related,
    Size,
    Sort,
    TextTest,
    TextValue,
    TimeValue,
)
from cmdb.changeset import Sighting
from cmdb.entities import CI, Claim, Entity, Lifecycle, Relationship, State
from cmdb.store.folding import fold
from cmdb.store.instants import to_microseconds
from cmdb.values import Value
from tests.contract.store.builders import NOW, ci, claim, relationship

_WORDS = (
    "web", "WEB", "Web01", "web01.example.com", "db", "", "a", "É", "é", "İ", "ß", "ss", "SS", "Ω", "straße", "100%", "w_b",
    "😀", "\uffee", "😀web", "'\"\\", "10.1.2.3", "10.1.2.30", "10.2.0.0", "2001:db8::1", "::1", "fe80::1%eth0", "Σ", "ς",
)  # fmt: skip
_NUMBERS = (0, 1, 4, 4.0, 4.25, -1, 10**12, 2**63 - 1, -(2**63), 1e300)
words = st.sampled_from(_WORDS)
numbers = st.sampled_from(_NUMBERS)
_values: st.SearchStrategy[Value] = st.one_of(
    words,
    numbers,
    st.booleans(),
    st.lists(words, max_size=3),
    st.sampled_from([2**70, [1, 2], ["a", 1], [True], [1.5], {}]),
)
_ATTRIBUTES = (
    "owner",
    "os_name",
    "serial_number",
    "fqdn",
    "cpu_count",
    "height",
    "virtual",
    "ip_addresses",
    "tags",
    "state",
    "source",
)
_TYPES = {
    "owner": FieldType.TEXT,
    "os_name": FieldType.TEXT,
    "serial_number": FieldType.TEXT,
    "fqdn": FieldType.TEXT,
    "cpu_count": FieldType.NUMBER,
    "height": FieldType.NUMBER,
    "virtual": FieldType.FLAG,
    "ip_addresses": FieldType.TEXTS,
    "tags": FieldType.TEXTS,
    "state": FieldType.TEXT,
    "source": FieldType.TEXT,
}
_right: dict[FieldType, st.SearchStrategy[Value]] = {
    FieldType.TEXT: words,
    FieldType.NUMBER: numbers,
    FieldType.FLAG: st.booleans(),
    FieldType.TEXTS: st.lists(words, max_size=3),
}
_CLASSES = ("server", "router", "application")
_RELATIONSHIPS = ("RUNS_ON", "USES")
_HOURS = (-48, -1, 0, 1)
_SECONDS = (0, 1, 1.5)


@dataclass(frozen=True)
class Estate:
    """Entities, with what was seen when."""

    entities: tuple[Entity, ...]
    sightings: tuple[Sighting, ...]

    @property
    def cis(self) -> list[CI]:
        """Those that are not merged."""
        return [entity for entity in self.entities if isinstance(entity, CI) and entity.merged_into is None]


@st.composite
def _attributes(draw: st.DrawFn) -> Mapping[str, Value]:
    names = draw(st.sets(st.sampled_from(_ATTRIBUTES)))
    return {name: draw(_right[_TYPES[name]] if draw(st.integers(0, 4)) else _values) for name in sorted(names)}


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    """Up to seven CIs with claims, sightings and relationships, the last perhaps merged into the first."""
    count = draw(st.integers(1, 7))
    cis: list[CI] = []
    for number in range(count):
        made = ci(
            f"{draw(st.sampled_from('aBc'))}{number}",
            draw(words),
            class_name=draw(st.sampled_from(_CLASSES)),
            lifecycle=draw(st.sampled_from(Lifecycle)),
            attributes=draw(_attributes()),
        )
        made_at = NOW + dt.timedelta(seconds=draw(st.sampled_from(_SECONDS)))
        cis.append(_with(made, state=draw(st.sampled_from(State)), created_at=made_at))
    if count > 2 and draw(st.booleans()):
        cis[-1] = _with(cis[-1], merged_into=cis[0].id)
    live = [one.id for one in cis if one.merged_into is None]
    arrows = draw(
        st.lists(st.tuples(st.sampled_from(live), st.sampled_from(_RELATIONSHIPS), st.sampled_from(live)), max_size=10)
    )
    found: dict[str, Relationship] = {}
    for source, type_, target in arrows:
        made_relationship = relationship(source, type_, target)
        if source != target:
            found[made_relationship.id] = made_relationship
    claims: list[Claim] = []
    sightings: list[Sighting] = []
    for number, id_ in enumerate(draw(st.lists(st.sampled_from(live), max_size=5))):
        claims.append(claim(f"claim-{number}", id_))
        if draw(st.booleans()):
            sightings.append(Sighting(f"claim-{number}", NOW + dt.timedelta(hours=draw(st.sampled_from(_HOURS)))))
    return Estate((*cis, *found.values(), *claims), tuple(sightings))


def _with(one: CI, **fields: object) -> CI:
    return CI(**{**{name: getattr(one, name) for name in one.__struct_fields__}, **fields})


def _attribute(type_: FieldType) -> st.SearchStrategy[Attribute]:
    return st.sampled_from([Attribute(name, of) for name, of in _TYPES.items() if of is type_])


_text_columns = st.sampled_from(
    [OwnColumn(column, FieldType.TEXT) for column in (Column.ID, Column.NAME, Column.LIFECYCLE, Column.STATE)]
)
_time_columns = st.sampled_from(
    [OwnColumn(column, FieldType.TIME) for column in (Column.CREATED_AT, Column.FIRST_SEEN_AT, Column.LAST_SEEN_AT)]
)
_text_fields: st.SearchStrategy[Field] = st.one_of(_attribute(FieldType.TEXT), _text_columns)
single_fields: st.SearchStrategy[Field] = st.one_of(
    _text_fields,
    _time_columns,
    _attribute(FieldType.NUMBER),
    _attribute(FieldType.FLAG),
    st.just(OwnColumn(Column.CLASS, FieldType.TEXT)),
)
sorts = st.builds(Sort, single_fields, st.booleans())
_folded = words.map(fold)
_parts = _folded.filter(bool)
_times = st.sampled_from(
    [TimeValue(to_microseconds(NOW) + offset) for offset in (0, 1, 1_000_000, 1_500_000, -3_600_000_000, 3_600_000_000)]
)
_equality = st.sampled_from([Operator.EQUAL, Operator.UNEQUAL])
_networks = st.sampled_from(["10.1.0.0/16", "0.0.0.0/0", "10.1.2.3/32", "2001:db8::/32", "::/0", "::1/128"])


def _texts_compared(text: st.SearchStrategy[Operand]) -> st.SearchStrategy[Condition]:
    return st.one_of(
        st.builds(Compare, text, st.sampled_from(Operator), st.one_of(_folded.map(TextValue), text)),
        st.builds(OneOf, text, st.lists(_folded, min_size=1, max_size=3, unique=True).map(tuple)),
        st.builds(Looks, text, st.sampled_from(TextTest), _parts),
        st.builds(Inside, text, _networks),
        st.builds(Compare, text.map(_size), st.sampled_from(Operator), numbers.map(NumberValue)),
    )


def _size(of: Operand) -> Operand:
    assert isinstance(of, Attribute | OwnColumn | Element)
    return Size(of)


_number_fields: st.SearchStrategy[Operand] = st.one_of(
    _attribute(FieldType.NUMBER), _attribute(FieldType.TEXTS).map(Size)
)
_elements: st.SearchStrategy[Operand] = st.just(Element())
_atoms: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Always, st.booleans()),
    st.builds(Has, st.one_of(single_fields, _attribute(FieldType.TEXTS))),
    _texts_compared(_text_fields),
    st.builds(Compare, _number_fields, st.sampled_from(Operator), st.one_of(numbers.map(NumberValue), _number_fields)),
    st.builds(OneNumberOf, _number_fields, st.lists(numbers, min_size=1, max_size=3).map(tuple)),
    st.builds(Compare, _attribute(FieldType.FLAG), _equality, st.builds(FlagValue, st.booleans())),
    st.builds(Compare, _time_columns, st.sampled_from(Operator), st.one_of(_times, _time_columns)),
    st.builds(OfClass, st.lists(st.sampled_from(_CLASSES), min_size=1, unique=True).map(tuple)),
    st.builds(Exists, _attribute(FieldType.TEXTS), _texts_compared(_elements)),
    st.builds(
        Exists,
        _attribute(FieldType.TEXTS),
        st.builds(
            Exists,
            _attribute(FieldType.TEXTS),
            st.builds(Compare, st.just(Element(0)), st.sampled_from(Operator), st.just(Element(1))),
        ),
    ),
)


def _joined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    types = st.lists(st.sampled_from(_RELATIONSHIPS), min_size=1, unique=True).map(tuple)
    return st.one_of(
        st.builds(Not, inner),
        st.builds(And, several),
        st.builds(Or, several),
        st.builds(Related, types, st.integers(1, 3), st.sampled_from(Direction), inner),
    )


conditions = st.recursive(_atoms, _joined, max_leaves=5)
