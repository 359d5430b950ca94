"""Drafts made ready for identification: class known, values typed and normalised, evidence gathered; or refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

from cmdb.classes.checks import WrongValue, check_text
from cmdb.classes.spec import ClassSpec, Family
from cmdb.errors import Invalid
from cmdb.identity.evidence import IDENTIFYING, STRONG, Evidence, Gathered, Kind, SetAside, gather
from cmdb.normalise.described import described
from cmdb.normalise.never import Reason
from cmdb.observation import Draft, Observation
from cmdb.registry import Registry
from cmdb.values import Value

_FLAG_OF_REASON = {
    Reason.PLACEHOLDER: "placeholder_identifier",
    Reason.VIRTUAL_MAC: "virtual_mac",
    Reason.RANDOM_MAC: "random_mac",
}


@dataclass(slots=True)
class Row:
    """One draft on its way into the graph; `outcome` fields are filled while planning."""

    draft: Draft
    source: str
    network: str
    run_id: str
    at: dt.datetime
    spec: ClassSpec
    values: dict[str, Value]
    name: str | None
    host: str | None
    """What the draft says of its host: a local id, a native key or a name."""
    evidence: Evidence
    set_aside: tuple[SetAside, ...]
    emptied: tuple[str, ...] = ()
    """Attributes that it names and leaves empty, but for what identifies."""
    unknown: int = 0
    flags: list[str] = field(default_factory=list)
    ci: str | None = None
    rule: str = ""
    reason: str = ""
    refused: bool = False
    parked_as: str = ""
    """Kind of the review item about it, when it was parked."""

    def fresh(self, observation: Observation) -> Row:
        """The row as it was made ready, seen when the observation says; a plan fills in its own."""
        return replace(self, at=observation.at, flags=list(self.flags))

    @property
    def family(self) -> Family:
        """Family whose rules identify this row; databases and clusters are logical unless they name a host."""
        if self.spec.family is Family.LOGICAL and self.host is not None and self.spec.is_dependent_with_host:
            return Family.DEPENDENT
        return self.spec.family

    def strength(self) -> tuple[int, int]:
        """Sort key: rows with members first, then those with a native key, then the strongest evidence."""
        best = next((index for index, kind in enumerate(IDENTIFYING) if self.evidence.get(kind)), len(IDENTIFYING))
        return (0 if self.values.get("members") else 1, best if self.draft.native_key else len(IDENTIFYING) + 1 + best)

    def has_only_virtual_mac(self) -> bool:
        """Whether the row describes an address: virtual MACs, no other, no native key, nothing else strong."""
        if self.draft.native_key or any(self.evidence.get(kind) for kind in STRONG):
            return False
        return any(aside.reason is Reason.VIRTUAL_MAC for aside in self.set_aside)


def ready(draft: Draft, observation: Observation, registry: Registry) -> Row:
    """The row of a draft; raises `Invalid` with the draft's line when its class or a value cannot be right."""
    place = f"line {draft.line}" if draft.line is not None else None
    try:
        spec = registry.get(draft.class_name)
    except Invalid as error:
        raise Invalid(error.message, place=place) from error
    if spec.is_abstract:
        raise Invalid(f"class {spec.name} only groups other classes; name one of them", place=place)
    said = dict(draft.attributes)
    host = _text(said.pop("host", None), "host", place)
    said_name = _text(said.pop("name", None), "name", place)
    known, unknown, problems = registry.validate_attributes(spec.name, said)
    if problems:
        attribute, message = problems[0]
        raise Invalid(f"attribute {attribute}: {message}", place=place)
    values = {**known, **unknown}
    values |= described(spec, values, registry.knowledge)
    name = draft.name if draft.name is not None else said_name
    name = name.strip() if name and name.strip() else None
    # what is inside a machine, a catalogue entry or a service has names and addresses too, but no machine is known by them
    is_device = spec.family is Family.DEVICE
    gathered = gather(name, values, observation.network, registry.fillers) if is_device else Gathered({}, ())
    row = Row(
        draft=draft,
        source=observation.source,
        network=observation.network,
        run_id=observation.run_id,
        at=observation.at,
        spec=spec,
        values=values,
        name=name,
        host=host,
        evidence=gathered.evidence,
        set_aside=gathered.set_aside,
        emptied=tuple(
            attribute
            for attribute in said
            if attribute not in values and (known_as := spec.attributes.get(attribute)) and not known_as.is_identity
        ),
        unknown=len(unknown),
    )
    for aside in gathered.set_aside:
        flag = flag_of(aside)
        if flag and flag not in row.flags:
            row.flags.append(flag)
    return row


def _text(value: Value, attribute: str, place: str | None) -> str | None:
    try:
        return check_text(value)
    except WrongValue as wrong:
        raise Invalid(f"attribute {attribute}: {wrong}", place=place) from wrong


def flag_of(aside: SetAside) -> str | None:
    """What a person is told of a value that was set aside; None for what is no fault, such as a loopback address."""
    return None if aside.kind is Kind.NAME else _FLAG_OF_REASON.get(aside.reason)
