"""What kind of machine the traces tell."""

from __future__ import annotations

import pytest

from discovery.hosts.facts import Dmi, Interface
from discovery.hosts.virtualization import Traces, class_of, container_id

CONTAINER = "4f" * 32


@pytest.mark.parametrize(
    ("chassis", "expected"),
    [(23, "server"), (17, "server"), (28, "server"), (9, "laptop"), (31, "laptop"), (3, "computer"), (35, "computer")],
)
def test_the_chassis_type_decides_for_machines_of_metal(chassis: int, expected: str) -> None:
    dmi = Dmi(sys_vendor="Example Computers", product_name="Model 1", chassis_type=chassis)
    assert class_of(Traces(dmi=dmi, sees_kernel_threads=True)) == expected


@pytest.mark.parametrize(
    ("vendor", "product"),
    [
        ("QEMU", "Standard PC (Q35 + ICH9, 2009)"),
        ("VMware, Inc.", "VMware Virtual Platform"),
        ("Microsoft Corporation", "Virtual Machine"),
        ("Xen", "HVM domU"),
        ("Amazon EC2", "t3.micro"),
        ("Google", "Google Compute Engine"),
        ("innotek GmbH", "VirtualBox"),
    ],
)
def test_products_of_hypervisors_are_virtual_machines_whatever_their_chassis(vendor: str, product: str) -> None:
    dmi = Dmi(sys_vendor=vendor, product_name=product, chassis_type=1)
    assert class_of(Traces(dmi=dmi)) == "virtual_machine"


def test_a_metal_instance_of_a_cloud_is_a_server() -> None:
    assert class_of(Traces(dmi=Dmi(sys_vendor="Amazon EC2", product_name="m5.metal"))) == "server"


def test_a_surface_by_the_same_maker_as_a_hypervisor_is_a_laptop() -> None:
    dmi = Dmi(sys_vendor="Microsoft Corporation", product_name="Surface Laptop 4", chassis_type=9)
    assert class_of(Traces(dmi=dmi)) == "laptop"


@pytest.mark.parametrize(
    "cgroup",
    [
        f"0::/docker/{CONTAINER}",
        f"0::/system.slice/docker-{CONTAINER}.scope",
        f"4:pids:/kubepods/besteffort/pod1/{CONTAINER}",
    ],
)
def test_cgroups_of_engines_tell_a_container_and_its_id(cgroup: str) -> None:
    assert class_of(Traces(dmi=Dmi(), init_cgroup=cgroup)) == "container"
    assert container_id(cgroup) == CONTAINER


def test_a_marker_file_in_the_first_pid_namespace_makes_no_container() -> None:
    traces = Traces(dmi=Dmi(), container_marker=".dockerenv", sees_kernel_threads=True, has_hypervisor_flag=True)
    assert class_of(traces) == "virtual_machine"


def test_a_marker_that_no_engine_uses_tells_nothing() -> None:
    dmi = Dmi(sys_vendor="Example", product_name="Rack 1", chassis_type=23)
    assert class_of(Traces(dmi=dmi, container_marker="somebody")) == "server"


def test_the_hypervisor_flag_inside_a_namespace_is_that_of_the_machine_around() -> None:
    assert class_of(Traces(dmi=Dmi(), has_hypervisor_flag=True)) == "host"


def test_two_bridged_ports_without_a_chassis_make_a_switch() -> None:
    ports = tuple(Interface(name=f"swp{number}", is_bridge_port=True) for number in (1, 2))
    assert class_of(Traces(dmi=Dmi(), interfaces=ports)) == "switch"


def test_forwarding_between_two_addressed_interfaces_makes_a_router() -> None:
    sides = (Interface(name="eth0", addresses=("192.0.2.1",)), Interface(name="eth1", addresses=("198.51.100.1",)))
    assert class_of(Traces(dmi=Dmi(), interfaces=sides, forwards_packets=True)) == "router"


def test_a_container_host_that_forwards_for_its_guests_is_no_router() -> None:
    sides = (
        Interface(name="eth0", addresses=("192.0.2.1",)),
        Interface(name="wlan0", addresses=("198.51.100.1",)),
        Interface(name="docker0", addresses=("172.17.0.1",)),
    )
    assert class_of(Traces(dmi=Dmi(), interfaces=sides, forwards_packets=True)) == "host"
