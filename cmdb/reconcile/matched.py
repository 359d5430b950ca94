"""How a row was recognised, as its record keeps it for `explain` (contract.md, Answers)."""

from __future__ import annotations

from cmdb.identity.match import Decision
from cmdb.reconcile.rows import Row
from cmdb.values import Value


def matched(row: Row, decision: Decision) -> dict[str, Value]:
    """Rule, values that agreed, what else was considered and why it lost; CIs that were joined and values that say nothing.

    `joined` and `set_aside` are there only when there are any.
    """
    aside: list[Value] = [
        {"kind": aside.kind.value, "value": aside.value, "because": aside.reason.value} for aside in row.set_aside
    ]
    return said_of(decision, aside)


def said_of(decision: Decision, set_aside: Value) -> dict[str, Value]:
    """The same with what was set aside as it was kept before."""
    said: dict[str, Value] = {
        "rule": decision.rule,
        "on": {name: list(values) for name, values in decision.on.items()},
        "considered": [{"ci": ci, "lost_because": because} for ci, because in decision.considered],
    }
    if decision.joins:
        said["joined"] = list(decision.joins)
    if set_aside:
        said["set_aside"] = set_aside
    return said
