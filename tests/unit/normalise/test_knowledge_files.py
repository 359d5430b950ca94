"""The shipped lists: each names its source, each word stands for one thing, each shape can be matched."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files

import pytest

from cmdb.data.lists import table
from cmdb.normalise.fingerprint import Spoken
from cmdb.normalise.folding import folded
from cmdb.normalise.spelling import one_spelling
from cmdb.normalise.spoken_rules import built_in_rules

FILES = ("cpe", "enterprise_numbers", "gear", "products", "releases", "software_words", "spoken")


@pytest.mark.parametrize("name", FILES)
def test_a_list_says_at_its_head_what_it_is_and_where_it_is_from(name: str) -> None:
    head = files("cmdb.data").joinpath(f"{name}.yaml").read_text(encoding="utf-8").partition("\n\n")[0]

    assert head.startswith("# ")
    assert len(head.splitlines()[0]) > 60


@pytest.mark.parametrize("kind", list(Spoken))
def test_every_shape_can_be_matched_and_none_fits_an_empty_text(kind: Spoken) -> None:
    assert built_in_rules(kind)
    assert [rule.pattern.pattern for rule in built_in_rules(kind) if rule.read("") is not None] == []


def test_a_program_goes_by_one_name_only() -> None:
    named = {
        (folded(word), maker, product)
        for maker, products in table("products").items()
        for product, words in products.items()
        for word in words
    }

    assert [word for word, times in Counter(word for word, _, _ in named).items() if times > 1] == []


def test_every_spelling_of_a_maker_leads_to_one_that_is_its_own() -> None:
    makers = {*table("gear")["said"], *table("gear")["called"], *table("products")}

    assert [maker for maker in sorted(makers) if one_spelling(one_spelling(maker) or "") != one_spelling(maker)] == []


def test_enterprise_numbers_are_numbers_in_order() -> None:
    numbers = [int(number) for number in table("enterprise_numbers")["holders"]]

    assert numbers == sorted(set(numbers))
