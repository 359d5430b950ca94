"""Rows that are ready to land, as bytes: each is made ready once, whatever it waits for."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import msgspec

from cmdb.classes.spec import Family
from cmdb.identity.evidence import Kind, SetAside
from cmdb.observation import Draft
from cmdb.reconcile.rows import Row
from cmdb.registry import Registry
from cmdb.values import Value


class _Packed(msgspec.Struct, array_like=True):
    draft: Draft
    is_bare: bool
    """The draft's attributes are the values, and are not kept twice."""
    spec: str
    values: dict[str, Value]
    name: str | None
    host: str | None
    evidence: dict[Kind, frozenset[str]]
    set_aside: tuple[SetAside, ...]
    unknown: int
    flags: list[str]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Packed)


def pack(row: Row) -> bytes:
    """The row as bytes, without what its run says."""
    draft = row.draft
    is_bare = bool(draft.attributes) and draft.attributes == row.values
    if is_bare:
        draft = replace(draft, attributes={})
    packed = _Packed(
        draft,
        is_bare,
        row.spec.name,
        row.values,
        row.name,
        row.host,
        dict(row.evidence),
        row.set_aside,
        row.unknown,
        row.flags,
    )
    try:
        return _ENCODER.encode(packed)
    except UnicodeEncodeError:
        # half of a surrogate pair, which JSON can escape; among the values it has been replaced
        host = {"host": row.host} if row.host is not None else {}
        packed.draft = replace(draft, attributes={**row.values, **host})
        return _ENCODER.encode(packed)


def unpack(body: bytes, registry: Registry, *, source: str, network: str, run_id: str, at: dt.datetime) -> Row:
    """The row of `pack`, as one of this run."""
    kept = _DECODER.decode(body)
    draft = kept.draft
    if kept.is_bare:
        object.__setattr__(draft, "attributes", kept.values)
    return Row(
        draft=draft,
        source=source,
        network=network,
        run_id=run_id,
        at=at,
        spec=registry.get(kept.spec),
        values=kept.values,
        name=kept.name,
        host=kept.host,
        evidence=kept.evidence,
        set_aside=kept.set_aside,
        unknown=kept.unknown,
        flags=kept.flags,
    )


_FAMILIES = {Family.DEVICE: 0, Family.CATALOGUE: 1, Family.LOGICAL: 2, Family.DEPENDENT: 3}


def rank(row: Row) -> int:
    """Where a row stands among those of its run: devices first, those with members, then the strongest; dependents last."""
    family = row.family
    members, evidence = row.strength() if family is Family.DEVICE else (0, 0)
    return (_FAMILIES[family] * 2 + members) * 100 + evidence
