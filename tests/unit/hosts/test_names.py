"""Names of a host from its own files."""

from __future__ import annotations

import pytest

from discovery.hosts.names import full_name, short_name

HOSTS = "127.0.0.1 localhost\n192.0.2.1 web01.example.test web01 # main\n192.0.2.2 db01.example.test db01\n"


@pytest.mark.parametrize(
    ("hostname", "expected"),
    [("web01", "web01"), ("Web01.example.test", "Web01"), ("localhost", None), ("", None), ("(none)", None)],
)
def test_the_short_name_is_the_first_label(hostname: str, expected: str | None) -> None:
    assert short_name(hostname) == expected


@pytest.mark.parametrize(
    ("hostname", "expected"),
    [
        ("web01", "web01.example.test"),
        ("WEB01.Example.Test.", "web01.example.test"),
        ("unknown", None),
        ("localhost.localdomain", None),
        ("192.0.2.1", None),
    ],
)
def test_the_full_name_has_dots_or_comes_from_the_hosts_file(hostname: str, expected: str | None) -> None:
    assert full_name(hostname, HOSTS) == expected
