"""Units of processes and units that are meant to run."""

from __future__ import annotations

import pytest

from discovery.hosts.facts import Unit
from discovery.hosts.units import is_session, parse_units, unit_of


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("0::/system.slice/nginx.service\n", "nginx.service"),
        ("0::/system.slice/system-postgresql.slice/postgresql@15-main.service\n", "postgresql@15-main.service"),
        ("9:name=systemd:/system.slice/cron.service\n8:pids:/\n0::/\n", "cron.service"),
        ("1:name=systemd:/\n0::/system.slice/ssh.service\n", "ssh.service"),
        (r"0::/system.slice/system-getty\x2dlike.slice/my\x2dapp.service", "my-app.service"),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.service\n", None),
        ("0::/init.scope\n", None),
        ("0::/\n", None),
        ("", None),
    ],
)
def test_the_service_unit_is_in_the_cgroup(cgroup: str, unit: str | None) -> None:
    assert unit_of(cgroup) == unit


def test_a_login_is_a_session_and_a_service_is_none() -> None:
    assert is_session("0::/user.slice/user-1000.slice/session-3.scope\n")
    assert not is_session("0::/system.slice/nginx.service\n")


def test_units_that_run_and_are_enabled_are_listed_and_passing_ones_are_not() -> None:
    text = (
        "Id=cron.service\nSubState=running\nUnitFileState=enabled\nDescription=Regular jobs\n\n"
        "Id=fwupd.service\nSubState=running\nUnitFileState=static\nDescription=On demand\n\n"
        "Id=apt-daily.service\nSubState=dead\nUnitFileState=enabled\n\n"
        "Id=getty@tty1.service\nSubState=running\nUnitFileState=enabled\n\n"
        "Id=user@1000.service\nSubState=running\nUnitFileState=enabled\n"
    )
    assert parse_units(text) == (Unit(name="cron", description="Regular jobs"),)
