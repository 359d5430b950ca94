"""Cloud and virtualization platforms' objects; they are identified by the platform's own keys."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cmdb.classes.devices import VirtualMachine
from cmdb.classes.item import RECOMMENDED, REQUIRED, ConfigurationItem, Flag, Text, Texts, Whole
from cmdb.classes.software import Database
from cmdb.classes.spec import Format, Info


class CloudResource(ConfigurationItem):
    """Something that a cloud provider or virtualization platform keeps for an account."""

    layer: ClassVar[str] = "Cloud"
    is_abstract: ClassVar[bool] = False

    provider: Annotated[Text, Info("aws, azure, gcp, openstack, vsphere …", weight=RECOMMENDED)] = None
    account: Annotated[Text, Info("Account, subscription or project")] = None
    region: Annotated[Text, Info("Region of the provider")] = None
    resource_id: Annotated[Text, Info("Provider's id: ARN, Azure resource id, self link …", weight=RECOMMENDED)] = None
    resource_type: Annotated[Text, Info("Type in the provider's words")] = None


class CloudAccount(CloudResource):
    """An account, subscription or project that resources are billed to."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("cloud_subscription", "cloud_project", "subscription")

    account_id: Annotated[Text, Info("Number or id of the account", weight=REQUIRED)] = None


class CloudRegion(CloudResource):
    """A part of the world in which a provider has data centres."""

    is_abstract: ClassVar[bool] = False


class AvailabilityZone(CloudResource):
    """A part of a region that fails on its own."""

    is_abstract: ClassVar[bool] = False


class ResourceGroup(CloudResource):
    """Resources that are administered together."""

    is_abstract: ClassVar[bool] = False


class CloudInstance(VirtualMachine):
    """A virtual machine that a cloud provider runs."""

    layer: ClassVar[str] = "Cloud"
    aliases: ClassVar[tuple[str, ...]] = (
        "cloud_vm",
        "ec2_instance",
        "compute_instance",
        "cloud_virtual_machine",
        "instance",
    )

    provider: Annotated[Text, Info("aws, azure, gcp, openstack …", weight=RECOMMENDED)] = None
    account: Annotated[Text, Info("Account, subscription or project")] = None
    region: Annotated[Text, Info("Region of the provider")] = None
    zone: Annotated[Text, Info("Availability zone")] = None
    resource_id: Annotated[Text, Info("Provider's id", weight=RECOMMENDED)] = None
    instance_type: Annotated[Text, Info("Size in the provider's words")] = None
    image_id: Annotated[Text, Info("Image that it was started from")] = None
    public_ip: Annotated[Text, Info("Address by which the Internet reaches it", format=Format.IP)] = None


class Vpc(CloudResource):
    """A private network of an account."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("virtual_network", "vnet", "virtual_private_cloud", "cloud_network")

    cidrs: Annotated[Texts, Info("Its ranges", format=Format.CIDR)] = None


class CloudSubnet(CloudResource):
    """A range of addresses of a private network."""

    is_abstract: ClassVar[bool] = False

    cidr: Annotated[Text, Info("Network and prefix length", weight=REQUIRED, format=Format.CIDR)] = None
    zone: Annotated[Text, Info("Availability zone")] = None


class SecurityGroup(CloudResource):
    """Rules for which traffic may reach a resource."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("network_security_group", "firewall_rules")

    rules: Annotated[Texts, Info("Its rules, one a text")] = None


class CloudNetworkInterface(CloudResource):
    """A network interface that can be moved between instances."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("elastic_network_interface", "eni")

    mac_address: Annotated[Text, Info("Its MAC address", format=Format.MAC)] = None
    ip_addresses: Annotated[Texts, Info("Addresses on it", format=Format.IP)] = None


class CloudGateway(CloudResource):
    """A way out of or between private networks: Internet, NAT, transit or VPN gateway."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("internet_gateway", "nat_gateway", "transit_gateway")

    gateway_type: Annotated[Text, Info("Internet, NAT, transit, VPN")] = None
    ip_addresses: Annotated[Texts, Info("Addresses on it", format=Format.IP)] = None


class CloudLoadBalancer(CloudResource):
    """A load balancer that a provider runs."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("elastic_load_balancer", "elb")

    scheme: Annotated[Text, Info("Internal or facing the Internet")] = None
    load_balancer_type: Annotated[Text, Info("Application, network …")] = None
    fqdn: Annotated[Text, Info("Name under which it is reached", format=Format.FQDN)] = None
    ip_addresses: Annotated[Texts, Info("Addresses under which it is reached", format=Format.IP)] = None


class Bucket(CloudResource):
    """A container of objects."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("object_storage", "storage_bucket", "s3_bucket", "storage_account")

    is_public: Annotated[Flag, Info("Whether anybody may read it")] = None
    is_versioned: Annotated[Flag, Info("Whether old versions are kept")] = None


class CloudVolume(CloudResource):
    """A virtual disk that can be moved between instances."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("block_volume", "ebs_volume", "managed_disk")

    size_bytes: Annotated[Whole, Info("Size", unit="By")] = None
    volume_type: Annotated[Text, Info("Type in the provider's words")] = None
    is_encrypted: Annotated[Flag, Info("Whether it is encrypted")] = None


class CloudSnapshot(CloudResource):
    """A copy of a volume or instance at one time."""

    is_abstract: ClassVar[bool] = False

    size_bytes: Annotated[Whole, Info("Size", unit="By")] = None


class MachineImage(CloudResource):
    """An image or template that machines are made from."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("ami", "vm_template", "cloud_image")

    os_name: Annotated[Text, Info("Operating system")] = None


class CloudFileSystem(CloudResource):
    """A shared file system that a provider runs."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("efs",)


class ManagedDatabase(Database):
    """A database that a provider runs."""

    layer: ClassVar[str] = "Cloud"
    aliases: ClassVar[tuple[str, ...]] = ("cloud_database", "rds_instance")

    provider: Annotated[Text, Info("aws, azure, gcp …", weight=RECOMMENDED)] = None
    account: Annotated[Text, Info("Account, subscription or project")] = None
    region: Annotated[Text, Info("Region of the provider")] = None
    resource_id: Annotated[Text, Info("Provider's id", weight=RECOMMENDED)] = None
    instance_type: Annotated[Text, Info("Size in the provider's words")] = None
    is_multi_zone: Annotated[Flag, Info("Whether it survives the loss of a zone")] = None


class CloudFunction(CloudResource):
    """Code that a provider runs when it is called."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("function", "lambda_function", "serverless_function")

    runtime: Annotated[Text, Info("Language and version")] = None
    memory_bytes: Annotated[Whole, Info("Memory that it may use", unit="By")] = None


class CloudQueue(CloudResource):
    """A queue, topic or stream that a provider runs."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("cloud_topic", "cloud_stream")


class CloudCache(CloudResource):
    """A cache that a provider runs."""

    is_abstract: ClassVar[bool] = False

    product: Annotated[Text, Info("Redis, Memcached …")] = None
    version: Annotated[Text, Info("Version of the product")] = None


class ApiGateway(CloudResource):
    """A front for programming interfaces."""

    is_abstract: ClassVar[bool] = False

    url: Annotated[Text, Info("Where it is reached")] = None


class ContentDeliveryNetwork(CloudResource):
    """Caches all over the world in front of a site."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("cdn", "cdn_distribution")

    fqdn: Annotated[Text, Info("Name under which it is reached", format=Format.FQDN)] = None


class AutoscalingGroup(CloudResource):
    """Instances whose number follows the load."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("scale_set", "instance_group")

    minimum: Annotated[Whole, Info("Fewest instances", unit="{instance}")] = None
    maximum: Annotated[Whole, Info("Most instances", unit="{instance}")] = None


class ContainerRegistry(CloudResource):
    """A place that keeps container images."""

    is_abstract: ClassVar[bool] = False

    url: Annotated[Text, Info("Where it is reached")] = None


class EncryptionKey(CloudResource):
    """A key that a provider keeps; never its secret part."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("kms_key",)


class CloudRole(CloudResource):
    """Rights that a workload or person may take on."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("iam_role", "service_account")


class VirtualDatacenter(CloudResource):
    """The top folder of a virtualization platform."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("vsphere_datacenter",)


class ResourcePool(CloudResource):
    """A share of a cluster's processors and memory."""

    is_abstract: ClassVar[bool] = False


class VirtualSwitch(CloudResource):
    """A switch inside hypervisors."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("distributed_virtual_switch", "dvs")

    mtu: Annotated[Whole, Info("Largest packet", unit="By")] = None


class PortGroup(CloudResource):
    """Ports of a virtual switch with one configuration."""

    is_abstract: ClassVar[bool] = False

    vlan_id: Annotated[Whole, Info("VLAN that it carries, 1–4094")] = None
