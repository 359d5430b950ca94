"""What a person is told, and what to do about it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence

from cmdb.entities import Review, derived_id
from cmdb.values import Value

REMEDIES: dict[str, str] = {
    "shared_identifier": "Two CIs carry this value and are kept apart; it identifies neither. If they are one thing: cmdb merge CI CI.",
    "placeholder_identifier": "A filler text stands where an identifier should; enter the real one at the source.",
    "virtual_mac": "This address moves between routers (VRRP, HSRP, GLBP or CARP) and was not used to identify anything.",
    "random_mac": "A locally administered MAC address was not used to identify anything; give the source a serial number or a name.",
    "identifier_changed": "A strong identifier of a known CI is new. If a part was replaced, nothing is to do; if it is another machine: cmdb unmerge CI.",
    "conflicting_evidence": "Strong identifiers point to CIs that are kept apart; a CI of its own was made. Join the right ones: cmdb merge CI CI.",
    "ambiguous_match": "Several CIs fit and are kept apart; a CI of its own was made. Join the right one: cmdb merge CI CI.",
    "insufficient_identity": "Nothing to recognise it by: give it a name, an address, a serial number or a native key.",
    "possible_duplicate": "Another source says the same name and nothing else to compare by. If they are one thing: cmdb merge CI CI.",
    "blocked_update": "A better source's value stands; see cmdb explain CI.",
    "unsafe_retirement": "Retiring it would take down what depends on it; see cmdb impact CI.",
    "parked": "It waits for the missing part named in the values, and expires after 90 days.",
}


def review(kind: str, cis: Sequence[str], values: Mapping[str, Value], *, source: str, since: dt.datetime) -> Review:
    """A review item; the same kind about the same CIs and values is the same item."""
    ordered = tuple(sorted(set(cis)))
    id_ = derived_id("review", kind, *ordered, json.dumps(values, sort_keys=True, default=str))
    return Review(
        id=id_, kind=kind, cis=ordered, values=dict(values), since=since, remedy=REMEDIES[kind], source=source
    )
