"""From the cells of a table to drafts and links."""

from __future__ import annotations

import io

import pytest

from cmdb.errors import Invalid
from cmdb.formats.batch import Batch
from cmdb.observation import Draft, Link
from scanners.csv_import import CsvParser


def read(text: str | bytes, **options: str) -> Batch:
    batch = Batch()
    raw = text.encode() if isinstance(text, str) else text
    CsvParser().read(io.BytesIO(raw), name="a.csv", into=batch, options=options)
    return batch


def test_a_row_becomes_a_draft_with_its_key_its_name_and_its_lists() -> None:
    text = (
        "id,class,name,native_key,serial,MAC,IP address\nr1,Server,web1,A-1,S1,02:00:00:00:00:01,10.0.0.1; 10.0.0.2\n"
    )
    assert read(text).drafts == [
        Draft(
            local_id="r1",
            class_name="server",
            name="web1",
            native_key="A-1",
            attributes={
                "serial_number": "S1",
                "mac_addresses": ["02:00:00:00:00:01"],
                "ip_addresses": ["10.0.0.1", "10.0.0.2"],
            },
            line=2,
        )
    ]


def test_an_empty_cell_says_nothing_and_a_row_of_empty_cells_is_none() -> None:
    batch = read("name,serial\nweb1,\n,\n\nweb2,S2\n", **{"class": "server"})
    assert [(draft.name, dict(draft.attributes), draft.line) for draft in batch.drafts] == [
        ("web1", {}, 2),
        ("web2", {"serial_number": "S2"}, 5),
    ]


def test_a_relationship_column_names_the_other_end_by_its_key() -> None:
    batch = read('name,runs_on,Depends on\napp,esx1,"db1, db2"\n', **{"class": "virtual_machine"})
    assert batch.links == [
        Link(source="row 2", type="RUNS_ON", target="esx1", line=2, is_by_key=True),
        Link(source="row 2", type="DEPENDS_ON", target="db1", line=2, is_by_key=True),
        Link(source="row 2", type="DEPENDS_ON", target="db2", line=2, is_by_key=True),
    ]


def test_a_date_that_may_be_read_in_two_ways_is_refused_until_its_form_is_said() -> None:
    text = "name,Purchase date\na,03/04/2026\nb,2026-04-03\n"
    batch = read(text, **{"class": "server"})
    assert [draft.attributes["purchased_on"] for draft in batch.drafts] == ["2026-04-03"]
    assert [(refused.line, "several ways" in refused.message) for refused in batch.refused] == [(2, True)]
    again = read("name,Purchase date\na,03/04/2026\n", **{"class": "server", "date_format": "%d/%m/%Y"})
    assert again.drafts[0].attributes["purchased_on"] == "2026-04-03"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    text = delimiter.join(["name", "serial", "class"]) + "\n" + delimiter.join(["a", "S1", "server"]) + "\n"
    assert [(draft.name, draft.class_name) for draft in read(text).drafts] == [("a", "server")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_the_encoding_is_found(encoding: str) -> None:
    text = "name;class\nGerät Köln-Süd;server\n"
    batch = read(text.encode(encoding))
    assert batch.drafts[0].name == "Gerät Köln-Süd"
    assert len(batch.warnings) == (encoding == "windows-1252")


def test_a_cell_that_a_spreadsheet_would_run_reads_back_without_its_apostrophe() -> None:
    batch = read("name,notes\na,'=1+1\nb,''=x\nc,'quoted\n", **{"class": "server"})
    assert [draft.attributes["notes"] for draft in batch.drafts] == ["=1+1", "'=x", "'quoted"]


def test_a_row_with_more_cells_than_columns_is_refused_and_the_others_land() -> None:
    batch = read("name,serial\na,S1,oops\nb,S2\n", **{"class": "server"})
    assert [draft.name for draft in batch.drafts] == ["b"]
    assert [refused.line for refused in batch.refused] == [2]


def test_the_line_of_a_row_counts_line_breaks_inside_cells() -> None:
    batch = read('name,notes\n"a","two\nlines"\nb,x\n', **{"class": "server"})
    assert [draft.line for draft in batch.drafts] == [2, 4]


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ('name,class\na,"server\nb,server\n', "a.csv:2", "quotation mark"),
        ("name,serial\na,S1\n", "a.csv", "of what class"),
        ("name,class,name\na,server,b\n", "a.csv:1", "two columns are called 'name'"),
    ],
)
def test_what_is_no_table_is_refused_as_a_whole(text: str, place: str, said: str) -> None:
    with pytest.raises(Invalid, match=said) as caught:
        read(text)
    assert caught.value.place == place


def test_a_class_that_nobody_knows_refuses_its_row() -> None:
    batch = read("name,class\na,sever\nb,server\n")
    assert [draft.name for draft in batch.drafts] == ["b"]
    assert "did you mean" in batch.refused[0].message


def test_an_empty_file_lands_nothing() -> None:
    assert read("").drafts == []
