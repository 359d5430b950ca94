"""The site's own fillers: what they set aside, and what is refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmdb.errors import Invalid
from cmdb.identity.evidence import Evidence, gather
from cmdb.registry import Registry, default_registry
from cmdb.site.model import read_site_model
from cmdb.values import Value

FILE = """\
identity:
  placeholders:
    serial: {ACME-000000: boards of one supplier}
    asset_tag: {Company property: label of the lessor}
    uuid: {0b0a4d56-1d1c-2f2e-8081-828384858687: a template that was copied}
    machine_id: {abcdefabcdefabcdefabcdefabcdef01: the image}
  mac_prefixes:
    virtual: {"00:00:5e:00:03": load balancers}
    on_every_host: {00-09-0F-FE: VPN client}
    hypervisor: {"06:10": our own hypervisor}
  addresses: {192.168.99.1: test tool}
  names: {Image: name that the installer leaves}
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    path = tmp_path_factory.mktemp("site") / "site.yaml"
    path.write_text(FILE, encoding="utf-8")
    return default_registry().extended(read_site_model(path))


def _identifying(registry: Registry, attribute: str, value: Value) -> Evidence:
    name = value if attribute == "name" and isinstance(value, str) else None
    return gather(name, {} if name else {attribute: value}, "default", registry.fillers).evidence


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("serial_number", "acme 000000"),
        ("board_serial", "ACME-000000"),
        ("asset_tag", "COMPANY PROPERTY"),
        ("system_uuid", "0B0A4D56-1D1C-2F2E-8081-828384858687"),
        ("system_uuid", "564d0a0b-1c1d-2e2f-8081-828384858687"),
        ("machine_id", "abcdefabcdefabcdefabcdefabcdef01"),
        ("mac_addresses", ["00:00:5e:00:03:07"]),
        ("mac_addresses", ["00:09:0f:fe:00:02"]),
        ("ip_addresses", ["192.168.99.1"]),
        ("name", "IMAGE"),
    ],
)
def test_what_the_site_lists_identifies_nothing_there(registry: Registry, attribute: str, value: Value) -> None:
    assert _identifying(registry, attribute, value) == {}
    assert _identifying(default_registry(), attribute, value) != {}


def test_a_prefix_of_the_sites_own_hypervisor_identifies(registry: Registry) -> None:
    assert _identifying(default_registry(), "mac_addresses", ["06:10:00:00:00:01"]) == {}
    assert _identifying(registry, "mac_addresses", ["06:10:00:00:00:01"]) != {}


def test_what_the_product_ships_still_identifies_nothing(registry: Registry) -> None:
    assert _identifying(registry, "serial_number", "To Be Filled By O.E.M.") == {}


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("identity:\n  placeholders:\n    uuid: {abc: why}\n", 3, "is no UUID"),
        ("identity:\n  mac_prefixes:\n    virtual: {zz: why}\n", 3, "begins no MAC address"),
        ("identity:\n  addresses:\n    10.0.0.0/8: why\n", 3, "is no IP address"),
        ("identity:\n  serials: {a: b}\n", 2, "is no key that belongs here"),
    ],
)
def test_what_is_no_such_value_is_refused_with_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid) as refused:
        read_site_model(path)
    assert what in refused.value.message
    assert refused.value.place == f"{path}:{line}"
