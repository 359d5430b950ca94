"""Products, and what they run as: databases, middleware, applications' parts."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cmdb.classes.item import RECOMMENDED, REQUIRED, ConfigurationItem, Flag, Text, Texts, Whole
from cmdb.classes.spec import Family, Format, Info


class SoftwareProduct(ConfigurationItem):
    """A product in one version, one CI however many machines have it."""

    family: ClassVar[Family] = Family.CATALOGUE
    layer: ClassVar[str] = "Software"
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("software", "package", "software_package", "library")

    site: Annotated[Text, Info("Site that uses it")] = None
    version: Annotated[Text, Info("Version", weight=REQUIRED, is_identity=True)] = None
    package_type: Annotated[Text, Info("dpkg, rpm, apk, msi, pypi …", is_identity=True)] = None
    vendor: Annotated[Text, Info("Maker", weight=RECOMMENDED)] = None
    architecture: Annotated[Text, Info("Instruction set")] = None
    edition: Annotated[Text, Info("Edition, such as Enterprise")] = None
    language: Annotated[Text, Info("Language as BCP 47 names it")] = None
    license: Annotated[Text, Info("Licence as SPDX expression")] = None
    purl: Annotated[Text, Info("Package URL")] = None
    cpe: Annotated[Text, Info("CPE 2.3 name")] = None
    source_package: Annotated[Text, Info("Source package that it was built from")] = None
    end_of_support_on: Annotated[Text, Info("Day on which support ends, ISO 8601")] = None
    category: Annotated[Text, Info("Kind of product")] = None


class OperatingSystem(SoftwareProduct):
    """An operating system in one version."""

    aliases: ClassVar[tuple[str, ...]] = ("os",)


class ContainerImage(ConfigurationItem):
    """An image that containers are started from."""

    family: ClassVar[Family] = Family.CATALOGUE
    layer: ClassVar[str] = "Software"
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("docker_image", "oci_image")

    site: Annotated[Text, Info("Site that uses it")] = None
    digest: Annotated[Text, Info("Digest of its manifest", is_identity=True)] = None
    tags_of_image: Annotated[Texts, Info("Tags that point at it")] = None
    registry: Annotated[Text, Info("Registry that it comes from")] = None
    size_bytes: Annotated[Whole, Info("Size", unit="By")] = None


class Middleware(ConfigurationItem):
    """An instance of a product that applications are built on; inside its host when it names one."""

    layer: ClassVar[str] = "Software"
    is_abstract: ClassVar[bool] = False
    host_relationship: ClassVar[str | None] = "RUNS_ON"
    is_dependent_with_host: ClassVar[bool] = True
    aliases: ClassVar[tuple[str, ...]] = ("middleware_instance",)

    host: Annotated[Text, Info("Machine that it runs on", is_identity=True)] = None
    product: Annotated[Text, Info("Product", weight=RECOMMENDED)] = None
    vendor: Annotated[Text, Info("Maker of the product")] = None
    version: Annotated[Text, Info("Version", weight=RECOMMENDED)] = None
    edition: Annotated[Text, Info("Edition of the product")] = None
    port: Annotated[Whole, Info("Port that it listens on")] = None
    instance: Annotated[Text, Info("Name of the instance")] = None
    fqdn: Annotated[Text, Info("Name under which it is reached", format=Format.FQDN)] = None
    ip_addresses: Annotated[Texts, Info("Addresses under which it is reached", format=Format.IP)] = None
    install_path: Annotated[Text, Info("Where it is installed")] = None
    config_path: Annotated[Text, Info("Where its configuration lies")] = None


class WebServer(Middleware):
    """An instance of a web server."""


class ApplicationServer(Middleware):
    """An instance of a server that runs application code."""

    aliases: ClassVar[tuple[str, ...]] = ("app_server",)


class MessageQueue(Middleware):
    """An instance of a message broker."""

    aliases: ClassVar[tuple[str, ...]] = ("message_broker", "queue_manager")


class Cache(Middleware):
    """An instance of a store that may forget."""

    aliases: ClassVar[tuple[str, ...]] = ("cache_server",)


class SearchEngine(Middleware):
    """An instance of a search index."""


class DirectoryServer(Middleware):
    """An instance of a directory (LDAP, Active Directory)."""

    aliases: ClassVar[tuple[str, ...]] = ("directory_service", "domain_controller")


class DnsServer(Middleware):
    """An instance of a name server."""

    aliases: ClassVar[tuple[str, ...]] = ("name_server",)


class MailServer(Middleware):
    """An instance of a mail server."""


class FileServer(Middleware):
    """An instance of a server that shares files."""


class ProxyServer(Middleware):
    """An instance of a server that passes requests on."""

    aliases: ClassVar[tuple[str, ...]] = ("reverse_proxy", "proxy")


class Database(Middleware):
    """A database or an instance of a database server; inside its host when it names one."""

    aliases: ClassVar[tuple[str, ...]] = ("db", "database_instance", "database_server", "db_instance")

    size_bytes: Annotated[Whole, Info("Allocated size", unit="By")] = None
    character_set: Annotated[Text, Info("Character set")] = None
    is_replica: Annotated[Flag, Info("Whether it follows another")] = None


class DatabaseSchema(ConfigurationItem):
    """A schema or catalogue inside a database."""

    layer: ClassVar[str] = "Software"
    is_abstract: ClassVar[bool] = False
    host_relationship: ClassVar[str | None] = "PART_OF"
    is_dependent_with_host: ClassVar[bool] = True
    aliases: ClassVar[tuple[str, ...]] = ("schema", "db_schema")

    host: Annotated[Text, Info("Database that holds it", is_identity=True)] = None
    character_set: Annotated[Text, Info("Character set")] = None


class Website(ConfigurationItem):
    """A site that is reached by URL."""

    layer: ClassVar[str] = "Software"
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("web_site", "virtual_host")

    url: Annotated[Text, Info("Address of its first page", weight=RECOMMENDED)] = None


class ScheduledJob(ConfigurationItem):
    """Work that runs at set times."""

    layer: ClassVar[str] = "Software"
    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("batch_job",)

    schedule: Annotated[Text, Info("When it runs")] = None
    command: Annotated[Text, Info("What it runs, without secrets")] = None


class Cluster(ConfigurationItem):
    """Machines or instances that stand in for one another; inside its host when it names one."""

    layer: ClassVar[str] = "Machines"
    is_abstract: ClassVar[bool] = False
    host_relationship: ClassVar[str | None] = "RUNS_ON"
    is_dependent_with_host: ClassVar[bool] = True
    aliases: ClassVar[tuple[str, ...]] = ("cluster_group", "failover_cluster", "server_cluster")

    host: Annotated[Text, Info("Machine that it runs on", is_identity=True)] = None
    cluster_type: Annotated[Text, Info("Failover, compute, storage …")] = None
    product: Annotated[Text, Info("Product that makes it a cluster")] = None
    version: Annotated[Text, Info("Version of the product")] = None
    fqdn: Annotated[Text, Info("Name under which it is reached", format=Format.FQDN)] = None
    ip_addresses: Annotated[Texts, Info("Addresses under which it is reached", format=Format.IP)] = None


class Stack(Cluster):
    """Devices that are managed as one, seen beside the device that they make."""

    aliases: ClassVar[tuple[str, ...]] = ("switch_stack",)
