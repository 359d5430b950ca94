"""os-release(5) files as distributions write them."""

from __future__ import annotations

from discovery.hosts.os_release import OperatingSystem, parse_os_release


def test_a_debian_release_gives_name_and_version() -> None:
    text = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n'
    assert parse_os_release(text) == OperatingSystem(name="Debian GNU/Linux", version="12")


def test_single_quotes_comments_and_blank_lines_are_understood() -> None:
    text = "# comment\n\nNAME='Alpine Linux'\nVERSION_ID=3.19.1\n"
    assert parse_os_release(text) == OperatingSystem(name="Alpine Linux", version="3.19.1")


def test_a_rolling_release_has_its_build_id_as_version() -> None:
    assert parse_os_release('NAME="Arch Linux"\nBUILD_ID=rolling\n') == OperatingSystem(
        name="Arch Linux", version="rolling"
    )


def test_garbage_says_nothing() -> None:
    assert parse_os_release('\x00\x01 no assignment\nNAME="unterminated') == OperatingSystem(name="unterminated")
