"""Which kernel answers where."""

from __future__ import annotations

import subprocess
import sys

from tests.shared import ROOT

ANSWER = """
from impact.engine import compiled, engine_for
from impact.blast_radius import blast_radius
from tests.unit.impact.builders import graph_of
graph = graph_of(["a", "b"], [("a", "DEPENDS_ON", "b")], engine=compiled())
print(compiled().name, [row.id for row in blast_radius(graph, ["b"]).impacted])
"""


def run(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout.strip()


def test_without_numba_the_plain_kernel_answers() -> None:
    assert run("import sys; sys.modules['numba'] = None" + ANSWER) == "pure ['a']"


def test_with_numba_the_compiled_kernel_answers() -> None:
    assert run(ANSWER) == "numba ['a']"


def test_a_single_question_of_a_small_graph_does_not_load_the_compiler() -> None:
    code = "\nimport sys\nfrom impact.engine import engine_for\nprint(engine_for(100_000, is_followed=False).name, 'numba' in sys.modules)"
    assert run(code) == "pure False"


def test_a_graph_that_is_followed_gets_the_compiled_kernel_from_20000_nodes() -> None:
    code = "\nfrom impact.engine import engine_for\nprint(*(engine_for(n, is_followed=True).name for n in (19_999, 20_000)))"
    assert run(code) == "pure numba"
