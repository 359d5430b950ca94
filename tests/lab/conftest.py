"""The lab, for the tests of the lab itself and of single scanners in it."""

from tests.lab.fixture import lab

__all__ = ["lab"]
