"""Erasure of a person's data: a pseudonym stands wherever a name or login stood, and history stays readable.

The pseudonym is random, so that nobody who knows a login can compute it, and the same everywhere, so that one author stays one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from cmdb.amending import Amender, Change
from cmdb.changeset import ChangeSet, Revision
from cmdb.entities import CI, Claim, Kind, Lifecycle
from cmdb.errors import Invalid, NotFound
from cmdb.reconcile.workspace import Workspace
from cmdb.store.erasure import PERSON_PREFIX, Erasure

__all__ = ["PERSON_PREFIX", "Erased", "Pseudonyms", "new_pseudonym"]
PERSON = "person"
_TEXTS = ("name", "email", "phone")
MIN_TEXT = 5
"""Letters of a name, at least, for it to be looked for outside the person's own CI: `Li` stands in many values that name nobody."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure left: the pseudonym, and the revision that tells of it."""

    pseudonym: str
    revision: Revision


class Pseudonyms:
    """Erases people on one store."""

    def __init__(self, amender: Amender) -> None:
        self._amender = amender

    def erase_login(self, login: str, *, by: str) -> Erased:
        """Erase a login from authors, claims, runs, reviews and attributes that name people. Raises `Invalid` for none."""
        login = login.removeprefix(PERSON_PREFIX).strip()
        if not login:
            raise Invalid("name the person whose data is erased: person:LOGIN, or a CI of class person")
        pseudonym = new_pseudonym()
        return self._erase(
            Erasure(logins={login: pseudonym}), lambda _: None, pseudonym, by=_other(by, login, pseudonym)
        )

    def erase_ci(self, ci: str, *, by: str) -> Erased:
        """Erase a person's CI: it stays, retired, under a pseudonym, with its relationships; and its login, name and addresses
        of mail everywhere else.

        Raises `NotFound` for an unknown id and `Invalid` for a CI of another class.
        """
        pseudonym = new_pseudonym()
        found = self._amender.workspace().get(Kind.CI, ci)
        if not isinstance(found, CI):
            raise NotFound(f"no CI has the id {ci}", ids=[ci])
        if not self._amender.registry.is_a(found.class_name, PERSON):
            raise Invalid(
                f"{found.name!r} is a {found.class_name}; only people are erased, other CIs are purged: cmdb purge {ci}",
                ids=[ci],
            )
        texts, logins = self._words(found)
        erasure = Erasure(
            cis={ci: pseudonym},
            texts=dict.fromkeys((text.casefold() for text in texts), pseudonym),
            logins=dict.fromkeys(logins, pseudonym),
        )

        def change(workspace: Workspace) -> None:
            for claim in workspace.claims_of(ci):
                workspace.end(Kind.CLAIM, claim.id)
            for key in self._amender.store.keys_of((ci,)):
                workspace.disown(key, ci)
            bare = msgspec.structs.replace(found, name=pseudonym, attributes={}, lifecycle=Lifecycle.RETIRED)
            workspace.put(Kind.CI, bare)

        for login in logins:
            by = _other(by, login, pseudonym)
        return self._erase(erasure, change, pseudonym, by=by)

    def _words(self, person: CI) -> tuple[set[str], set[str]]:
        """What the person is called by in any of their states: texts, and logins."""
        store = self._amender.store
        states = [change.after for change in store.history(Kind.CI, person.id, limit=10_000)]
        claims = [entity for entity in store.find(Kind.CLAIM, "ci", (person.id,)) if isinstance(entity, Claim)]
        said: list[Mapping[str, object]] = [
            *({"name": state.name, **state.attributes} for state in (person, *states) if isinstance(state, CI)),
            *({"name": claim.name, **{name: kept.value for name, kept in claim.values.items()}} for claim in claims),
        ]
        texts = {str(one[name]) for one in said for name in _TEXTS if isinstance(one.get(name), str)}
        logins = {str(one["login"]) for one in said if isinstance(one.get("login"), str)}
        return {text for text in texts if len(text) >= MIN_TEXT}, {login for login in logins if login}

    def _erase(self, erasure: Erasure, change: Change, pseudonym: str, *, by: str) -> Erased:
        def commit(change_set: ChangeSet) -> Revision:
            return self._amender.store.erase(change_set, erasure)

        revision = self._amender.amend(change, by=by, reason=f"erased a person, now {pseudonym}", commit=commit)
        assert revision is not None
        return Erased(pseudonym, revision)


def new_pseudonym() -> str:
    """A name that stands for nobody in particular."""
    return f"erased-{secrets.token_hex(4)}"


def _other(by: str, login: str, pseudonym: str) -> str:
    """The author of the erasure, who may be the person themselves."""
    return pseudonym if by == login else by
