"""The mapping file of a table: what it may say, and that it reads back as it was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmdb.errors import Invalid
from cmdb.registry import default_registry
from scanners.table_headers import Column, Meaning, guess
from scanners.table_mapping import read_mapping, write_mapping

REGISTRY = default_registry()


def test_a_mapping_renames_ignores_and_relates() -> None:
    text = "class: Server\ncolumns:\n  Gerät: name\n  Alt: null\n  Liegt auf: {relationship: stored on}\n"
    mapped = read_mapping({"mapping": text}, REGISTRY, format_name="csv")
    assert mapped.settings == {"class": "server"}
    assert mapped.columns == {
        "Gerät": Column("Gerät", Meaning.ATTRIBUTE, "name"),
        "Alt": Column("Alt", Meaning.IGNORED),
        "Liegt auf": Column("Liegt auf", Meaning.RELATIONSHIP, "STORED_ON"),
    }


def test_an_option_stands_over_the_mapping() -> None:
    mapped = read_mapping({"mapping": "class: server\n", "class": "laptop"}, REGISTRY, format_name="csv")
    assert mapped.settings["class"] == "laptop"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("colums:\n  a: name\n", 1, "unknown key 'colums'"),
        ("class: server\ncolumns:\n  a: name\n  b: {relationship: RUNS_UNDER}\n", 4, "unknown relationship type"),
        ("columns:\n  a: {attribute: name, relationship: USES}\n", 2, "either an attribute or a relationship"),
        ("columns:\n  a: {attribut: name}\n", 2, "a column is"),
        ("columns:\n  a: {relationship: USES, direction: up}\n", 2, "direction is out"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(Invalid, match=said) as caught:
        read_mapping({"mapping": text}, REGISTRY, format_name="csv")
    assert caught.value.place == f"mapping:{line}"


def test_a_mapping_of_a_column_that_is_not_there_names_the_columns() -> None:
    mapped = read_mapping({"mapping": "columns:\n  Host: name\n"}, REGISTRY, format_name="csv")
    with pytest.raises(Invalid, match="which the table has not; its columns are 'Name', 'Serial'"):
        mapped.applied(guess(["Name", "Serial"], REGISTRY), "a.csv")


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(str.strip),
        min_size=1,
        max_size=8,
        unique_by=str.strip,
    )
)
def test_a_written_mapping_reads_back_as_the_same_columns(headings: list[str]) -> None:
    columns = guess([heading.strip() for heading in headings], REGISTRY)
    text = write_mapping(columns, {"class": "server", "date_format": "%d.%m.%Y"})
    mapped = read_mapping({"mapping": text}, REGISTRY, format_name="csv")
    again = [mapped.columns[column.heading] for column in columns]
    assert [(column.meaning, column.target) for column in again] == [
        (column.meaning, "" if column.meaning is Meaning.IGNORED else column.target) for column in columns
    ]
    assert mapped.settings == {"class": "server", "date_format": "%d.%m.%Y"}
