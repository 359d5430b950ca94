"""Identity keys as the store keeps them: `kind|value`, spaces inside the value where a kind has one."""

from __future__ import annotations

from cmdb.entities import derived_id
from cmdb.identity.evidence import IDENTIFYING, STRONG, Evidence, Kind


def key(kind: Kind, value: str) -> str:
    """The key of one identifying value; an address carries its space already."""
    return f"{kind.value}|{value}"


def keys_of(evidence: Evidence) -> list[tuple[Kind, str, str]]:
    """All (kind, value, key) of a piece of evidence, strongest kind first, values sorted."""
    return [(kind, value, key(kind, value)) for kind in IDENTIFYING for value in sorted(evidence.get(kind, ()))]


def is_strong(kind: Kind) -> bool:
    """Whether two CIs may not both own such a value unless it is shared."""
    return kind in STRONG


def inside_key(host: str, class_name: str, name: str) -> str:
    """Key of a dependent CI: its name within its host; `host` is a CI id."""
    return f"inside|{host}|{class_name}|{name}"


def process_key(host: str, process: str) -> str:
    """Key of a running service by its process inside its host; weak, since one program may run as several services."""
    return f"process|{host}|{process}"


def waits_key(key: str) -> str:
    """Key held by the ids of parked drafts that the first owner of `key` completes."""
    return f"waits|{key}"


def disputed_key(key: str) -> str:
    """Key of a CI whose record says `key` and is not identified by it."""
    return f"disputed|{key}"


ANY_WAITS = "waits"
"""Key that is held as soon as one draft ever waited for a key, so that a store without such drafts is asked only once."""


def claims_key(ci: str) -> str:
    """A key that is written again whenever a CI gets a claim, so that a plan that saw fewer is refused."""
    return f"claims|{ci}"


def logical_key(network: str, name: str) -> str:
    """Key of a logical CI: its name within the network; class and site are compared afterwards."""
    return f"logical|{network}|{name.casefold()}"


def content_key(class_name: str, parts: tuple[str, ...]) -> str:
    """Key of a catalogue CI: what it is, wherever it was seen."""
    return f"content|{class_name}|" + "|".join(parts)


def fingerprint_key(source: str, network: str, fingerprint: str) -> str:
    """Key of a keyless record by the whole set of its identifying values."""
    return f"record|{derived_id(source, network)}|{fingerprint}"


def fingerprint(evidence: Evidence) -> str:
    """Equal for equal sets of identifying values, and of what qualifies them: maker, site and virtual system."""
    said = (f"{kind.value}|{value}" for kind in sorted(evidence) for value in sorted(evidence[kind]))
    return derived_id("evidence", *said)
