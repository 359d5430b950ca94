"""`cmdb import terraform`: a state file, version 4 (Terraform 0.12 and later, OpenTofu).

A state holds secrets in plain text. Only the attributes that `data/terraform/resources.yaml` names are ever read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import BinaryIO, cast

import yaml

from cmdb.errors import Invalid
from cmdb.formats.batch import Intake, Refused
from cmdb.formats.json_document import read_json
from cmdb.formats.options import check_options
from cmdb.observation import Draft, Link
from cmdb.values import Value

STATE_VERSION = 4
MAX_LINKS = 1_000_000
_PROVIDER = re.compile(r'provider(?:\["(?:[^"]*/)?([^"/]+)"\]|\.([^.\s]+))')
"""Both spellings: provider["registry.example/owner/aws"].alias, and provider.aws.alias of Terraform 0.12."""
_INDEX = re.compile(r"\[[^\]]*\]")


class TerraformParser:
    """The parser of Terraform's state."""

    def read(self, stream: BinaryIO, *, name: str, into: Intake, options: Mapping[str, str]) -> None:
        """Every instance of a managed resource becomes a CI, every dependency a relationship; data sources are left out.

        Raises `Invalid` for a file that is no state of version 4.
        """
        check_options(options, (), format_name="terraform")
        document = read_json(stream, name=name, into=into)
        version = document.get("version")
        if version != STATE_VERSION:
            raise Invalid(
                f"state version {version!r} instead of {STATE_VERSION}; run `terraform state pull` with Terraform 0.12 or newer",
                place=name,
            )
        resources = document.get("resources")
        if not isinstance(resources, list):
            raise Invalid("the state has no list of resources; give the whole state", place=name)
        _State(into, name).take(resources)


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a type of resource becomes: class, and attributes of the class by the state's names, first found wins."""

    pattern: re.Pattern[str]
    class_name: str
    attributes: Mapping[str, tuple[str, ...]]
    gibibytes: Mapping[str, tuple[str, ...]]
    """Attributes in bytes whose source is in GiB."""


class _State:
    def __init__(self, into: Intake, name: str) -> None:
        self._into = into
        self._name = name
        self._instances: dict[str, list[str]] = {}
        """Addresses of instances by the address of their resource."""
        self._needs: list[tuple[str, str]] = []

    def take(self, resources: list[Value]) -> None:
        """Take in all resources, then what joins them."""
        for number, resource in enumerate(resources):
            if not isinstance(resource, Mapping) or not isinstance(resource.get("instances"), list):
                self._into.refuse(Refused(None, None, f"resources[{number}] is no resource with instances"))
                continue
            if resource.get("mode") == "data":
                continue
            self._resource(resource)
        self._join()

    def _resource(self, resource: Mapping[str, Value]) -> None:
        type_, own = str(resource.get("type", "")), str(resource.get("name", ""))
        module = resource.get("module")
        of_resource = ".".join(part for part in (module if isinstance(module, str) else "", type_, own) if part)
        for place, instance in enumerate(cast("list[Value]", resource["instances"])):
            attributes = instance.get("attributes") if isinstance(instance, Mapping) else None
            if not isinstance(instance, Mapping) or not isinstance(attributes, Mapping):
                # an instance of which creation failed has none
                self._into.refuse(Refused(None, of_resource, f"{of_resource}: instance {place} has no attributes"))
                continue
            address = of_resource + _index(instance.get("index_key"))
            self._instances.setdefault(of_resource, []).append(address)
            self._into.draft(_draft(address, type_, own, str(resource.get("provider", "")), attributes))
            for key in ("dependencies", "depends_on"):
                needed = instance.get(key)
                if isinstance(needed, list):
                    self._needs += [(address, str(one)) for one in needed]

    def _join(self) -> None:
        links = 0
        for address, needed in self._needs:
            for target in self._meant(address, needed):
                links += 1
                if links > MAX_LINKS:
                    raise Invalid(f"more than {MAX_LINKS} dependencies between instances", place=self._name)
                self._into.link(Link(source=address, type="DEPENDS_ON", target=target))

    def _meant(self, address: str, needed: str) -> Iterator[str]:
        """Instances that a dependency names; older states leave the module out."""
        module = address.rpartition(".")[0].rpartition(".")[0]
        plain = _INDEX.sub("", needed) if needed not in self._instances else needed
        for candidate in (plain, f"{module}.{plain}" if module else plain):
            if candidate in self._instances:
                yield from (one for one in self._instances[candidate] if one != address)
                return


def _index(key: Value) -> str:
    if key is None:
        return ""
    return f"[{key}]" if isinstance(key, int) else f'["{key}"]'


def _draft(address: str, type_: str, own: str, provider: str, attributes: Mapping[str, Value]) -> Draft:
    rule = next((rule for rule in _rules() if rule.pattern.fullmatch(type_)), None)
    id_ = attributes.get("id")
    tags = next((found for key in ("tags", "labels") if isinstance(found := attributes.get(key), Mapping)), {})
    given = next((found for found in (attributes.get("name"), tags.get("Name"), tags.get("name")) if found), None)
    kept: dict[str, Value] = {"resource_type": type_, "terraform_address": address}
    if isinstance(id_, str):
        kept["resource_id"] = str(attributes.get("arn") or id_)
    if maker := _PROVIDER.search(provider):
        kept["provider"] = maker[1] or maker[2]
    if rule is not None:
        for name, paths in rule.attributes.items():
            if (value := _first(attributes, paths)) is not None:
                kept[name] = value
        for name, paths in rule.gibibytes.items():
            if isinstance(size := _first(attributes, paths), int):
                kept[name] = size * 2**30
    return Draft(
        local_id=address,
        class_name=rule.class_name if rule is not None else "cloud_resource",
        name=str(given) if isinstance(given, str) else own,
        native_key=f"{type_}/{id_}" if isinstance(id_, str) and id_ else address,
        attributes=kept,
    )


def _first(attributes: Mapping[str, Value], paths: tuple[str, ...]) -> Value:
    return next((found for path in paths if (found := _at(attributes, path)) not in (None, "", [])), None)


def _at(value: Value, path: str) -> Value:
    """The value at a dotted path; `*` goes through a list and collects."""
    head, _, rest = path.partition(".")
    if not head:
        return value
    if head == "*":
        if not isinstance(value, list):
            return None
        found = [_at(item, rest) for item in value]
        return [item for item in found if isinstance(item, str) and item]
    inner = value.get(head) if isinstance(value, Mapping) else None
    return inner if not rest else _at(inner, rest)


@cache
def _rules() -> tuple[_Rule, ...]:
    text = files("scanners").joinpath("data/terraform/resources.yaml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    every = {name: _paths(paths) for name, paths in document["every"].items()}
    return tuple(
        _Rule(
            re.compile(rule["type"]),
            rule["class"],
            {**every, **{name: _paths(paths) for name, paths in rule.get("attributes", {}).items()}},
            {name: _paths(paths) for name, paths in rule.get("gibibytes", {}).items()},
        )
        for rule in document["resources"]
    )


def _paths(paths: object) -> tuple[str, ...]:
    return tuple(str(path) for path in paths) if isinstance(paths, list) else (str(paths),)
