"""What a person is told, and what to do about it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence

import msgspec

from cmdb.entities import Review, derived_id
from cmdb.values import Value

REMEDIES: dict[str, str] = {
    "shared_identifier": "Several CIs carry this value and are kept apart, so it identifies none of them. If two are one thing: cmdb merge CI CI. If it stands on many by nature, list it under identity in the site's model; what told them apart: cmdb explain CI.",
    "placeholder_identifier": "A filler text stands where an identifier should. Enter the real one at the source, or here: cmdb edit CI serial_number=VALUE --reason TEXT.",
    "virtual_mac": "This address moves between routers (VRRP, HSRP, GLBP or CARP) and was not used to identify anything. Nothing is to do; what was set aside: cmdb explain CI.",
    "random_mac": "A locally administered MAC address was not used to identify anything. Give the source a serial number or a name; if a hypervisor of yours hands it out, list its prefix under identity in the site's model. What was set aside: cmdb explain CI.",
    "identifier_changed": "A strong identifier of a known CI is new. If a part was replaced, nothing is to do. If it is another machine: cmdb history CI names the revision, cmdb revert REVISION undoes it, and cmdb unmerge ID parts what was joined.",
    "conflicting_evidence": "Strong identifiers point to CIs that are kept apart, so a CI of its own was made. Who lost and why: cmdb explain CI. Join the right ones: cmdb merge CI CI.",
    "ambiguous_match": "Several CIs fit and are kept apart, so a CI of its own was made. Who fits and why: cmdb explain CI. Join the right one: cmdb merge CI CI.",
    "insufficient_identity": "Nothing to recognise it by. Give it a name, an address, a serial number or a native key and read it again: cmdb import FORMAT FILE.",
    "possible_duplicate": "Another source says the same name and nothing else to compare by. If they are one thing: cmdb merge CI CI.",
    "blocked_update": "A better source's value stands; see cmdb explain CI.",
    "unsafe_retirement": "A run would retire more of what it covered than may go without asking, and retired nothing. Look at the source; if the things are gone: cmdb retire REVIEW.",
    "deleted_seen_again": "Deleted by a person and seen again since, so it is live again. If it must go, switch it off; then: cmdb delete CI --reason TEXT.",
    "clock_ahead": "The source's clock is ahead of this one: what it saw counts as seen now, and its scopes retire nothing. Set its clock.",
    "parked": "It waits for the missing part named in the values: bring that with cmdb import FORMAT FILE or cmdb scan. After 90 days cmdb tidy, which serve runs by itself, ends it.",
}


_BY_VALUE = frozenset({"shared_identifier"})
_BY_CI = frozenset({"random_mac", "virtual_mac", "placeholder_identifier"})


def review(kind: str, cis: Sequence[str], values: Mapping[str, Value], *, source: str, since: dt.datetime) -> Review:
    """A review item; saying a thing twice is one item.

    A shared value is one item however many CIs carry it; values set aside are one item for each CI and kind.
    """
    ordered = tuple(sorted(set(cis)))
    about = json.dumps(values, sort_keys=True, default=str)
    parts = (about,) if kind in _BY_VALUE else (ordered if kind in _BY_CI else (*ordered, about))
    id_ = derived_id("review", kind, *parts)
    return Review(
        id=id_, kind=kind, cis=ordered, values=dict(values), since=since, remedy=REMEDIES[kind], source=source
    )


def together(before: Review, now: Review) -> Review:
    """An item that was there already, with the CIs and the listed values that are new about it."""
    values = {name: _joined(before.values.get(name), value) for name, value in {**before.values, **now.values}.items()}
    return msgspec.structs.replace(before, values=values, cis=tuple(sorted({*before.cis, *now.cis})))


def _joined(before: Value, now: Value) -> Value:
    if isinstance(before, (list, tuple)) and isinstance(now, (list, tuple)):
        return sorted({*before, *now}, key=str)
    return now
