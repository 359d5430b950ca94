"""What `cmdb generate` promises of its estates."""

from __future__ import annotations

import json

import networkx as nx
import pytest

from cmdb.formats.estate import LAYERS, generate_estate


def test_the_shares_of_the_layers_add_up() -> None:
    assert sum(layer.share for layer in LAYERS) == 1000


@pytest.mark.parametrize("cis", [1, 7, 100, 1000, 2345])
def test_an_estate_has_exactly_as_many_cis_as_asked_for(cis: int) -> None:
    ids = [json.loads(line)["ci"]["id"] for line in generate_estate(cis) if line.startswith('{"ci"')]
    assert len(ids) == len(set(ids)) == cis


def test_the_same_seed_makes_the_same_estate_and_another_seed_another() -> None:
    assert list(generate_estate(500, seed=7)) == list(generate_estate(500, seed=7))
    assert list(generate_estate(500, seed=7)) != list(generate_estate(500, seed=8))


def test_every_line_speaks_of_cis_that_stand_before_it_and_nothing_needs_itself() -> None:
    known: set[str] = set()
    needs: nx.DiGraph[str] = nx.DiGraph()
    for line in generate_estate(3100, seed=3):
        match json.loads(line):
            case {"ci": {"id": str(id_)}}:
                known.add(id_)
            case {"relationship": {"source": source, "type": type_, "target": target}}:
                assert {source, target} <= known
                if type_ != "USES":
                    needs.add_edge(source, target)
            case {"redundancy": {"of": of, "members": members}}:
                assert {of, *members} <= known
                assert len(set(members)) == len(members) > 1
            case other:
                raise AssertionError(other)
    assert nx.is_directed_acyclic_graph(needs)
