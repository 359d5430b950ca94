"""How people name a CI: by id, by name, by `class:name`, by FQDN or by a unique short name."""

from __future__ import annotations

from typing import cast

from cmdb.entities import CI, Kind
from cmdb.errors import Conflict, Invalid, NotFound
from cmdb.history.past import Past
from cmdb.identity.evidence import Kind as Evident
from cmdb.identity.keys import key
from cmdb.ids import is_id
from cmdb.normalise import naming
from cmdb.registry import Registry
from cmdb.store.view import View

MAX_CANDIDATES = 20
MAX_MERGES = 100


def find_ci(view: View, registry: Registry, text: str, *, or_in: View | None = None) -> CI:
    """The CI that a person means; `or_in` is asked for what the view does not have. A merged CI's id answers with the one that remains.

    In the past a CI is found by what it was called then, else by what it is called now. Raises `NotFound` when nothing fits and
    `Conflict`, listing the candidates, when several do.
    """
    found = _find(view, registry, text)
    if found is None and isinstance(view, Past) and (today := _find(view.now, registry, text)) is not None:
        found = follow(view, today.id)
    if found is None and or_in is not None:
        return find_ci(or_in, registry, text)
    if found is not None:
        return found
    if isinstance(view, Past):
        raise NotFound(f"no CI was called {text!r} at revision {view.revision()}; try another --as-of, or its id")
    if is_id(text) and view.history(Kind.CI, text, limit=1):
        raise NotFound(f"the CI {text} was purged; nothing of it is left but that it was", ids=[text])
    raise NotFound(f"no CI is called {text!r}; try: cmdb search {text}")


def _find(view: View, registry: Registry, text: str) -> CI | None:
    by_id = follow(view, text)
    if by_id is not None:
        return by_id
    class_name, name = _class_and_name(registry, text)
    candidates = _named(view, name) or _by_identity(view, name)
    if class_name is not None:
        candidates = [ci for ci in candidates if registry.is_a(ci.class_name, class_name)]
    if len(candidates) > 1:
        listed = ", ".join(f"{ci.class_name}:{ci.name} ({ci.id})" for ci in candidates[:MAX_CANDIDATES])
        raise Conflict(
            f"{text!r} fits {len(candidates)} CIs: {listed}; give the id or class:name",
            ids=[ci.id for ci in candidates],
        )
    return candidates[0] if candidates else None


def follow(view: View, id_: str) -> CI | None:
    """The CI of an id, followed through merges; None when there is no such id."""
    for _ in range(MAX_MERGES):
        ci = cast("CI | None", view.get_many(Kind.CI, (id_,)).get(id_))
        if ci is None or ci.merged_into is None:
            return ci
        id_ = ci.merged_into
    raise Invalid(f"the merges of {id_} lead in a circle; run: cmdb doctor", ids=[id_])


def _class_and_name(registry: Registry, text: str) -> tuple[str | None, str]:
    before, colon, after = text.partition(":")
    if not colon or not after:
        return None, text
    try:
        return registry.get(before).name, after
    except Invalid:
        return None, text


def _named(view: View, name: str) -> list[CI]:
    page = view.list_cis(names=[name], limit=MAX_CANDIDATES + 1)
    return list(page.items)


def _by_identity(view: View, name: str) -> list[CI]:
    keys = [key(Evident.FQDN, full)] if (full := naming.fqdn(name)) and "." in full else []
    if not keys and (short := naming.short_name(name)):
        keys = [key(Evident.NAME, short.casefold())]
    owners = view.owners(keys)
    ids = sorted({owner for found in owners.values() for owner in found.owners})
    return [cast("CI", ci) for _, ci in sorted(view.get_many(Kind.CI, ids).items())]
