"""What a filter may say, and how its faults are told."""

from __future__ import annotations

import pytest

from cmdb.asking.condition import (
    Always,
    And,
    Attribute,
    Column,
    Compare,
    FieldType,
    NumberValue,
    OfClass,
    Operator,
    OwnColumn,
    TextValue,
    from_json,
    to_json,
)
from cmdb.asking.faults import FilterFault
from cmdb.asking.meaning import condition_of
from cmdb.registry import default_registry


def _fault(text: str, class_name: str | None = "server") -> FilterFault:
    with pytest.raises(FilterFault) as caught:
        condition_of(text, default_registry(), class_name)
    return caught.value


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ('os_nam == "x"', 0, "did you mean os_name"),
        ('name == "x" && os_nam == "x"', 15, "did you mean os_name"),
        ('class == "servr"', 9, "did you mean server"),
        ("os_version == 7", 0, "os_version is a text and is compared with a number; put the value in quotes"),
        ('cpu_count == "4"', 0, "leave the quotes out"),
        ('created_at > "2026-01-01"', 0, 'write timestamp("2026-01-01")'),
        ('lifecycle == "lve"', 13, "did you mean 'live'"),
        ('name.matches("x.*")', 0, "patterns are not offered"),
        ("a = b", 2, "write == to compare"),
        ('name == "x" and name == "y"', 12, "write && for and"),
        ('name == "x" name == "y"', 12, "join them by && or ||"),
        ("name ==", 7, "ends too early"),
        ("", 0, "is empty"),
        ("name == null", 8, "ask has(x) or !has(x)"),
        ("cpu_count / 2 == 3", 0, "division is not offered"),
        ("cpu_count * 2 == 3", 0, "written out"),
        ("cpu_count ? true : false", 0, "a ? b : c is not offered"),
        ("name", 0, "no condition"),
        ('ip_addresses == "10.1.0.1"', 0, '"x" in list'),
        ('ip_addresses.startsWith("10.")', 0, "list.exists(a, a.startsWith"),
        ('members.exists(m, m == "x")', 0, "list of objects"),
        ('related("RUN_ON")', 8, "did you mean RUNS_ON"),
        ('related("RUNS_ON", 9)', 19, "1 to 5 hops"),
        ('related("RUNS_ON", "up")', 19, '"out", "in" or "any"'),
        ('inside(ip_addresses, "10.1.0.0/40")', 21, "is no network"),
        ('has("x")', 0, "has takes the name of an attribute"),
        ('nam.contains("x")', 0, "did you mean name"),
        ('name.contain("x")', 0, "did you mean contains"),
        ('name.contains("")', 14, "ask has"),
        ("1 == 1", 0, "both sides are written out"),
        ('last_seen_at < now - duration("30 days")', 30, "is no duration"),
        ('last_seen_at > timestamp("yesterday")', 25, "is no time"),
        ('"x" in [name]', 0, "name an attribute before in"),
        ('name in ["a", 1]', 14, "holds a number and is asked for a text"),
        ('subnet_mask == "x"', 0, "server has no attribute 'subnet_mask'"),
        ('cidr == "10.0.0.0/8"', 0, "subnet"),
        ('name == "\\q"', 8, "means nothing"),
        ("cpu_count == 99999999999999999999", 13, "64 bits"),
        ('name == b"x"', 8, "bytes are not offered"),
        ('name["x"] == 1', 0, "by number is not offered"),
    ],
)
def test_a_fault_names_its_place_and_what_to_write(text: str, position: int, words: str) -> None:
    fault = _fault(text)
    assert words in fault.message
    assert fault.position == position


def test_a_fault_shows_the_line_with_a_caret_under_the_place() -> None:
    fault = _fault('name == "web01" &&\n  os_nam == "Linux"')
    assert fault.place == "filter, line 2, character 3"
    assert fault.excerpt == '    os_nam == "Linux"\n    ^'


def test_a_long_filter_shows_what_is_around_the_place() -> None:
    fault = _fault(" || ".join(['name == "web01"'] * 40) + " || nam == 1")
    assert fault.excerpt is not None
    line, caret = fault.excerpt.split("\n")
    assert line[caret.index("^") :].startswith("nam == 1")


def test_a_filter_without_measure_is_refused() -> None:
    assert "nested deeper" in _fault("!" * 100 + "true").message
    assert "at most 8000 characters" in _fault("x" * 9000).message


def test_brackets_alone_are_no_depth() -> None:
    assert condition_of("(" * 300 + "true" + ")" * 300, default_registry()) == Always(value=True)


def test_a_filter_has_at_most_so_many_comparisons() -> None:
    assert "at most 400 comparisons" in _fault(" || ".join(["has(name)"] * 401)).message


def test_names_are_those_of_the_class_and_its_subclasses() -> None:
    assert condition_of("rack_position > 3", default_registry(), "server") == Compare(
        Attribute("rack_position", FieldType.NUMBER), Operator.GREATER, NumberValue(3)
    )
    assert "hardware has one" in _fault("rack_position > 3", "business_service").message


def test_a_condition_survives_being_written_down() -> None:
    condition = condition_of(
        'class == "vm" && related("RUNS_ON", 2, inside(ip_addresses, "10.0.0.0/8")) && last_seen_at < now',
        default_registry(),
    )
    assert from_json(to_json(condition)) == condition
    assert hash(from_json(to_json(condition))) == hash(condition)


def test_what_is_written_is_what_is_meant() -> None:
    assert condition_of('class == "Server" && name != "WEB"', default_registry()) == And(
        (
            OfClass(("server",)),
            Compare(OwnColumn(Column.NAME, FieldType.TEXT), Operator.UNEQUAL, TextValue("web")),
        )
    )


def test_an_attribute_behind_a_column_of_the_same_name_is_asked_by_its_full_name() -> None:
    assert condition_of('attributes.state == "up"', default_registry()) == Compare(
        Attribute("state", FieldType.TEXT), Operator.EQUAL, TextValue("up")
    )
