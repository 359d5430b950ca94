"""What one nmap run was asked for: its options, and its targets as chunks of addresses."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cmdb.errors import Invalid
from discovery.safety import Network, Target, is_inside

CHUNK_ADDRESSES = 4096
"""Addresses whose liveness is asked at once, so that findings of a large network land while the rest is still asked."""
DEFAULT_MAX_RATE = 6_000
"""Packets a second of a whole run; about 3 Mbit/s of probes."""
MAX_RATE = 100_000
MAX_PORT = 65_535
_RANGE = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?\Z")
_YES, _NO = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0"})

# one line a kind: what a network usually offers, remote access first; numbers from IANA's service name registry
FAST_PORTS = frozenset(
    {
        *(21, 22, 23, 111, 512, 513, 514, 2222, 3389, 5900, 5901, 5985, 5986),
        *(53, 88, 123, 135, 137, 139, 389, 445, 464, 636, 3268, 3269),
        *(25, 110, 143, 465, 587, 993, 995),
        *(
            80,
            81,
            443,
            591,
            3000,
            4443,
            5000,
            5001,
            8000,
            8001,
            8008,
            8080,
            8081,
            8088,
            8090,
            8181,
            8443,
            8888,
            9000,
            9443,
            10000,
        ),
        *(1433, 1521, 3050, 3306, 5432, 5433, 6379, 7474, 7687, 8086, 9042, 9200, 9300, 11211, 27017, 50000),
        *(2049, 548, 873, 3260, 5672, 5671, 1883, 8883, 9092, 2181, 4222, 61616, 15672),
        *(2375, 2376, 2379, 2380, 6443, 8006, 10250, 10255, 902, 5480, 16509, 9090, 9100, 9093, 4646, 8200, 8300, 8500),
        *(179, 264, 500, 646, 830, 1720, 1723, 5060, 5061, 8291, 4786),
        *(515, 631, 1947, 3128, 5357, 5666, 6514, 10050, 10051, 1311, 2301, 2381, 5989, 17988, 623),
        *(102, 502, 1911, 4840, 20000, 44818, 47808),
    }
)
LIVENESS_TCP_PORTS = (22, 80, 443, 445, 3389)
"""Asked once each of what does not answer a ping; several ports make up for a lost packet."""
SNMP_PORT = 161


@dataclass(frozen=True, slots=True, kw_only=True)
class NmapOptions:
    """The options of a run, read from text."""

    ports: str = "fast"
    """`fast`, `top1000`, `all`, `none`, or a list such as `22,80,8000-8010`."""
    has_versions: bool = True
    has_os: bool = False
    has_names: bool = False
    """Whether reverse DNS is asked for the hosts that answer."""
    max_rate: int = DEFAULT_MAX_RATE
    version_timeout_s: float = 40.0
    os_timeout_s: float = 30.0
    is_built_in: bool = False
    """Whether the built-in sweep is used although nmap may be there."""
    known_ports: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By address, the services that earlier runs found, such as `tcp/8443`; they are asked again."""

    @classmethod
    def read(cls, options: Mapping[str, str]) -> NmapOptions:
        """The options; raises `Invalid` with the name of one that is unknown or cannot be."""
        known = {
            "ports",
            "versions",
            "os",
            "names",
            "max_rate",
            "version_timeout_s",
            "os_timeout_s",
            "method",
            "known_ports",
        }
        if unknown := sorted(set(options) - known):
            raise Invalid(f"nmap knows no option {unknown[0]!r}; there are: {', '.join(sorted(known))}")
        ports = options.get("ports", "fast")
        if ports not in ("fast", "top1000", "all", "none"):
            ports = ",".join(_spelled(parse_ports(ports)))
        method = options.get("method", "auto")
        if method not in ("auto", "built-in"):
            raise Invalid(f"method is auto or built-in, not {method[:40]!r}")
        return cls(
            ports=ports,
            has_versions=_truth(options, "versions", default=True),
            has_os=_truth(options, "os", default=False),
            has_names=_truth(options, "names", default=False),
            max_rate=int(_number(options, "max_rate", default=DEFAULT_MAX_RATE, least=1, most=MAX_RATE)),
            version_timeout_s=_number(options, "version_timeout_s", default=40.0, least=1, most=3600),
            os_timeout_s=_number(options, "os_timeout_s", default=30.0, least=1, most=3600),
            is_built_in=method == "built-in",
            known_ports=_known_ports(options.get("known_ports", "{}")),
        )

    def tcp_ports(self, addresses: Iterable[str]) -> frozenset[int] | None:
        """The ports to ask of these hosts, those known from earlier runs included; None where nmap's own list is meant."""
        known = {
            int(name.removeprefix("tcp/"))
            for address in addresses
            for name in self.known_ports.get(address, ())
            if name.startswith("tcp/")
        }
        if self.ports in ("top1000", "all"):
            return None
        return (FAST_PORTS if self.ports == "fast" else parse_ports(self.ports)) | known


def parse_ports(text: str) -> frozenset[int]:
    """The ports of a list such as `22,80,8000-8010`; raises `Invalid`."""
    found: set[int] = set()
    for part in text.split(","):
        match = _RANGE.match(part.strip())
        first = int(match[1]) if match else 0
        last = int(match[2] or first) if match else 0
        if not 1 <= first <= last <= MAX_PORT:
            raise Invalid(f"{part[:40]!r} is no port or range of ports (1–{MAX_PORT})")
        found.update(range(first, last + 1))
    return frozenset(found)


def port_list(ports: Iterable[int]) -> str:
    """The ports as nmap reads them, shortest spelling, ascending."""
    return ",".join(_spelled(frozenset(ports)))


def is_excluded(address: str, excluded: Iterable[Network]) -> bool:
    """Whether policy keeps the address out of the scan."""
    return is_inside(ipaddress.ip_network(address), excluded)


def chunks(targets: Iterable[Target], excluded: Iterable[Network]) -> Iterator[tuple[Network, ...]]:
    """Networks of one IP version with at most 4,096 addresses together, without those that are wholly excluded."""
    out = tuple(excluded)
    for version in (4, 6):
        chunk: list[Network] = []
        room = CHUNK_ADDRESSES
        networks = {network for target in targets for network in target.networks if network.version == version}
        for network in sorted(networks, key=lambda network: (int(network[0]), network.prefixlen)):
            for part in _parts(network):
                if is_inside(part, out):
                    continue
                if part.num_addresses > room:
                    yield tuple(chunk)
                    chunk, room = [], CHUNK_ADDRESSES
                chunk.append(part)
                room -= part.num_addresses
        if chunk:
            yield tuple(chunk)


def _parts(network: Network) -> Iterator[Network]:
    if network.num_addresses <= CHUNK_ADDRESSES:
        yield network
        return
    yield from network.subnets(new_prefix=network.max_prefixlen - (CHUNK_ADDRESSES.bit_length() - 1))


def _spelled(ports: frozenset[int]) -> Iterator[str]:
    ordered = sorted(ports)
    start = 0
    for index, port in enumerate(ordered):
        if index + 1 == len(ordered) or ordered[index + 1] != port + 1:
            first = ordered[start]
            yield str(port) if first == port else f"{first}-{port}"
            start = index + 1


def _truth(options: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = options.get(name)
    if value is None:
        return default
    if value.lower() in _YES | _NO:
        return value.lower() in _YES
    raise Invalid(f"option {name} is yes or no, not {value[:40]!r}")


def _number(options: Mapping[str, str], name: str, *, default: float, least: float, most: float) -> float:
    value = options.get(name)
    if value is None:
        return default
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not least <= number <= most:
        raise Invalid(f"option {name} is a number from {least:g} to {most:g}, not {value[:40]!r}")
    return number


def _known_ports(text: str) -> Mapping[str, frozenset[str]]:
    try:
        document = json.loads(text)
        return {
            str(ipaddress.ip_address(address)): frozenset(_service(name) for name in names)
            for address, names in document.items()
        }
    except (ValueError, AttributeError, TypeError) as error:
        raise Invalid(f'option known_ports is JSON such as {{"10.1.2.3": ["tcp/22"]}} ({error})') from None


def _service(name: str) -> str:
    protocol, _, port = name.partition("/")
    if protocol not in ("tcp", "udp") or not parse_ports(port):
        raise ValueError(f"{name[:40]!r} is no service")
    return name
