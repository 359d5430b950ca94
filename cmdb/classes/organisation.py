"""People, groups and what they signed."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cmdb.classes.item import RECOMMENDED, ConfigurationItem, Number, Text, Whole
from cmdb.classes.spec import Info


class Party(ConfigurationItem):
    """Somebody who can own, support or sell something."""

    layer: ClassVar[str] = "People and contracts"

    email: Annotated[Text, Info("Address for mail")] = None
    phone: Annotated[Text, Info("Number in E.164 form")] = None


class Person(Party):
    """A human being."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("user", "employee")

    login: Annotated[Text, Info("Name of the account")] = None
    department: Annotated[Text, Info("Part of the organisation")] = None
    title: Annotated[Text, Info("Function")] = None


class Team(Party):
    """People who work on the same things."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("group", "user_group")


class Organisation(Party):
    """A company, authority or part of one."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("organization", "company", "tenant")

    url: Annotated[Text, Info("Its site")] = None
    address: Annotated[Text, Info("Postal address")] = None


class Department(Organisation):
    """A part of an organisation."""


class Vendor(Organisation):
    """An organisation that sells or makes things."""

    aliases: ClassVar[tuple[str, ...]] = ("supplier", "maker")


class Provider(Vendor):
    """An organisation that provides lines or services."""

    aliases: ClassVar[tuple[str, ...]] = ("carrier", "internet_service_provider", "isp")


class Customer(Organisation):
    """An organisation that is served."""


class Agreement(ConfigurationItem):
    """Something that was signed."""

    layer: ClassVar[str] = "People and contracts"

    number: Annotated[Text, Info("Number of the document", weight=RECOMMENDED)] = None
    vendor: Annotated[Text, Info("Other party", weight=RECOMMENDED)] = None
    starts_on: Annotated[Text, Info("First day, ISO 8601")] = None
    ends_on: Annotated[Text, Info("Last day, ISO 8601", weight=RECOMMENDED)] = None
    notice_days: Annotated[Whole, Info("Days before the end by which it must be ended", unit="d")] = None
    cost: Annotated[Number, Info("Price of one period, in the currency of the books")] = None
    period: Annotated[Text, Info("Once, monthly, yearly …")] = None


class Contract(Agreement):
    """An agreement with a supplier or customer."""

    is_abstract: ClassVar[bool] = False


class SupportContract(Contract):
    """An agreement to repair and advise."""

    aliases: ClassVar[tuple[str, ...]] = ("maintenance_contract",)

    response_time_s: Annotated[Whole, Info("Agreed time to respond", unit="s")] = None


class Warranty(Contract):
    """A maker's promise to repair."""


class Lease(Contract):
    """An agreement to rent equipment."""


class ServiceLevelAgreement(Agreement):
    """What quality of a service was promised."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("sla", "service_level")

    availability_percent: Annotated[Number, Info("Availability that was agreed", unit="%")] = None


class Licence(Agreement):
    """The right to use software."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("license", "software_license", "software_licence")

    product: Annotated[Text, Info("Product that may be used", weight=RECOMMENDED)] = None
    seats: Annotated[Whole, Info("How many may use it", unit="{seat}", weight=RECOMMENDED)] = None
    metric: Annotated[Text, Info("What is counted: users, cores …")] = None


class Document(ConfigurationItem):
    """A manual, plan or procedure that is kept under control."""

    layer: ClassVar[str] = "People and contracts"
    is_abstract: ClassVar[bool] = False

    url: Annotated[Text, Info("Where it is kept")] = None
    version: Annotated[Text, Info("Version")] = None
