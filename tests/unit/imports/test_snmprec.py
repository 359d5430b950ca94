"""Recorded walks: the parser drafts what the scanner drafts, and refuses what is no recording."""

from __future__ import annotations

import io

import pytest

from cmdb.errors import Invalid
from cmdb.formats.batch import Batch
from scanners.snmprec_import import SnmprecParser
from tests.support.snmp_recordings import expected, recordings

LINES = b"1.3.6.1.2.1.1.1.0|4|Linux box\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.8072.3.2.10\n1.3.6.1.2.1.1.5.0|4|web01.example.net\n"


def read(raw: bytes) -> Batch:
    batch = Batch()
    SnmprecParser().read(io.BytesIO(raw), name="x.snmprec", into=batch, options={})
    return batch


def test_every_recording_is_its_device() -> None:
    judged = 0
    for path in recordings():
        wanted = expected(path)
        batch = read(path.read_bytes())
        device = batch.drafts[0]
        assert device.class_name == wanted.class_name, path.name
        for key in ("serial_number", "model", "os_version"):
            if key in wanted.is_judged:
                judged += 1
                assert device.attributes.get(key) == getattr(wanted, key), (path.name, key)
    assert judged > 40


def test_a_recording_of_a_few_lines_is_a_device_with_its_name() -> None:
    batch = read(LINES)
    assert batch.drafts[0].name == "web01"
    assert batch.drafts[0].attributes["sys_description"] == "Linux box"


def test_a_line_that_is_no_value_is_passed_over_and_told() -> None:
    assert read(LINES + b"oops\n").warnings == ["x.snmprec: 1 lines are no recorded value; passed over"]


def test_an_empty_file_lands_nothing() -> None:
    assert read(b"").drafts == []


@pytest.mark.parametrize("raw", [b"name,serial\na,b\n", b"\x00\xff\xfe" * 50, b'{"ci": {}}\n'])
def test_what_is_no_recording_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid, match="no recorded value"):
        read(raw)
