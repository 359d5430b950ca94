"""What a server and its remote collectors say to each other.

collector ─ lease ─► LeasedRun ─► scanner ─► observation 1, 2, 3 … ─► RunWord (how it ended)
          ◄──────────── Heard: state, whether to stop ────────────┘

Credentials go by name: a secret is never among it.
"""

from __future__ import annotations

import datetime as dt
import re

import msgspec

from cmdb.entities import Run, RunState
from cmdb.errors import Invalid
from cmdb.observation import Observation
from cmdb.values import Value
from discovery.orders import ScanOrder
from discovery.scanner import Limits
from discovery.tally import RESULT_LIMIT

OBSERVATION_LIMIT = 32_000_000
"""Bytes of one observation as JSON."""
DRAFT_LIMIT = 5_000
"""Drafts of one observation, as `cmdb.observation.Observation` promises."""
LONGEST_WAIT_S = 20.0
"""How long a server lets a collector wait for an order before it says that there is none."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_decoder = msgspec.json.Decoder(Observation)


class LeasedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that a collector has taken: what to scan, and within how many seconds to give signs of life."""

    run: str
    scanner: str
    started_at: dt.datetime
    """By the server's clock; observations carry it, so that the clocks of collectors do not matter."""
    targets: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    network: str = "default"
    options: dict[str, str] = {}
    limits: Limits = Limits()
    is_confirmed: bool = False
    lease_s: float

    @classmethod
    def of(cls, run: Run, *, lease_s: float) -> LeasedRun:
        """What the collector of this run is told; raises `Invalid` for a run that is no collector's."""
        job = run.job
        if job is None:
            raise Invalid("this run belongs to no collector", ids=(run.id,))
        return cls(
            run=run.id,
            scanner=run.source,
            started_at=run.started_at,
            targets=run.targets,
            exclude=job.exclude,
            credentials=job.credentials,
            network=job.network,
            options=job.options,
            limits=msgspec.convert(job.limits, Limits),
            is_confirmed=job.is_confirmed,
            lease_s=lease_s,
        )

    def order(self) -> ScanOrder:
        """The order as the collector checks and runs it."""
        return ScanOrder(
            scanner=self.scanner,
            targets=self.targets,
            exclude=self.exclude,
            credentials=self.credentials,
            network=self.network,
            options=self.options,
            limits=self.limits,
            is_confirmed=self.is_confirmed,
        )


class RunWord(msgspec.Struct, frozen=True, kw_only=True):
    """What a collector says of a run: *running* is a sign of life, another state how it ended."""

    state: RunState
    message: str | None = None
    counts: dict[str, int] = {}
    results: tuple[dict[str, Value], ...] = ()


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What the server answers: the run as it stands there, and whether the collector shall end it."""

    state: RunState
    is_stop_wanted: bool = False
    counts: dict[str, int] = {}


def check_name(name: str) -> str:
    """The name of a collector; raises `Invalid` for anything but 1 to 63 letters, digits, dots, hyphens and underscores."""
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"{name[:80]!r} is no name of a collector; give 1 to 63 letters, digits, dots, hyphens or underscores",
            place="collector",
        )
    return name


def encode_observation(observation: Observation) -> bytes:
    """An observation as JSON; raises `Invalid` when it is larger than a server takes."""
    body = msgspec.json.encode(observation)
    if len(body) > OBSERVATION_LIMIT:
        raise Invalid(f"an observation of {len(body)} bytes is larger than {OBSERVATION_LIMIT}; scan with lower limits")
    return body


def decode_observation(body: bytes, *, run_id: str, network: str) -> Observation:
    """An observation of this run from JSON; raises `Invalid` with what is wrong."""
    try:
        observation = _decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise Invalid(f"this is no observation: {exc}") from exc
    if observation.run_id != run_id:
        raise Invalid("the observation names another run", ids=(run_id,), place="run_id")
    if observation.network != network:
        raise Invalid(f"the run is of the network {network!r}, the observation of another", place="network")
    if observation.at.tzinfo is None:
        raise Invalid("the time of the observation has no offset; write it in UTC, with Z", place="at")
    if len(observation.drafts) > DRAFT_LIMIT:
        raise Invalid(
            f"{len(observation.drafts)} drafts are more than {DRAFT_LIMIT}; send them in parts", place="drafts"
        )
    return observation


def checked_results(results: tuple[dict[str, Value], ...]) -> tuple[dict[str, Value], ...]:
    """At most as many results as a run keeps."""
    return results[:RESULT_LIMIT]
