"""What the business sees: services and the applications under them (CSDM's upper layers)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cmdb.classes.item import RECOMMENDED, ConfigurationItem, Number, Text, Whole
from cmdb.classes.spec import Info


class Service(ConfigurationItem):
    """Something that is provided to people or to other services."""

    layer: ClassVar[str] = "Services"

    owner: Annotated[Text, Info("Who answers for it", weight=RECOMMENDED)] = None
    criticality: Annotated[Text, Info("How much its failure matters to the business", weight=RECOMMENDED)] = None
    availability_percent: Annotated[Number, Info("Availability that was agreed", unit="%")] = None
    recovery_time_s: Annotated[Whole, Info("Longest acceptable outage (RTO)", unit="s")] = None
    recovery_point_s: Annotated[Whole, Info("Longest acceptable loss of data (RPO)", unit="s")] = None
    url: Annotated[Text, Info("Where it is reached")] = None


class BusinessService(Service):
    """A service in the words of those who use it."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("business_application_service",)


class ServiceOffering(Service):
    """A business service as it is offered: to whom, where, at which level."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("offering",)


class TechnicalService(Service):
    """A service that one team provides to others (hosting, backup, network)."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("technology_service", "infrastructure_service", "technical_service_offering")


class ApplicationService(Service):
    """An application as it runs in one environment."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("service_instance", "mapped_application_service", "app_service")

    version: Annotated[Text, Info("Version that runs")] = None


class Application(ConfigurationItem):
    """A program that the organisation runs for a purpose, in all its environments or on its own."""

    layer: ClassVar[str] = "Services"
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("app", "business_application")

    owner: Annotated[Text, Info("Who answers for it", weight=RECOMMENDED)] = None
    vendor: Annotated[Text, Info("Maker")] = None
    version: Annotated[Text, Info("Version")] = None
    url: Annotated[Text, Info("Where it is reached")] = None
    architecture: Annotated[Text, Info("Web, client-server, batch …")] = None


class ApplicationComponent(ConfigurationItem):
    """A part of an application that is deployed on its own."""

    layer: ClassVar[str] = "Services"
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("microservice", "component_of_application")

    version: Annotated[Text, Info("Version")] = None
    repository: Annotated[Text, Info("Where its source is kept")] = None


class Api(ConfigurationItem):
    """A programming interface that others call."""

    layer: ClassVar[str] = "Services"
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("api_endpoint",)

    version: Annotated[Text, Info("Version")] = None
    url: Annotated[Text, Info("Where it is reached")] = None


class BusinessCapability(ConfigurationItem):
    """Something that the organisation is able to do."""

    layer: ClassVar[str] = "Services"
    is_abstract: ClassVar[bool] = False


class BusinessProcess(ConfigurationItem):
    """Work that the organisation does in steps."""

    layer: ClassVar[str] = "Services"
    is_abstract: ClassVar[bool] = False


class DataSet(ConfigurationItem):
    """Data that is valuable or protected by law."""

    layer: ClassVar[str] = "Services"
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("information_object",)

    classification: Annotated[Text, Info("Public, internal, confidential …")] = None
