"""Socket lists of ss, netstat and /proc/net."""

from __future__ import annotations

from discovery.hosts.endpoints import Socket
from discovery.hosts.sockets import parse_fd_listing, parse_netstat, parse_proc_net, parse_ss

SS = """\
Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
udp   UNCONN 0      0            0.0.0.0:161       0.0.0.0:*     users:(("snmpd",pid=90,fd=6))
tcp   LISTEN 0      511          0.0.0.0:80        0.0.0.0:*     users:(("nginx",pid=71,fd=5),("nginx",pid=70,fd=5))
tcp   LISTEN 0      128             [::]:22           [::]:*     users:(("sshd",pid=60,fd=4))
tcp   LISTEN 0      4096   127.0.0.53%lo:53        0.0.0.0:*
tcp   ESTAB  0      0      192.0.2.11:40312     192.0.2.12:8080  users:(("nginx",pid=71,fd=9))
tcp   ESTAB  0      0      [::ffff:192.0.2.11]:22 [::ffff:192.0.2.5]:51234
tcp   TIME-WAIT 0   0      192.0.2.11:40310     192.0.2.12:8080
u_str ESTAB  0      0      * 12345              * 12346
"""


def test_ss_gives_listening_and_established_sockets_with_their_processes() -> None:
    assert parse_ss(SS) == (
        Socket(protocol="udp", local_address="0.0.0.0", local_port=161, pids=(90,)),
        Socket(protocol="tcp", local_address="0.0.0.0", local_port=80, pids=(71, 70)),
        Socket(protocol="tcp", local_address="::", local_port=22, pids=(60,)),
        Socket(protocol="tcp", local_address="127.0.0.53", local_port=53),
        Socket(
            protocol="tcp",
            local_address="192.0.2.11",
            local_port=40312,
            remote_address="192.0.2.12",
            remote_port=8080,
            pids=(71,),
        ),
        Socket(
            protocol="tcp", local_address="192.0.2.11", local_port=22, remote_address="192.0.2.5", remote_port=51234
        ),
    )


def test_a_process_name_with_a_blank_does_not_hide_its_id() -> None:
    text = 'tcp LISTEN 0 5 0.0.0.0:7000 0.0.0.0:* users:(("my server",pid=12,fd=3))\n'
    assert parse_ss(text) == (Socket(protocol="tcp", local_address="0.0.0.0", local_port=7000, pids=(12,)),)


def test_impossible_ports_and_addresses_are_passed_over() -> None:
    text = "tcp LISTEN 0 5 0.0.0.0:99999 0.0.0.0:*\ntcp LISTEN 0 5 nonsense:22 0.0.0.0:*\ntcp LISTEN 0 5\n"
    assert parse_ss(text) == ()


def test_proc_net_gives_addresses_in_order_and_owners_by_inode() -> None:
    text = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   105        0 4711 1 0 100 0\n"
        "   1: 0B0200C0:9C40 0C0200C0:1F90 01 00000000:00000000 00:00000000 00000000    33        0 4712 1 0 100 0\n"
        "   2: 0B0200C0:9C42 0C0200C0:1F90 06 00000000:00000000 00:00000000 00000000     0        0 0 3 0\n"
    )
    owners = parse_fd_listing(
        "/proc/31/fd:\nlrwx------ 1 postgres postgres 64 Jan  1 00:00 5 -> socket:[4711]\n\n/proc/32/fd:\n"
    )
    assert parse_proc_net(text, protocol="tcp", owners=owners) == (
        Socket(protocol="tcp", local_address="127.0.0.1", local_port=5432, pids=(31,)),
        Socket(
            protocol="tcp", local_address="192.0.2.11", local_port=40000, remote_address="192.0.2.12", remote_port=8080
        ),
    )


def test_proc_net_tcp6_unmaps_ipv4_addresses() -> None:
    text = (
        "   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 11\n"
        "   1: 0000000000000000FFFF00000B0200C0:0016 0000000000000000FFFF00000C0200C0:C822 01 0:0 00:0 0 0 0 12\n"
    )
    assert parse_proc_net(text, protocol="tcp", owners={}) == (
        Socket(protocol="tcp", local_address="::", local_port=22),
        Socket(
            protocol="tcp", local_address="192.0.2.11", local_port=22, remote_address="192.0.2.12", remote_port=51234
        ),
    )


def test_netstat_of_bsd_and_of_net_tools_is_read() -> None:
    text = (
        "tcp4       0      0  192.0.2.9.22           192.0.2.5.51000        ESTABLISHED\n"
        "tcp46      0      0  *.80                   *.*                    LISTEN\n"
        "udp        0      0 0.0.0.0:123             0.0.0.0:*                           44/ntpd\n"
        "tcp        0      0 127.0.0.1:25            0.0.0.0:*               LISTEN      55/master\n"
    )
    assert parse_netstat(text) == (
        Socket(protocol="tcp", local_address="192.0.2.9", local_port=22, remote_address="192.0.2.5", remote_port=51000),
        Socket(protocol="tcp", local_address="::", local_port=80),
        Socket(protocol="udp", local_address="0.0.0.0", local_port=123, pids=(44,)),
        Socket(protocol="tcp", local_address="127.0.0.1", local_port=25, pids=(55,)),
    )
