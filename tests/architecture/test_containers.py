"""The container files against what the program really reads: no engine is needed to see that they fit."""

from __future__ import annotations

import json
import re
from typing import Any

import click
import yaml

from cli.main import COMMANDS, cmdb
from tests.shared import ROOT


def _compose() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def _dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")


def _parsed(command: list[str]) -> dict[str, Any]:
    """The parameters that a container's command gives the program; a wrong option raises."""
    found = cmdb.get_command(click.Context(cmdb), command[0])
    assert found is not None, command
    return found.make_context(command[0], list(command[1:])).params


def test_the_services_are_neo4j_the_server_and_one_collector() -> None:
    services = _compose()["services"]
    assert set(services) == {"neo4j", "server", "collector"}
    assert re.fullmatch(r"neo4j:5\.\d+-community", services["neo4j"]["image"])


def test_every_variable_is_one_that_the_program_reads() -> None:
    settings = (ROOT / "cli/settings.py").read_text(encoding="utf-8")
    known = set(re.findall(r'"(CMDB_[A-Z0-9_]+)"', settings))
    given = {name for service in ("server", "collector") for name in _compose()["services"][service]["environment"]}
    ours = {name for name in given if name.startswith("CMDB_")}
    assert ours >= {"CMDB_STORE", "CMDB_NEO4J_AUTH_FILE", "CMDB_BOOTSTRAP_TOKEN_FILE"}
    assert {name for name in ours if name not in known and name.removesuffix("_FILE") not in known} == set()


def test_every_command_is_one_that_the_program_takes() -> None:
    services = _compose()["services"]
    server = _parsed(services["server"]["command"])
    collector = _parsed(services["collector"]["command"])
    default = re.search(r"^CMD (\[.*\])$", _dockerfile(), re.MULTILINE)
    assert default is not None
    entry = json.loads(default.group(1))
    assert _parsed(entry) == server
    assert (server["host"], server["port"]) == ("0.0.0.0", 8000)
    assert collector["server"] == "http://server:8000"
    assert "serve" in COMMANDS


def test_ports_paths_and_networks_meet() -> None:
    compose = _compose()
    services = compose["services"]
    assert services["server"]["ports"] == ["127.0.0.1:8000:8000"]
    assert "EXPOSE 8000" in _dockerfile()
    assert services["server"]["environment"]["CMDB_STORE"] == "neo4j://neo4j:7687"
    assert all(service["networks"] == ["cmdb"] for service in services.values())
    assert all(":8000/healthz" in part for part in services["server"]["healthcheck"]["test"] if "http" in part)
    for service in services.values():
        secrets = service["secrets"]
        paths = [path for name, path in service["environment"].items() if str(path).startswith("/run/secrets/")]
        assert {path.rsplit("/", 1)[1] for path in paths} == set(secrets)
        assert set(secrets) <= set(compose["secrets"])
    home = re.search(r"--home-dir (\S+)", _dockerfile())
    assert home is not None
    for name in ("server", "collector"):
        assert [volume.split(":")[1] for volume in services[name]["volumes"]] == [home.group(1)]
    assert f"XDG_DATA_HOME={home.group(1)}" in _dockerfile()


def test_nothing_runs_as_root_or_writes_beside_its_volume() -> None:
    services = _compose()["services"]
    user = re.search(r"--uid (\d+)", _dockerfile())
    assert user is not None
    for name in ("server", "collector"):
        service = services[name]
        assert service["user"] == f"{user.group(1)}:{user.group(1)}"
        assert service["read_only"] is True
        assert service["tmpfs"] == ["/tmp"]
        assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in services["server"]
    assert services["collector"]["cap_add"] == ["NET_RAW"]


def test_neo4j_and_the_server_are_waited_for_until_they_are_well() -> None:
    services = _compose()["services"]
    assert services["server"]["depends_on"] == {"neo4j": {"condition": "service_healthy"}}
    assert services["collector"]["depends_on"] == {"server": {"condition": "service_healthy"}}
    assert all("healthcheck" in services[name] for name in ("neo4j", "server"))
    assert "neo4j-data:/data" in services["neo4j"]["volumes"]


def test_the_image_copies_every_package_that_the_wheel_holds() -> None:
    packages = re.search(r"^packages = \[(.*)\]", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert packages is not None
    names = re.findall(r'"(\w+)"', packages.group(1))
    assert [name for name in names if f"COPY {name} {name}" not in _dockerfile()] == []
