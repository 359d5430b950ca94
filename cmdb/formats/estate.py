"""A synthetic estate: pods of about a thousand CIs in layers from power to business services, for trials and benchmarks."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cmdb.values import Value

POD = 1000
"""CIs in a pod; failures stay mostly inside one, so that a radius does not grow with the estate."""
_FOREIGN_SHARE = 0.05
"""Share of the needs of applications and services that lead into an earlier pod."""
_MESH_MOST = 3
"""Other applications that an application uses: 1.5 on average, enough for most of them to hang together."""


@dataclass(frozen=True, slots=True)
class Need:
    """What each CI of a layer needs of another: between `least` and `most` targets, any of `min_up` (or percent) enough."""

    layer: str
    type: str = "DEPENDS_ON"
    least: int = 1
    most: int = 1
    min_up: int | None = None
    min_up_percent: float | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """A class with its share of a pod, in thousandths, and its needs of layers that stand before it."""

    class_name: str
    share: int
    needs: tuple[Need, ...] = ()
    is_hardware: bool = False
    is_machine: bool = False


def _pair(layer: str, type_: str = "DEPENDS_ON") -> Need:
    return Need(layer, type_, least=2, most=2, min_up=1)


LAYERS = (
    Layer("router", 4, is_hardware=True, is_machine=True),
    Layer("ups", 8, is_hardware=True),
    Layer("switch", 20, (_pair("router"), _pair("ups", "POWERED_BY")), is_hardware=True, is_machine=True),
    Layer("storage_array", 6, (_pair("switch"), _pair("ups", "POWERED_BY")), is_hardware=True, is_machine=True),
    Layer(
        "hypervisor",
        50,
        (_pair("switch"), _pair("ups", "POWERED_BY"), Need("storage_array", "STORED_ON", least=0)),
        is_hardware=True,
        is_machine=True,
    ),
    Layer("server", 70, (_pair("switch"), _pair("ups", "POWERED_BY")), is_hardware=True, is_machine=True),
    Layer("load_balancer", 10, (_pair("switch"),), is_hardware=True, is_machine=True),
    Layer("virtual_machine", 480, (Need("hypervisor", "RUNS_ON"),), is_machine=True),
    Layer("cluster", 20, (Need("virtual_machine", least=3, most=5, min_up_percent=50),)),
    Layer("database", 70, (Need("server", "RUNS_ON"), Need("database", "USES", least=0))),
    Layer(
        "application",
        140,
        (Need("virtual_machine", "RUNS_ON"), Need("database", least=0, most=2)),
    ),
    Layer(
        "application_service",
        100,
        (Need("application", least=2, most=3, min_up=1), Need("load_balancer"), Need("cluster", least=0)),
    ),
    Layer("business_service", 22, (Need("application_service", least=1, most=4),)),
)
"""Bottom to top; the shares add up to 1,000."""


@dataclass(frozen=True, slots=True)
class _Pod:
    number: int
    members: Mapping[str, int]
    """CIs by layer."""

    def id_of(self, layer: str, index: int) -> str:
        return f"{layer}-{self.number}-{index}"


def generate_estate(cis: int, *, seed: int = 1) -> Iterator[str]:
    """Lines of the `graph` format without their ends: exactly `cis` CIs, the same ones for the same numbers.

    The CIs of a pod come before its relationships, and these lead to this pod or an earlier one; last comes the mesh of
    applications that use each other anywhere, in circles too. About 2.2 relationships a CI.
    Cost: about 20 s for a million CIs.
    """
    pods = tuple(_pods(cis))
    for pod in pods:
        chance = random.Random(f"{seed} {pod.number}")
        for document in _cis(pod, chance):
            yield _line(document)
        earlier = pods[chance.randrange(pod.number)] if pod.number else pod
        for document in _needs(pod, pods[0], earlier, chance):
            yield _line(document)
    for pod in pods:
        for document in _mesh(pod, pods, random.Random(f"{seed} {pod.number} mesh")):
            yield _line(document)


def _pods(cis: int) -> Iterator[_Pod]:
    for number, first in enumerate(range(0, cis, POD)):
        size = min(POD, cis - first)
        # cumulative rounding keeps the sum exact and every layer near its share, also in a small estate
        bounds = [0]
        for layer in LAYERS:
            bounds.append(bounds[-1] + layer.share)
        edges = [round(bound * size / POD) for bound in bounds]
        members = {layer.class_name: high - low for layer, low, high in zip(LAYERS, edges, edges[1:], strict=False)}
        yield _Pod(number, members)


def _cis(pod: _Pod, chance: random.Random) -> Iterator[dict[str, Value]]:
    place = 0
    for layer in LAYERS:
        for index in range(pod.members[layer.class_name]):
            place += 1
            id_ = pod.id_of(layer.class_name, index)
            attributes: dict[str, Value] = {}
            if layer.is_hardware:
                attributes["serial_number"] = f"{chance.getrandbits(48):012X}"
            if layer.is_machine:
                # one address in 10.0.0.0/8 each, 2^10 to a pod (RFC 1918)
                address = (pod.number << 10) + place
                attributes["ip_addresses"] = [f"10.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"]
                attributes["site"] = f"site-{pod.number // 10}"
            yield {
                "ci": {
                    "id": id_,
                    "class": layer.class_name,
                    "name": id_,
                    "native_key": id_,
                    "attributes": attributes,
                }
            }


def _needs(pod: _Pod, core: _Pod, earlier: _Pod, chance: random.Random) -> Iterator[dict[str, Value]]:
    if pod is not core and core.members["router"] > 1:
        uplinks = [core.id_of("router", 0), core.id_of("router", 1)]
        for index in range(pod.members["router"]):
            yield from _related(pod.id_of("router", index), _pair("router"), uplinks)
    for layer in LAYERS:
        for index in range(pod.members[layer.class_name]):
            source = pod.id_of(layer.class_name, index)
            for need in layer.needs:
                is_foreign = layer.class_name.startswith(("application", "business"))
                other = earlier if is_foreign and chance.random() < _FOREIGN_SHARE else pod
                # a CI needs only lower ones of its own layer, so that the estate has no cycles
                choices = index if need.layer == layer.class_name else other.members[need.layer]
                if need.layer == layer.class_name:
                    other = pod
                wanted = min(chance.randint(need.least, need.most), choices)
                targets = [other.id_of(need.layer, i) for i in sorted(chance.sample(range(choices), wanted))]
                yield from _related(source, need, targets)


def _mesh(pod: _Pod, pods: tuple[_Pod, ...], chance: random.Random) -> Iterator[dict[str, Value]]:
    for index in range(pod.members["application"]):
        source = pod.id_of("application", index)
        targets = set()
        for _ in range(chance.randint(0, _MESH_MOST)):
            other = chance.choice(pods)
            if other.members["application"]:
                targets.add(other.id_of("application", chance.randrange(other.members["application"])))
        for target in sorted(targets - {source}):
            yield {"relationship": {"source": source, "type": "USES", "target": target}}


def _related(source: str, need: Need, targets: list[str]) -> Iterator[dict[str, Value]]:
    for target in targets:
        yield {"relationship": {"source": source, "type": need.type, "target": target}}
    group: dict[str, Value] = {"of": source, "members": list(targets), "name": need.layer}
    if len(targets) > 1 and need.min_up is not None:
        yield {"redundancy": group | {"min_up": need.min_up}}
    elif len(targets) > 1 and need.min_up_percent is not None:
        yield {"redundancy": group | {"min_up_percent": need.min_up_percent}}


def _line(document: dict[str, Value]) -> str:
    return json.dumps(document, separators=(",", ":"))
