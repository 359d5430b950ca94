"""Which of several credentials an agent accepts, found without waiting for each in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cmdb.errors import CmdbError
from discovery.credentials import Credential, CredentialKind
from discovery.scanner import Outcome
from scanners.snmp_client import SnmpClosed, SnmpDenied, SnmpGarbled, SnmpNoAnswer, SnmpTooBig, Transport
from scanners.snmp_guard import GuardedClient, GuardLimits
from scanners.snmp_reading import Cell, read_system

Dial = Callable[[str, int, Credential], Transport]

STAGGER_S = 0.25
"""Wait before the next credential is tried while the one before is unanswered; agents on a LAN answer in milliseconds."""

_NOBODY = Credential(name="discovery", kind=CredentialKind.SNMP_V3, fields={"user": "discovery"})
"""Asks an agent for its engine id, which it gives to anybody (RFC 3414 §4): tells a silent agent from no agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An agent that let itself be read; whoever takes it closes it."""

    transport: Transport
    spare: Transport
    credential: Credential
    system: Mapping[str, Cell]

    def client(self, limits: GuardLimits) -> GuardedClient:
        """A client whose time starts now."""
        return GuardedClient(self.transport, limits, spare=self.spare)

    def close(self) -> None:
        """Give the sockets back."""
        self.transport.close()
        self.spare.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shut:
    """An agent that did not, and why."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How agents are reached: `dial` makes the transport that reads, `dial_spare` the second one."""

    dial: Dial
    dial_spare: Dial
    limits: GuardLimits
    """Of asking whether anybody is there, not of reading."""
    port: int

    async def open(self, address: str, credentials: Sequence[Credential]) -> Opened | Shut:
        """The agent under the first credential in order that it answers to; later ones start while earlier ones are silent.

        An answer to a later credential ends the wait for earlier ones, which were sent before and stayed silent.
        """
        silence: list[asyncio.Task[bool]] = []
        attempts: dict[asyncio.Task[Opened], Credential] = {}
        failures: dict[str, CmdbError] = {}
        waiting = list(credentials)
        try:
            while waiting or attempts:
                if waiting:
                    credential = waiting.pop(0)
                    attempts[asyncio.create_task(self._attempt(address, credential))] = credential
                if not waiting and not silence:
                    silence.append(asyncio.create_task(self._speaks(address, credential.port or self.port)))
                done, _ = await asyncio.wait(
                    attempts, timeout=STAGGER_S if waiting else None, return_when=asyncio.FIRST_COMPLETED
                )
                for task in sorted(done, key=lambda each: credentials.index(attempts[each])):
                    credential = attempts.pop(task)
                    try:
                        opened = task.result()
                    except CmdbError as error:
                        # frames in the traceback hold sockets, and this frame would hold the traceback
                        failures[credential.name] = error.with_traceback(None)
                        continue
                    for late in done - {task}:
                        attempts.setdefault(late, credential)  # closed below with the other attempts
                    return opened
                if self._is_closed(credentials, failures):
                    break
            return await self._shut(address, credentials, failures, bool(silence) and await silence[0])
        finally:
            await _end([*attempts, *silence])

    def _is_closed(self, credentials: Sequence[Credential], failures: Mapping[str, CmdbError]) -> bool:
        """Whether every port that the credentials name was found closed."""
        closed = {
            credential.port or self.port
            for credential in credentials
            if isinstance(failures.get(credential.name), SnmpClosed)
        }
        return closed == {credential.port or self.port for credential in credentials}

    async def _attempt(self, address: str, credential: Credential) -> Opened:
        port = credential.port or self.port
        transport = self.dial(address, port, credential)
        try:
            await self._start(transport)
            system = await read_system(GuardedClient(transport, self.limits))
        except BaseException:
            transport.close()
            raise
        spare = self.dial_spare(address, port, credential)
        return Opened(transport=transport, spare=spare, credential=credential, system=system)

    async def _start(self, transport: Transport) -> None:
        timeout_s = self.limits.timeout_s
        for left in range(self.limits.resends, -1, -1):
            try:
                return await transport.start(timeout_s)
            except SnmpClosed:
                raise
            except (SnmpNoAnswer, SnmpGarbled):
                if not left:
                    raise
                timeout_s *= 1.5
        return None

    async def _speaks(self, address: str, port: int) -> bool:
        """Whether an SNMP agent answers at all."""
        transport = self.dial(address, port, _NOBODY)
        try:
            await transport.start(self.limits.timeout_s * 2)
        except CmdbError as error:
            return isinstance(error, (SnmpDenied, SnmpTooBig))
        finally:
            transport.close()
        return True

    async def _shut(
        self, address: str, credentials: Sequence[Credential], failures: Mapping[str, CmdbError], speaks: bool
    ) -> Shut:
        count = f"{len(credentials)} credential{'s' if len(credentials) != 1 else ''}"
        if self._is_closed(credentials, failures):
            return Shut(
                outcome=Outcome.REFUSED, reason=f"nothing listens for SNMP on UDP port {_ports(credentials, self.port)}"
            )
        denied = [credential for credential in credentials if isinstance(failures.get(credential.name), SnmpDenied)]
        if denied:
            reasons = [f"{credential.name}: {await self._why(address, credential)}" for credential in denied[:3]]
            return Shut(outcome=Outcome.NO_CREDENTIAL, reason=f"none of {count} was accepted; {'; '.join(reasons)}")
        garbled = [error for error in failures.values() if isinstance(error, (SnmpGarbled, SnmpTooBig))]
        if garbled:
            return Shut(outcome=Outcome.FAILED, reason=f"the replies cannot be used: {garbled[0].message}")
        if speaks:
            return Shut(
                outcome=Outcome.NO_CREDENTIAL,
                reason=f"an SNMP agent is there and stays silent to {count}: wrong community or view, wrong privacy key, or this address is not allowed",
            )
        return Shut(outcome=Outcome.NO_ANSWER, reason=f"no answer to SNMP with {count}")

    async def _why(self, address: str, credential: Credential) -> str:
        """Ask once more with the other back-end, which tells an unknown user from a wrong key."""
        transport = self.dial_spare(address, credential.port or self.port, credential)
        try:
            await transport.get(["1.3.6.1.2.1.1.2.0"], self.limits.timeout_s)
        except SnmpDenied as error:
            return error.message
        except CmdbError:
            pass
        finally:
            transport.close()
        return "the agent refused the SNMPv3 user, its authentication key or its security level"


def _ports(credentials: Sequence[Credential], default: int) -> str:
    return ", ".join(str(port) for port in sorted({credential.port or default for credential in credentials}))


async def _end(tasks: Sequence[asyncio.Task[Opened] | asyncio.Task[bool]]) -> None:
    """Cancel what still runs and close what was opened in vain."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Opened):
            result.close()
