"""Which sockets are services, and which are dependencies."""

from __future__ import annotations

from discovery.hosts.endpoints import Socket
from discovery.hosts.facts import Connection, Listener, Process
from discovery.hosts.traffic import Owner, connections_of, listeners_of, port_range

NGINX = Process(name="nginx", unit="nginx.service", user="root")
OWNERS = {
    1: Owner(process=Process(name="systemd", user="root")),
    7: Owner(process=NGINX),
    8: Owner(process=Process(name="firefox", user="ann"), is_session=True),
    9: Owner(process=Process(name="python3"), is_reader=True),
    10: Owner(process=Process(name="gunicorn"), command_line="gunicorn -b 0.0.0.0:48123 shop:app"),
}


def listening(port: int, *pids: int, address: str = "0.0.0.0", protocol: str = "tcp") -> Socket:
    return Socket(protocol=protocol, local_address=address, local_port=port, pids=pids)


def established(local_port: int, remote: str, remote_port: int, *pids: int, protocol: str = "tcp") -> Socket:
    return Socket(
        protocol=protocol,
        local_address="192.0.2.1",
        local_port=local_port,
        remote_address=remote,
        remote_port=remote_port,
        pids=pids,
    )


def test_sockets_of_one_port_become_one_listener_with_all_addresses() -> None:
    sockets = [listening(80, 7), listening(80, 7, address="::")]
    assert listeners_of(sockets, owner_of=OWNERS.get) == (
        Listener(protocol="tcp", port=80, addresses=("0.0.0.0", "::"), process=NGINX),
    )


def test_the_unit_that_systemd_starts_on_demand_is_named_rather_than_systemd() -> None:
    (listener,) = listeners_of([listening(80, 1, 7)], owner_of=OWNERS.get)
    assert listener.process == NGINX


def test_a_port_that_the_kernel_handed_out_is_no_service() -> None:
    assert listeners_of([listening(40123, 7), listening(50444, protocol="udp")], owner_of=OWNERS.get) == ()


def test_a_high_port_on_the_command_line_or_in_the_register_is_a_service() -> None:
    found = listeners_of([listening(48123, 10), listening(51820, protocol="udp")], owner_of=OWNERS.get)
    assert [(listener.protocol, listener.port) for listener in found] == [("tcp", 48123), ("udp", 51820)]


def test_a_listener_whose_process_is_hidden_is_kept_without_it() -> None:
    assert listeners_of([listening(22)], owner_of=OWNERS.get) == (
        Listener(protocol="tcp", port=22, addresses=("0.0.0.0",)),
    )


def test_an_outgoing_connection_is_a_dependency_and_an_incoming_one_is_none() -> None:
    sockets = [listening(80, 7), established(80, "192.0.2.50", 51000, 7), established(40100, "192.0.2.2", 8080, 7)]
    assert connections_of(sockets, owner_of=OWNERS.get) == (
        Connection(protocol="tcp", remote_address="192.0.2.2", remote_port=8080, process=NGINX),
    )


def test_a_pool_of_connections_is_one_dependency() -> None:
    sockets = [established(port, "192.0.2.2", 5432, 7) for port in range(40100, 40110)]
    assert len(connections_of(sockets, owner_of=OWNERS.get)) == 1


def test_what_a_session_or_the_reader_does_is_no_dependency() -> None:
    sockets = [established(40100, "192.0.2.2", 443, 8), established(40101, "192.0.2.2", 443, 9)]
    assert connections_of(sockets, owner_of=OWNERS.get) == ()


def test_a_question_by_udp_is_no_dependency() -> None:
    assert connections_of([established(40100, "192.0.2.2", 53, 7, protocol="udp")], owner_of=OWNERS.get) == ()


def test_a_connection_to_an_own_address_is_one_to_the_own_service() -> None:
    sockets = [listening(5432, 1, address="127.0.0.1"), established(40100, "192.0.2.1", 5432, 7)]
    (found,) = connections_of(sockets, owner_of=OWNERS.get, own_addresses=["192.0.2.1"])
    assert found == Connection(protocol="tcp", remote_address="127.0.0.1", remote_port=5432, process=NGINX)


def test_a_connection_of_a_hidden_process_has_none() -> None:
    (found,) = connections_of([established(40100, "192.0.2.2", 5432)], owner_of=OWNERS.get)
    assert found.process is None


def test_a_connection_of_a_hidden_process_to_the_public_internet_is_left_out() -> None:
    assert connections_of([established(40100, "93.184.215.14", 443)], owner_of=OWNERS.get) == ()


def test_the_port_range_of_the_kernel_is_read_and_else_assumed() -> None:
    assert (port_range("1024\t4999\n"), port_range("nonsense")) == (range(1024, 5000), range(32768, 61000))
