"""The SSH scanner against a real OpenSSH server that behaves well, badly and worse."""

from __future__ import annotations

import asyncio
import datetime as dt
import platform
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from cmdb.errors import Invalid
from cmdb.observation import Draft, Observation
from discovery.credentials import Credential, CredentialKind
from discovery.scanner import Limits, Notice, Observed, Outcome, ScanEvent, ScanRequest, TargetDone
from scanners.ssh import SshScanner
from tests.support.sshd import SshServer, ssh_server

REPORT_MARK = "mark=$(sed -n 's/^mark=//p')"
"""Shell: the mark of the script on standard input."""


async def scanned(
    targets: Sequence[str],
    credentials: Sequence[Credential],
    *,
    folder: Path,
    ports: str = "22",
    timeout_s: float = 20.0,
    max_rows: int = 200_000,
    exclude: tuple[str, ...] = (),
) -> list[ScanEvent]:
    request = ScanRequest(
        run_id="run",
        started_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        targets=tuple(targets),
        exclude=exclude,
        credentials=tuple(credentials),
        limits=Limits(target_timeout_s=timeout_s, run_timeout_s=60.0, max_in_flight=8, max_rows_per_target=max_rows),
        options={"ports": ports, "host_keys_file": str(folder / "host_keys")},
    )
    return [event async for event in SshScanner().scan(request)]


async def read_one(
    server: SshServer,
    *,
    folder: Path,
    credentials: Sequence[Credential] | None = None,
    timeout_s: float = 20.0,
    max_rows: int = 200_000,
) -> tuple[TargetDone, list[Observation]]:
    events = await scanned(
        [server.address],
        credentials if credentials is not None else [server.key],
        folder=folder,
        ports=str(server.port),
        timeout_s=timeout_s,
        max_rows=max_rows,
    )
    (done,) = [event for event in events if isinstance(event, TargetDone)]
    return done, [event.observation for event in events if isinstance(event, Observed)]


def host_of(observations: Sequence[Observation]) -> Draft:
    return observations[0].drafts[0]


async def test_a_host_is_read_with_its_key(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "server") as server:
        done, observations = await read_one(server, folder=tmp_path)
    host = host_of(observations)
    assert (done.target, done.outcome, done.credential) == (server.address, Outcome.READ, "good-key")
    assert (host.name, host.attributes["kernel_version"]) == (
        socket.gethostname().partition(".")[0],
        platform.release(),
    )
    assert f"tcp/{server.port}" not in {draft.name for draft in observations[0].drafts}, (
        "a port handed out by the kernel"
    )


async def test_the_key_that_the_server_shows_is_among_the_hosts_keys(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "server") as server:
        _done, observations = await read_one(server, folder=tmp_path)
        shown = server.fingerprints()
    keys = host_of(observations).attributes["ssh_host_keys"]
    assert isinstance(keys, list)
    assert set(keys) & set(shown)


async def test_credentials_are_tried_in_order_until_one_is_accepted(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "server") as server:
        done, _observations = await read_one(server, folder=tmp_path, credentials=[server.password, server.key])
    assert (done.outcome, done.credential) == (Outcome.READ, "good-key")


async def test_a_refused_password_is_a_reason_and_shows_no_secret(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "server") as server:
        done, observations = await read_one(server, folder=tmp_path, credentials=[server.password])
    assert (done.outcome, done.reason) == (Outcome.NO_CREDENTIAL, "no credential accepted: wrong-password")
    assert (done.credential, observations) == (None, [])


async def test_a_key_file_open_to_others_is_not_used(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "server") as server:
        server.key_file.chmod(0o644)
        done, _observations = await read_one(server, folder=tmp_path)
    assert done.outcome is Outcome.NO_CREDENTIAL
    assert f"run: chmod 600 {server.key_file}" in done.reason


async def test_a_run_without_ssh_credentials_says_so(tmp_path: Path) -> None:
    snmp = Credential(name="snmp", kind=CredentialKind.SNMP_V2C, secrets={"community": "tp-community"})
    with ssh_server(tmp_path / "server") as server:
        done, _observations = await read_one(server, folder=tmp_path, credentials=[snmp])
    assert (done.outcome, done.reason) == (
        Outcome.NO_CREDENTIAL,
        f"no credential accepted: none was given for SSH on port {server.port}",
    )


async def test_a_changed_host_key_stops_that_target_with_both_fingerprints(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "one") as first:
        await read_one(first, folder=tmp_path)
        old = first.fingerprints()
    with ssh_server(tmp_path / "two", port=first.port) as second:
        done, observations = await read_one(second, folder=tmp_path)
        new = second.fingerprints()
    assert (done.outcome, observations) == (Outcome.REFUSED, [])
    assert any(fingerprint in done.reason for fingerprint in old)
    assert any(fingerprint in done.reason for fingerprint in new)
    assert "host key changed" in done.reason
    assert f"{tmp_path / 'host_keys'}:1" in done.reason


async def test_a_server_with_several_keys_is_known_by_the_pinned_one(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "server") as server:
        algorithm, blob = (server.folder / "host_ecdsa.pub").read_text().split()[:2]
        pins = tmp_path / "host_keys"
        pins.write_text(f"[{server.address}]:{server.port} {algorithm} {blob}\n")
        pins.chmod(0o600)
        done, _observations = await read_one(server, folder=tmp_path)
    assert done.outcome is Outcome.READ
    assert pins.read_text().count("\n") == 1


async def test_a_host_that_hangs_is_ended_by_the_time_limit(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "server", forced_command="while :; do printf ' '; sleep 0.2; done") as server:
        done, observations = await read_one(server, folder=tmp_path, timeout_s=2.0)
    assert (done.outcome, observations) == (Outcome.TIMED_OUT, [])
    assert done.reason.startswith("timed out after 2 s")


async def test_a_command_that_hangs_loses_only_what_comes_after_it(tmp_path: Path) -> None:
    forced = "sed 's/^  part sizes sizes$/  part sizes sleep 3/' | sh -s"
    with ssh_server(tmp_path / "server", forced_command=forced) as server:
        done, observations = await read_one(server, folder=tmp_path, timeout_s=2.0)
    assert done.outcome is Outcome.PARTIAL
    assert done.reason.startswith("timed out after 2 s; ")
    assert host_of(observations).name == socket.gethostname().partition(".")[0]
    assert [observation.scopes for observation in observations] == [()]


async def test_a_host_that_closes_in_the_middle_is_partial_and_completes_nothing(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "server", forced_command="sh -s | head -c 6000; kill -9 $PPID") as server:
        done, observations = await read_one(server, folder=tmp_path)
    assert done.outcome is Outcome.PARTIAL
    assert done.reason.startswith("connection closed by the host; ")
    assert [observation.scopes for observation in observations] == [()]


async def test_a_host_that_closes_at_once_is_a_failure_with_a_reason(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "server", forced_command="kill -9 $PPID") as server:
        done, observations = await read_one(server, folder=tmp_path)
    assert (done.outcome, done.reason, observations) == (Outcome.FAILED, "connection closed by the host", [])


async def test_a_flood_is_stopped_at_the_limit(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "server", forced_command="yes flood") as server:
        done, observations = await read_one(server, folder=tmp_path, max_rows=5_000)
    assert (done.outcome, observations) == (Outcome.FAILED, [])
    assert done.reason.startswith("the host sent more than the limit and was stopped")


async def test_a_flood_without_line_ends_is_stopped_at_the_limit(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "server", forced_command="cat /dev/zero") as server:
        done, observations = await read_one(server, folder=tmp_path)
    assert (done.outcome, observations) == (Outcome.FAILED, [])
    assert done.reason.startswith("the host sent more than the limit and was stopped")


async def test_a_restricted_shell_is_told_from_a_host(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "server", forced_command="echo This account is not available.; exit 1") as server:
        done, observations = await read_one(server, folder=tmp_path)
    assert (done.outcome, observations) == (Outcome.FAILED, [])
    assert "restricted shell" in done.reason


async def test_a_host_that_lies_is_a_partial_result_of_what_can_be_true(tmp_path: Path) -> None:
    lies = f"""{REPORT_MARK}
part() {{ printf '\\n%s %s\\n' "$mark" "$1"; printf "$2"; printf '\\n%s %s = 0\\n' "$mark" "$1"; }}
part names 'liar\\n\\n\\377\\376\\nx86'
part release 'NAME="Unclosed\\n=\\n\\000\\001'
part identity 'not-an-id'
part traces 'processors:-4\\nMemTotal: 99999999999999999999 kB\\nports:x y\\n'
part dmi 'chassis_type:999999999999\\nproduct_serial:'
part keys 'ssh-rsa !!!! x\\n'
part addresses '[{{"ifname": 7}}, {{"ifname": "eth0", "addr_info": [{{"local": "999.1.1.1"}}], "mtu": "x"}}, 5]'
part sockets 'tcp LISTEN 0 5 1.2.3.4:0 0.0.0.0:*\\ntcp LISTEN 0 5 999.9.9.9:80 *:*\\n'
part end ''
"""
    with ssh_server(tmp_path / "server", forced_command=lies) as server:
        done, observations = await read_one(server, folder=tmp_path)
    assert done.outcome is Outcome.PARTIAL
    assert done.reason == "not readable: packages"
    assert host_of(observations).name == "liar"
    assert [draft.class_name for draft in observations[0].drafts] == ["host", "interface"]


async def test_a_closed_port_is_refused_and_makes_no_ci(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        events = await scanned(["127.0.0.1"], [], folder=tmp_path, ports=str(port))
    assert [event for event in events if not isinstance(event, TargetDone)] == []
    (done,) = [event for event in events if isinstance(event, TargetDone)]
    assert (done.outcome, done.reason) == (Outcome.REFUSED, f"connection refused on port {port}")


async def test_a_name_without_an_address_is_no_answer(tmp_path: Path) -> None:
    events = await scanned(["no-such-host.invalid"], [], folder=tmp_path)
    (done,) = [event for event in events if isinstance(event, TargetDone)]
    assert (done.target, done.outcome) == ("no-such-host.invalid", Outcome.NO_ANSWER)
    assert done.reason


async def test_a_range_tells_of_the_addresses_that_answer_and_of_itself(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "server") as server:
        events = await scanned(["127.0.0.0/29"], [server.key], folder=tmp_path, ports=str(server.port))
    ends = [(event.target, event.outcome, event.found) for event in events if isinstance(event, TargetDone)]
    assert [(target, outcome) for target, outcome, _found in ends] == [
        ("127.0.0.1", Outcome.READ),
        ("127.0.0.0/29", Outcome.READ),
    ]
    assert ends[-1][2] == "1 of 6 addresses answer on SSH"


async def test_an_excluded_address_is_left_alone(tmp_path: Path) -> None:
    with ssh_server(tmp_path / "server") as server:
        events = await scanned(
            ["127.0.0.1", "127.0.0.0/30"],
            [server.key],
            folder=tmp_path,
            ports=str(server.port),
            exclude=("127.0.0.1/32",),
        )
        log = (server.folder / "sshd.log").read_text()
    assert [event for event in events if isinstance(event, Observed)] == []
    assert "Accepted publickey" not in log


async def test_a_range_too_large_to_look_through_is_refused(tmp_path: Path) -> None:
    events = await scanned(["10.0.0.0/8"], [], folder=tmp_path)
    (done,) = [event for event in events if isinstance(event, TargetDone)]
    assert (done.target, done.outcome) == ("10.0.0.0/8", Outcome.FAILED)


async def test_without_a_file_for_host_keys_a_notice_says_so() -> None:
    request = ScanRequest(run_id="run", started_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
    events = [event async for event in SshScanner().scan(request)]
    assert [type(event) for event in events] == [Notice]


async def test_a_server_that_speaks_no_ssh_is_a_result(tmp_path: Path) -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    key = Credential(
        name="p", kind=CredentialKind.SSH_PASSWORD, fields={"user": "u"}, secrets={"password": "tp-secret"}
    )
    async with server:
        events = await scanned(["127.0.0.1"], [key], folder=tmp_path, ports=str(port))
    (done,) = [event for event in events if isinstance(event, TargetDone)]
    assert done.outcome is Outcome.FAILED
    assert done.reason


@pytest.mark.parametrize("ports", ["0", "22,x", "70000", ",", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"])
async def test_ports_that_are_none_are_refused(ports: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="ports must be"):
        await scanned(["127.0.0.1"], [], folder=tmp_path, ports=ports)


async def test_a_host_with_few_programs_is_read_by_other_ways(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "cat", "grep", "sed", "head", "uname", "ls", "getconf", "df"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    # the port of the test's own listener must not count as one that the kernel handed out
    (tmp_path / "range").write_text("1 2\n")
    changes = f"s#PATH=/usr/local/sbin.*#PATH={programs}#; s#/proc/sys/net/ipv4/ip_local_port_range#{tmp_path}/range#"
    with (
        ssh_server(tmp_path / "server", forced_command=f"sed '{changes}' | sh -s") as server,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        port = listening.getsockname()[1]
        done, observations = await read_one(server, folder=tmp_path)
    assert (done.outcome, done.reason) == (Outcome.PARTIAL, "not readable: interfaces, packages")
    assert host_of(observations).attributes["ip_addresses"] == ["127.0.0.1"]
    service = next(draft for draft in observations[0].drafts if draft.name == f"tcp/{port}")
    assert service.attributes["bind_addresses"] == ["127.0.0.1"]
    assert service.attributes["process"] == psutil.Process().name()[:15]
