"""Reading one host: which port answers, which credential opens, what the report says; always ends as a result."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import secrets
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

from cmdb.errors import CmdbError, Denied, Invalid, Unavailable
from cmdb.observation import Observation, Unreachable
from discovery.credentials import Credential, CredentialKind
from discovery.host_keys import HostKeyChanged, HostKeyFile
from discovery.hosts.mapping import Stamp, observations
from discovery.scanner import Limits, Outcome, ScanRequest, TargetDone
from scanners.ssh_facts import Reading, facts_of
from scanners.ssh_probe import PROBE_S, RANGE_PROBE_S, Silence, open_port
from scanners.ssh_report import ReportBuilder
from scanners.ssh_script import COMMAND, script
from scanners.ssh_session import ConnectionClosed, CredentialRefused, Session, session
from scanners.ssh_targets import Exclusion, Target, address_of

SOURCE = "ssh"
MAX_CREDENTIALS = 6
"""Attempts per host: more would look like an attack and may lock an account."""
MAX_OUTPUT_BYTES = 16 * 1024 * 1024
KINDS: frozenset[str] = frozenset({CredentialKind.SSH_PASSWORD, CredentialKind.SSH_KEY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is the same for every host of a run."""

    run_id: str
    network: str
    limits: Limits
    credentials: tuple[Credential, ...]
    ports: tuple[int, ...]
    may_sudo: bool
    keys: HostKeyFile
    exclusion: Exclusion

    @classmethod
    def of(cls, request: ScanRequest, *, ports: Sequence[int], keys: HostKeyFile) -> Plan:
        """The plan of a request; credentials of other kinds are left out."""
        return cls(
            run_id=request.run_id,
            network=request.network,
            limits=request.limits,
            credentials=tuple(credential for credential in request.credentials if credential.kind in KINDS),
            ports=tuple(ports),
            may_sudo=request.options.get("sudo", "") == "yes",
            keys=keys,
            exclusion=Exclusion(request.exclude),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HostResult:
    """How reading one host ended, and what was seen of it."""

    done: TargetDone
    observations: tuple[Observation, ...] = ()
    has_answered: bool = True


class HostReader:
    """Reads one host once."""

    def __init__(self, plan: Plan, target: Target) -> None:
        self._plan = plan
        self._target = target
        self._started = time.monotonic()
        self._address = target.text
        self._builder: ReportBuilder | None = None
        self._session: Session | None = None
        self._credential: Credential | None = None

    async def read(self) -> HostResult:
        """Everything within the target's time limit; never raises but for cancellation."""
        limit = self._plan.limits.target_timeout_s
        try:
            async with asyncio.timeout(limit):
                return await self._read()
        except TimeoutError:
            return self._result(Outcome.TIMED_OUT, f"timed out after {limit:g} s")
        except CmdbError as error:
            return self._failed(error)
        except Exception as error:  # the boundary of one target: whatever a host makes us stumble over is its result
            return self._result(Outcome.FAILED, f"what the host said could not be read ({type(error).__name__})")

    async def _read(self) -> HostResult:
        try:
            self._address = await address_of(self._target.text, self._plan.exclusion)
        except Unavailable as error:
            return self._ended(Outcome.NO_ANSWER, f"no answer: {error.message}", has_answered=False)
        opened = await open_port(
            self._address, self._ports(), timeout_s=PROBE_S if self._target.network is None else RANGE_PROBE_S
        )
        if opened is Silence.REFUSED:
            return self._ended(Outcome.REFUSED, f"connection refused on {self._ports_text()}", has_answered=False)
        if isinstance(opened, Silence):
            return self._ended(Outcome.NO_ANSWER, f"no answer on {self._ports_text()}", has_answered=False)
        return await self._converse(*opened)

    async def _converse(self, opened: socket.socket, port: int) -> HostResult:
        candidates = [each for each in self._plan.credentials if each.port in {None, port}][:MAX_CREDENTIALS]
        refused: list[str] = []
        next_socket: socket.socket | None = opened
        try:
            for credential in candidates:
                if next_socket is None:
                    again = await open_port(self._address, [port])
                    if isinstance(again, Silence):
                        raise ConnectionClosed("the host stopped answering between two credentials")
                    next_socket = again[0]
                taken, next_socket = next_socket, None
                try:
                    async with session(
                        taken, host=self._target.text, port=port, credential=credential, keys=self._plan.keys
                    ) as talk:
                        self._credential, self._session = credential, talk
                        return await self._ask(talk)
                except CredentialRefused:
                    refused.append(credential.name)
                except (Invalid, Denied) as error:
                    refused.append(f"{credential.name} ({error.message})")
        finally:
            if next_socket is not None:
                next_socket.close()
        if not refused:
            return self._ended(Outcome.NO_CREDENTIAL, f"no credential accepted: none was given for SSH on port {port}")
        return self._ended(Outcome.NO_CREDENTIAL, f"no credential accepted: {', '.join(refused)}")

    async def _ask(self, talk: Session) -> HostResult:
        mark = secrets.token_hex(16)
        self._builder = ReportBuilder(mark, max_bytes=MAX_OUTPUT_BYTES, max_lines=self._plan.limits.max_rows_per_target)
        is_within = True

        def take(data: bytes) -> bool:
            nonlocal is_within
            is_within = self._builder is not None and self._builder.take(data)
            return is_within

        await talk.run(COMMAND, script(mark=mark, may_sudo=self._plan.may_sudo), take)
        if not is_within:
            return self._result(Outcome.FAILED, "the host sent more than the limit and was stopped")
        return self._result(Outcome.FAILED, "connection closed by the host")

    def _failed(self, error: CmdbError) -> HostResult:
        if isinstance(error, HostKeyChanged):
            return self._ended(Outcome.REFUSED, str(error))
        return self._result(Outcome.FAILED, str(error))

    def _result(self, outcome: Outcome, reason: str) -> HostResult:
        """What arrived so far counts: all of it is read, a part is partial, nothing is the outcome given."""
        builder, talk = self._builder, self._session
        if builder is None or talk is None:
            return self._ended(outcome, reason)
        report = builder.report()
        try:
            reading = facts_of(report, address=self._address, session_key=talk.fingerprint)
        except (ValueError, LookupError, RecursionError) as error:
            return self._ended(Outcome.FAILED, f"the host's answer could not be read ({type(error).__name__})")
        if reading is None:
            if report.is_whole or not (builder.is_silent or report.sections):
                reason = f"{reason}; what it sent is no answer to the commands (a restricted shell?)"
            return self._ended(outcome, reason)
        if not report.is_whole:
            return self._ended(Outcome.PARTIAL, f"{reason}; {len(report.sections)} parts had arrived", reading=reading)
        if reading.gaps:
            return self._ended(Outcome.PARTIAL, f"not readable: {', '.join(reading.gaps)}", reading=reading)
        hidden = f"hidden from this user: {', '.join(reading.hidden)}" if reading.hidden else ""
        return self._ended(Outcome.READ, hidden, reading=reading)

    def _ended(
        self, outcome: Outcome, reason: str, *, reading: Reading | None = None, has_answered: bool = True
    ) -> HostResult:
        done = TargetDone(
            target=self._target.text,
            outcome=outcome,
            reason=reason,
            credential=self._credential.name if self._credential else None,
            seconds=time.monotonic() - self._started,
            found=_summary(reading) if reading else "",
        )
        return HostResult(done=done, observations=self._observed(outcome, reason, reading), has_answered=has_answered)

    def _observed(self, outcome: Outcome, reason: str, reading: Reading | None) -> tuple[Observation, ...]:
        stamp = Stamp(source=SOURCE, run_id=self._plan.run_id, at=dt.datetime.now(dt.UTC), network=self._plan.network)
        if reading is not None:
            return observations(reading.facts, stamp)
        # a host of a range may never have had SSH: only silence of one that was asked for by name tells something
        if outcome is Outcome.NO_ANSWER and self._target.network is None and _is_address(self._address):
            unreachable = Unreachable(address=self._address, reason=reason)
            return (
                Observation(
                    source=stamp.source,
                    run_id=stamp.run_id,
                    at=stamp.at,
                    network=stamp.network,
                    unreachable=(unreachable,),
                ),
            )
        return ()

    def _ports(self) -> tuple[int, ...]:
        own = [credential.port for credential in self._plan.credentials if credential.port is not None]
        return tuple(dict.fromkeys([*self._plan.ports, *own]))

    def _ports_text(self) -> str:
        ports = self._ports()
        return f"port{'s' if len(ports) > 1 else ''} {', '.join(str(port) for port in ports)}"


def _summary(reading: Reading) -> str:
    facts = reading.facts
    system = f"{facts.os_name or 'unknown system'} {facts.os_version or ''}".strip()
    return f"{facts.hostname or '?'}: {system}, {len(facts.packages)} packages, {len(facts.listeners)} services"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
