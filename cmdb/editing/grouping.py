"""Redundancy groups that people say: they go before what sources say of the same group, until taken back."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cmdb.amending import Amender
from cmdb.changeset import Revision
from cmdb.entities import Kind
from cmdb.errors import Invalid, NotFound
from cmdb.normalise import forms
from cmdb.observation import Observation, RedundancyDraft
from cmdb.reconcile.links import put_redundancy
from cmdb.reconcile.ranking import PERSON_PREFIX
from cmdb.reconcile.workspace import Workspace

LARGEST = 2**63 - 1


class Grouping:
    """Says and takes back redundancy groups on one store; the reason stands in the revision."""

    def __init__(self, amender: Amender) -> None:
        self._amender = amender

    def group(
        self,
        of: str,
        members: Sequence[str],
        *,
        min_up: int | None = None,
        min_up_percent: float | None = None,
        name: str | None = None,
        by: str,
        reason: str,
    ) -> Revision | None:
        """Have a person say that `of` needs so many of `members`; the group of the same name, else of the same members, is replaced.

        Raises `Invalid` for no members, for `of` among them, and unless exactly one of the two minima is given and within bounds.
        """
        said = _reason(reason)
        if not members or of in members:
            raise Invalid("a redundancy group has members, and the CI that needs them is none of them", ids=[of])
        if (min_up is None) == (min_up_percent is None):
            raise Invalid("say how many are needed: exactly one of min_up and min_up_percent", ids=[of])
        if min_up is not None and not 0 <= min_up <= LARGEST:
            raise Invalid(f"min_up is {min_up}; it is 0 or more and fits into 64 bits", ids=[of])
        if min_up_percent is not None and not 0 <= min_up_percent <= 100:
            raise Invalid(f"min_up_percent is {min_up_percent}; it is between 0 and 100", ids=[of])
        draft = RedundancyDraft(
            of=of, members=tuple(members), min_up=min_up, min_up_percent=min_up_percent, name=forms.text(name or "")
        )

        def change(workspace: Workspace) -> None:
            seen = Observation(source=PERSON_PREFIX + by, run_id="", at=self._amender.clock())
            put_redundancy(workspace, draft, seen, workspace.living)

        return self._amender.amend(change, by=by, reason=f"grouped: {said}")

    def ungroup(
        self, of: str, *, name: str | None = None, members: Sequence[str] = (), by: str, reason: str
    ) -> Revision | None:
        """Take back what people said of a CI's group of this name, else of these members; a group that no source says ends.

        Raises `NotFound` when no person said such a group.
        """
        said = _reason(reason)

        def change(workspace: Workspace) -> None:
            found = [
                group
                for group in workspace.groups_of(of)
                if group.of == of
                and (group.name == name if name else set(group.members) == set(members))
                and any(source.startswith(PERSON_PREFIX) for source in group.sources)
            ]
            if not found:
                raise NotFound("no person said such a redundancy group; see cmdb show", ids=[of])
            for group in found:
                rest = tuple(source for source in group.sources if not source.startswith(PERSON_PREFIX))
                if rest:
                    workspace.put(Kind.REDUNDANCY, msgspec.structs.replace(group, sources=rest))
                else:
                    workspace.end(Kind.REDUNDANCY, group.id)

        return self._amender.amend(change, by=by, reason=f"ungrouped: {said}")


def _reason(reason: str) -> str:
    said = forms.text(reason)
    if said is None:
        raise Invalid("an edit needs a reason, for whoever wonders about the group; give --reason TEXT")
    return said
