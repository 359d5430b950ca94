"""The fixture `lab`: the lab, built and up, for the whole session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import build as images
from tests.lab.lifecycle import Lab
from tests.lab.places import Places
from tests.shared import lack


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The lab with every node running; one that was up before stays up afterwards."""
    images.install_needs()
    if lacks := images.lacks():
        lack(f"the lab ({', '.join(lacks)})")
    running = Lab(Places.from_environment())
    was_up = running.is_up
    if not was_up:
        running.build()
        running.up()
    yield running
    if not was_up:
        running.down()
