"""Kubernetes objects; they are identified by their uid, else by name within cluster and namespace."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cmdb.classes.devices import Host
from cmdb.classes.item import RECOMMENDED, ConfigurationItem, Text, Texts, Whole
from cmdb.classes.software import Cluster
from cmdb.classes.spec import Format, Info


class KubernetesCluster(Cluster):
    """A Kubernetes cluster."""

    layer: ClassVar[str] = "Kubernetes"
    aliases: ClassVar[tuple[str, ...]] = ("k8s_cluster",)

    distribution: Annotated[Text, Info("kubeadm, EKS, OpenShift …")] = None
    url: Annotated[Text, Info("Where its API is reached")] = None


class KubernetesNode(Host):
    """A machine that is a node of a cluster."""

    layer: ClassVar[str] = "Kubernetes"
    aliases: ClassVar[tuple[str, ...]] = ("k8s_node",)

    cluster: Annotated[Text, Info("Cluster that it is a node of")] = None
    provider_id: Annotated[Text, Info("Id of the machine at its provider")] = None
    kubelet_version: Annotated[Text, Info("Version of the kubelet")] = None
    container_runtime: Annotated[Text, Info("Container engine with its version")] = None
    pod_cidr: Annotated[Text, Info("Range of its pods' addresses", format=Format.CIDR)] = None


class KubernetesObject(ConfigurationItem):
    """An object that a cluster keeps."""

    layer: ClassVar[str] = "Kubernetes"

    cluster: Annotated[Text, Info("Cluster that keeps it", weight=RECOMMENDED)] = None
    namespace: Annotated[Text, Info("Namespace that it is in")] = None
    uid: Annotated[Text, Info("Id that the cluster gave it")] = None
    labels: Annotated[Texts, Info("Its labels, key=value")] = None


class KubernetesNamespace(KubernetesObject):
    """A part of a cluster with its own names."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("namespace", "k8s_namespace")


class KubernetesWorkload(KubernetesObject):
    """Something that keeps pods running."""

    replicas: Annotated[Whole, Info("Pods that are asked for", unit="{pod}")] = None
    images: Annotated[Texts, Info("Images of its containers")] = None


class KubernetesDeployment(KubernetesWorkload):
    """Keeps a number of equal pods running."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("deployment", "k8s_deployment")


class KubernetesStatefulSet(KubernetesWorkload):
    """Keeps a number of pods running that have names and volumes of their own."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("stateful_set", "k8s_stateful_set")


class KubernetesDaemonSet(KubernetesWorkload):
    """Keeps one pod running on every node."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("daemon_set", "k8s_daemon_set")


class KubernetesReplicaSet(KubernetesWorkload):
    """Keeps pods of one version of a deployment running."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("replica_set", "k8s_replica_set")


class KubernetesJob(KubernetesWorkload):
    """Runs pods until they succeed."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("k8s_job",)


class KubernetesCronJob(KubernetesWorkload):
    """Starts jobs at set times."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("cron_job", "k8s_cron_job")

    schedule: Annotated[Text, Info("When it starts, five fields")] = None


class KubernetesPod(KubernetesObject):
    """Containers that run together on one node."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("pod", "k8s_pod")

    ip_addresses: Annotated[Texts, Info("Its addresses", format=Format.IP)] = None
    images: Annotated[Texts, Info("Images of its containers")] = None


class KubernetesService(KubernetesObject):
    """A stable address in front of pods."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("k8s_service",)

    service_type: Annotated[Text, Info("ClusterIP, NodePort, LoadBalancer")] = None
    ip_addresses: Annotated[Texts, Info("Its addresses", format=Format.IP)] = None
    ports: Annotated[Texts, Info("Its ports, number/protocol")] = None


class KubernetesIngress(KubernetesObject):
    """A way in from outside, by host name and path."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("ingress", "k8s_ingress")

    hosts: Annotated[Texts, Info("Names that it answers to", format=Format.FQDN)] = None


class KubernetesConfigMap(KubernetesObject):
    """Configuration that pods read."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("config_map", "k8s_config_map")


class KubernetesPersistentVolume(KubernetesObject):
    """A volume that outlives pods."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("persistent_volume", "k8s_persistent_volume")

    size_bytes: Annotated[Whole, Info("Size", unit="By")] = None
    storage_class: Annotated[Text, Info("Storage class")] = None


class KubernetesPersistentVolumeClaim(KubernetesObject):
    """A request for a volume."""

    is_abstract: ClassVar[bool] = False
    aliases: ClassVar[tuple[str, ...]] = ("persistent_volume_claim", "k8s_persistent_volume_claim", "pvc")

    size_bytes: Annotated[Whole, Info("Size that is asked for", unit="By")] = None
