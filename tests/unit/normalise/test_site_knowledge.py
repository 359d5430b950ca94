"""What a site adds to makers, programs and shapes of banners, and what of it is refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmdb.errors import Invalid
from cmdb.normalise.fingerprint import Part, Spoken
from cmdb.normalise.recognition import recognise
from cmdb.normalise.spelling import one_spelling
from cmdb.registry import Registry, default_registry
from cmdb.site.model import read_site_model

FILE = """\
normalise:
  makers: {Contoso: [Contoso Manufacturing, CNTS]}
  products: {Contoso: {Till Server: [ctill]}}
  spoken:
    sysdescr:
      - {says: 'CNTS till rev {v}', system: [Contoso, Till OS]}
"""


def site(folder: Path, text: str) -> Registry:
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return default_registry().extended(read_site_model(path))


def test_a_site_names_its_own_makers_programs_and_shapes(tmp_path: Path) -> None:
    known = site(tmp_path, FILE).knowledge

    assert one_spelling("CNTS", known) == "Contoso"
    assert one_spelling("Contoso Manufacturing Ltd.", known) == "Contoso"
    assert recognise(Spoken.HTTP, "CTill/4.2", known).service == Part("Contoso", "Till Server", "Till Server", "4.2")
    assert recognise(Spoken.SYSDESCR, "CNTS till rev 7.1", known).system == Part("Contoso", "Till OS", "Till OS", "7.1")


def test_without_a_site_nothing_of_it_is_known() -> None:
    assert one_spelling("CNTS") == "CNTS"
    assert recognise(Spoken.SYSDESCR, "CNTS till rev 7.1").system == Part()


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ("  spoken: {sysdescr: [{says: '(unclosed'}]}", "site.yaml:2"),
        ("  spoken: {shouting: [{says: 'abc'}]}", "site.yaml:2"),
        ("  vendors: {}", "site.yaml:2"),
    ],
)
def test_what_cannot_be_right_is_refused_with_file_and_line(tmp_path: Path, part: str, place: str) -> None:
    with pytest.raises(Invalid) as refused:
        site(tmp_path, f"normalise:\n{part}\n")

    assert str(refused.value.place).endswith(place)
