"""`cmdb import glpi`: what GLPI and FusionInventory agents write, whole and partial inventories and SNMP queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import BinaryIO

from cmdb.errors import Invalid
from cmdb.formats.batch import Intake, Refused
from cmdb.formats.options import check_options
from cmdb.observation import Draft
from scanners.glpi_computer import DEVICE, Computer
from scanners.glpi_document import Inventory, read_inventory
from scanners.glpi_gear import Gear


class GlpiParser:
    """The parser of inventories in JSON (inventory_format) and XML; one file is one device."""

    def read(self, stream: BinaryIO, *, name: str, into: Intake, options: Mapping[str, str]) -> None:
        """Takes in the device with what is inside it; only the sections that the inventory has say anything.

        Raises `Invalid` for what is no inventory. A section of a wrong form is refused, and the others land.
        """
        check_options(options, (), format_name="glpi")
        inventory = read_inventory(stream, name=name, into=into)

        def refuse(message: str) -> None:
            into.refuse(Refused(None, None, message))

        is_computer = inventory.query == "inventory" and "network_device" not in inventory.content
        device = (
            Computer(inventory, refuse)
            if is_computer
            else Gear(inventory, refuse, lambda message: into.warn(f"{name}: {message}"))
        )
        try:
            rows = device.draft()
        except Invalid as error:
            into.refuse(Refused(None, DEVICE, error.message))
            return
        for draft in rows.drafts.values():
            into.draft(_own(draft, inventory) if is_computer and draft.local_id == DEVICE else draft)
        for link in rows.links.values():
            into.link(link)
        for scope in device.scopes:
            into.scope(scope)


def _own(draft: Draft, inventory: Inventory) -> Draft:
    """The agent's own machine, named by the agent's id; gear is described by an agent that sits elsewhere.

    A partial inventory is a word beside the whole one, of which it replaces nothing; it names the machine by its identifiers.
    """
    said = draft.attributes
    if inventory.is_partial and (said.get("system_uuid") or said.get("serial_number")):
        return replace(draft, is_reference=True)
    return replace(draft, native_key=inventory.device_id)
