"""Drafts and links of one look while they are collected: each said once, the far ends of connections in one way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cmdb.observation import Draft, Link
from cmdb.values import Value


@dataclass(slots=True)
class Drafting:
    """Each local id and each relationship once; the first to say a thing says it."""

    drafts: dict[str, Draft] = field(default_factory=dict)
    links: dict[tuple[str, str, str], Link] = field(default_factory=dict)

    def draft(
        self,
        local_id: str,
        class_name: str,
        *,
        name: str | None = None,
        attributes: Mapping[str, Value] | None = None,
        is_reference: bool = False,
        is_known_or_waits: bool = False,
    ) -> str:
        """Add a draft without its empty attributes; gives the local id back."""
        said = {key: value for key, value in (attributes or {}).items() if value not in (None, "", [], ())}
        draft = Draft(
            local_id=local_id,
            class_name=class_name,
            name=name,
            attributes=said,
            is_reference=is_reference,
            is_known_or_waits=is_known_or_waits,
        )
        self.drafts.setdefault(local_id, draft)
        return local_id

    def link(
        self,
        source: str,
        type_: str,
        target: str,
        *,
        attributes: Mapping[str, Value] | None = None,
        confidence: float = 1.0,
    ) -> None:
        """Add `(source)-[:type_]->(target)`."""
        self.links.setdefault(
            (source, type_, target),
            Link(source=source, type=type_, target=target, attributes=dict(attributes or {}), confidence=confidence),
        )

    def far_service(self, address: str, protocol: str, port: int) -> str:
        """The service at the far end of a connection, inside the device of that address, as references; gives its local id."""
        device = self.draft(f"remote:{address}", "device", attributes={"ip_addresses": [address]}, is_reference=True)
        name = f"{protocol}/{port}"
        return self.draft(
            f"{device}:{name}",
            "network_service",
            name=name,
            attributes={"host": device, "port": port, "protocol": protocol},
            is_reference=True,
        )
