"""Guesses of what listens."""

from __future__ import annotations

import pytest

from discovery.hosts.facts import Package, PackageType, Product
from discovery.hosts.products import from_greeting, product_of, upstream_version


@pytest.mark.parametrize(
    ("greeting", "expected"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", Product(service="ssh", product="OpenSSH", version="9.2p1")),
        (b"220 mail.example.test ESMTP Postfix\r\n", Product(service="smtp", product="Postfix")),
        (b"220 (vsFTPd 3.0.3)\r\n", Product(service="ftp", product="vsftpd", version="3.0.3")),
        (b"J\x00\x00\x00\x0a8.0.36\x00rest", Product(service="mysql", product="MySQL", version="8.0.36")),
        (
            b"Y\x00\x00\x00\x0a5.5.5-10.11.6-MariaDB-0+deb12u1\x00",
            Product(service="mysql", product="MariaDB", version="10.11.6"),
        ),
        (b"RFB 003.008\n", Product(service="vnc")),
    ],
)
def test_greetings_tell_product_and_version(greeting: bytes, expected: Product) -> None:
    assert from_greeting(greeting) == expected


@pytest.mark.parametrize("data", [b"", b"\x00" * 50, b"HTTP/1.1 400 Bad Request\r\n", b"\xff\xfe SSH-"])
def test_other_bytes_are_no_greeting(data: bytes) -> None:
    assert from_greeting(data) is None


def test_the_version_is_that_of_the_package_that_carries_the_process() -> None:
    packages = [Package(name="nginx-light", version="1.22.1-9+deb12u1", package_type=PackageType.DPKG)]
    assert product_of("tcp", 80, process="nginx", packages=packages, greeting=None) == Product(
        service="http", product="nginx", version="1.22.1"
    )


def test_two_versions_side_by_side_leave_the_version_open() -> None:
    packages = [
        Package(name=f"postgresql-{number}", version=f"{number}.1", package_type=PackageType.DPKG)
        for number in (14, 15)
    ]
    assert product_of("tcp", 5432, process="postgres", packages=packages, greeting=None) == Product(
        service="postgresql", product="PostgreSQL"
    )


def test_an_unknown_process_has_only_the_service_of_its_port() -> None:
    assert product_of("tcp", 5672, process="erl", packages=[], greeting=None) == Product(service="amqp")


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1:9.2p1-2+deb12u3", "9.2p1"),
        ("5.9.3+dfsg-2", "5.9.3"),
        ("15.6", "15.6"),
        ("2:4.17.12+dfsg-0+deb12u1", "4.17.12"),
    ],
)
def test_the_upstream_version_has_neither_epoch_nor_revision(version: str, expected: str) -> None:
    assert upstream_version(version) == expected
