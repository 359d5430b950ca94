"""Places, and the power and cooling in them."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cmdb.classes.devices import Device, Hardware
from cmdb.classes.item import RECOMMENDED, ConfigurationItem, Number, Text, Whole
from cmdb.classes.spec import Info


class Place(ConfigurationItem):
    """Somewhere that things stand."""

    layer: ClassVar[str] = "Places and power"


class Region(Place):
    """A part of the world that groups sites."""

    is_abstract: ClassVar[bool] = False


class Site(Place):
    """A place with an address."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("location", "branch", "campus")

    address: Annotated[Text, Info("Postal address", weight=RECOMMENDED)] = None
    country: Annotated[Text, Info("ISO 3166-1 alpha-2 code")] = None
    latitude: Annotated[Number, Info("WGS 84 latitude", unit="deg")] = None
    longitude: Annotated[Number, Info("WGS 84 longitude", unit="deg")] = None
    timezone: Annotated[Text, Info("Name in the IANA time zone database")] = None


class DataCenter(Site):
    """A site made for machines."""

    aliases: ClassVar[tuple[str, ...]] = ("datacenter", "datacentre", "data_centre")

    tier: Annotated[Text, Info("Tier of the Uptime Institute")] = None


class Building(Place):
    """A building of a site."""

    is_abstract: ClassVar[bool] = False

    address: Annotated[Text, Info("Postal address")] = None


class Floor(Place):
    """A storey of a building."""

    is_abstract: ClassVar[bool] = False

    level: Annotated[Whole, Info("Number of the storey")] = None


class Room(Place):
    """A room of a building."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("server_room", "closet")

    area_m2: Annotated[Number, Info("Area", unit="m2")] = None


class Rack(Place):
    """A frame in which devices are mounted."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("cabinet",)

    height_units: Annotated[Whole, Info("Height", unit="U")] = None
    serial_number: Annotated[Text, Info("Serial number")] = None
    room: Annotated[Text, Info("Room that it stands in")] = None
    power_watts: Annotated[Number, Info("Power that it may draw", unit="W")] = None


class Enclosure(Device, Hardware):
    """A chassis that houses blades or modules."""

    aliases: ClassVar[tuple[str, ...]] = ("chassis", "blade_enclosure")

    slots: Annotated[Whole, Info("Places for blades", unit="{slot}")] = None


class PowerDevice(Device, Hardware):
    """A device that supplies other devices with power."""

    layer: ClassVar[str] = "Places and power"
    aliases: ClassVar[tuple[str, ...]] = ("power_equipment",)

    rated_power_va: Annotated[Number, Info("Rated apparent power", unit="V.A")] = None
    voltage: Annotated[Number, Info("Nominal voltage", unit="V")] = None
    phases: Annotated[Whole, Info("Phases")] = None


class Ups(PowerDevice):
    """A device that bridges a failure of the mains (UPS-MIB)."""

    aliases: ClassVar[tuple[str, ...]] = ("uninterruptible_power_supply",)

    runtime_s: Annotated[Whole, Info("Rated runtime at full load", unit="s")] = None
    battery_replaced_on: Annotated[Text, Info("Date of the batteries, ISO 8601")] = None


class Pdu(PowerDevice):
    """A power strip in a rack."""

    aliases: ClassVar[tuple[str, ...]] = ("power_distribution_unit", "rack_pdu")

    outlets: Annotated[Whole, Info("Outlets", unit="{outlet}")] = None


class TransferSwitch(PowerDevice):
    """A device that changes from one feed to another."""

    aliases: ClassVar[tuple[str, ...]] = ("ats", "automatic_transfer_switch", "static_transfer_switch")


class Generator(PowerDevice):
    """An engine that makes electricity."""

    fuel: Annotated[Text, Info("What it burns")] = None


class CoolingUnit(Device, Hardware):
    """A device that carries heat away."""

    layer: ClassVar[str] = "Places and power"
    aliases: ClassVar[tuple[str, ...]] = ("air_conditioner", "crac", "cooling")

    cooling_watts: Annotated[Number, Info("Rated cooling power", unit="W")] = None


class PowerPanel(ConfigurationItem):
    """A board of breakers."""

    layer: ClassVar[str] = "Places and power"
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("distribution_board",)


class PowerFeed(ConfigurationItem):
    """A line that brings power to racks."""

    layer: ClassVar[str] = "Places and power"
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("power_source", "mains")

    voltage: Annotated[Number, Info("Nominal voltage", unit="V")] = None
    amperage: Annotated[Number, Info("Rated current", unit="A")] = None
    phases: Annotated[Whole, Info("Phases")] = None
