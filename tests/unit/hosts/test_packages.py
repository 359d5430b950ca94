"""Package lists of three package managers."""

from __future__ import annotations

from discovery.hosts.facts import Package, PackageType
from discovery.hosts.packages import parse_apk, parse_dpkg, parse_rpm


def test_dpkg_lists_what_is_on_disk_and_not_what_was_removed() -> None:
    text = "ii \tbash\t5.2.15-2+b2\nrc \told-tool\t1.0\nhi \theld\t2:3.1\niU \tunpacked\t4\n\n"
    assert parse_dpkg(text) == (
        Package(name="bash", version="5.2.15-2+b2", package_type=PackageType.DPKG),
        Package(name="held", version="2:3.1", package_type=PackageType.DPKG),
    )


def test_the_same_package_of_two_architectures_is_one() -> None:
    assert len(parse_dpkg("ii \tlibc6\t2.36\nii \tlibc6\t2.36\n")) == 1


def test_rpm_drops_a_zero_epoch_and_public_keys() -> None:
    text = (
        "openssl\t1:3.0.7-27.el9\tExample Linux\nbash\t0:5.1.8-9.el9\t(none)\ngpg-pubkey\t0:8483c65d-5ccc5b19\t(none)\n"
    )
    assert parse_rpm(text) == (
        Package(name="bash", version="5.1.8-9.el9", package_type=PackageType.RPM),
        Package(name="openssl", version="1:3.0.7-27.el9", package_type=PackageType.RPM, vendor="Example Linux"),
    )


def test_apk_blocks_give_name_and_version() -> None:
    text = "C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\n\nC:Q1def=\nP:busybox\nV:1.36.1-r15\nF:bin\n"
    assert parse_apk(text) == (
        Package(name="busybox", version="1.36.1-r15", package_type=PackageType.APK),
        Package(name="musl", version="1.2.4-r2", package_type=PackageType.APK),
    )


def test_garbage_gives_no_package() -> None:
    assert parse_dpkg("command not found\n\t\t\n") + parse_rpm("a\tb\n") + parse_apk("V:1\n") == ()
