"""One number for a whole graph, to tell whether two are the same."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from hashlib import blake2b

from impact.estate import Estate

_BYTES = 16


def digest(estate: Estate) -> str:
    """Sum of the BLAKE2b hashes (RFC 7693) of all lines modulo 2^128, in hex: independent of their order."""
    total = 0
    for line in _lines(estate):
        total += int.from_bytes(blake2b(line.encode(), digest_size=_BYTES).digest())
    return f"{total % (1 << 8 * _BYTES):032x}"


def _lines(estate: Estate) -> Iterator[str]:
    ids = estate.ids
    classes = estate.class_codes.tolist()
    lifecycles = estate.lifecycle.tolist()
    for id_, name, class_code, lifecycle in zip(ids, estate.names, classes, lifecycles, strict=True):
        yield f"ci\0{id_}\0{estate.class_names[class_code]}\0{name}\0{lifecycle}"
    edges = zip(
        estate.source.tolist(),
        estate.target.tolist(),
        estate.type_codes.tolist(),
        estate.confidence.tolist(),
        strict=True,
    )
    for source, target, type_code, confidence in edges:
        if source != target:
            yield f"relationship\0{ids[source]}\0{estate.types[type_code]}\0{ids[target]}\0{confidence}"
    for group in estate.redundancy:
        percent = None if group.min_up_percent is None else Fraction(str(group.min_up_percent))
        members = "\0".join(sorted(set(group.members)))
        yield f"redundancy\0{group.id}\0{group.of}\0{group.min_up}\0{percent}\0{members}"
