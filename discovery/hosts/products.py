"""What a listening service is: by the name of its process, by its greeting, by its port; strongest first.

Ports: IANA's *Service Name and Transport Protocol Port Number Registry*. Greetings: RFC 4253 §4.2 (SSH), RFC 5321
§4.2 (SMTP), RFC 959 §5.4 (FTP), MySQL's *Protocol::HandshakeV10*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from discovery.hosts.facts import Package, Product


@dataclass(frozen=True, slots=True)
class Known:
    """A server program: its service, its product's name, and a pattern of the packages that carry it."""

    service: str
    product: str
    packages: str


PROCESSES: Mapping[str, Known] = {
    "sshd": Known("ssh", "OpenSSH", r"openssh-server"),
    "nginx": Known("http", "nginx", r"nginx(-core|-light|-full|-extras)?"),
    "apache2": Known("http", "Apache httpd", r"apache2(-bin)?"),
    "httpd": Known("http", "Apache httpd", r"httpd(-core)?|apache2"),
    "lighttpd": Known("http", "lighttpd", r"lighttpd"),
    "caddy": Known("http", "Caddy", r"caddy"),
    "haproxy": Known("http-proxy", "HAProxy", r"haproxy"),
    "gunicorn": Known("http", "Gunicorn", r"gunicorn|python3-gunicorn"),
    "uvicorn": Known("http", "Uvicorn", r"uvicorn|python3-uvicorn"),
    "postgres": Known("postgresql", "PostgreSQL", r"postgresql-\d+|postgresql\d*-server"),
    "mysqld": Known("mysql", "MySQL", r"mysql-server-core[-.\d]*|mysql-community-server(-core)?|mysql-server"),
    "mariadbd": Known("mysql", "MariaDB", r"mariadb-server-core([-.\d]*)|mariadb-server"),
    "redis-server": Known("redis", "Redis", r"redis-server|redis"),
    "valkey-server": Known("redis", "Valkey", r"valkey(-server)?"),
    "memcached": Known("memcached", "Memcached", r"memcached"),
    "mongod": Known("mongodb", "MongoDB", r"mongodb-org-server|mongodb-server-core"),
    "snmpd": Known("snmp", "Net-SNMP", r"snmpd|net-snmp"),
    "smbd": Known("microsoft-ds", "Samba", r"samba"),
    "nmbd": Known("netbios-ns", "Samba", r"samba"),
    "vsftpd": Known("ftp", "vsftpd", r"vsftpd"),
    "proftpd": Known("ftp", "ProFTPD", r"proftpd-core|proftpd-basic|proftpd"),
    "named": Known("domain", "BIND", r"bind9|bind"),
    "dnsmasq": Known("domain", "dnsmasq", r"dnsmasq(-base)?"),
    "unbound": Known("domain", "Unbound", r"unbound"),
    "systemd-resolve": Known("domain", "systemd-resolved", r"systemd-resolved|systemd"),
    "chronyd": Known("ntp", "chrony", r"chrony"),
    "ntpd": Known("ntp", "ntpd", r"ntp|ntpsec"),
    "rpcbind": Known("rpcbind", "rpcbind", r"rpcbind"),
    "cupsd": Known("ipp", "CUPS", r"cups-daemon|cups"),
    "exim4": Known("smtp", "Exim", r"exim4-daemon-(light|heavy)|exim"),
    "master": Known("smtp", "Postfix", r"postfix"),
    "dovecot": Known("imap", "Dovecot", r"dovecot-core|dovecot"),
    "slapd": Known("ldap", "OpenLDAP", r"slapd|openldap-servers"),
    "rabbitmq-server": Known("amqp", "RabbitMQ", r"rabbitmq-server"),
    "etcd": Known("etcd", "etcd", r"etcd-server|etcd"),
    "dockerd": Known("docker", "Docker", r"docker-ce|docker\.io|moby-engine"),
    "containerd": Known("containerd", "containerd", r"containerd(\.io)?"),
    "kubelet": Known("kubelet", "Kubernetes kubelet", r"kubelet"),
    "grafana": Known("http", "Grafana", r"grafana"),
    "prometheus": Known("http", "Prometheus", r"prometheus"),
    "node_exporter": Known("http", "Prometheus Node Exporter", r"prometheus-node-exporter"),
    "zabbix_agentd": Known("zabbix-agent", "Zabbix agent", r"zabbix-agent"),
    "xrdp": Known("ms-wbt-server", "xrdp", r"xrdp"),
    "squid": Known("http-proxy", "Squid", r"squid"),
    "varnishd": Known("http", "Varnish", r"varnish"),
}

PORTS: Mapping[tuple[str, int], str] = {
    ("tcp", 21): "ftp", ("tcp", 22): "ssh", ("tcp", 23): "telnet", ("tcp", 25): "smtp", ("tcp", 53): "domain",
    ("udp", 53): "domain", ("udp", 67): "dhcps", ("udp", 68): "dhcpc", ("udp", 69): "tftp", ("tcp", 80): "http",
    ("tcp", 88): "kerberos", ("tcp", 110): "pop3", ("tcp", 111): "rpcbind", ("udp", 111): "rpcbind", ("udp", 123): "ntp",
    ("tcp", 135): "epmap", ("udp", 137): "netbios-ns", ("udp", 138): "netbios-dgm", ("tcp", 139): "netbios-ssn",
    ("tcp", 143): "imap", ("udp", 161): "snmp", ("udp", 162): "snmptrap", ("tcp", 179): "bgp", ("tcp", 199): "smux",
    ("tcp", 389): "ldap", ("tcp", 443): "https", ("tcp", 445): "microsoft-ds", ("tcp", 465): "submissions",
    ("tcp", 514): "shell", ("udp", 514): "syslog", ("tcp", 587): "submission", ("tcp", 631): "ipp", ("tcp", 636): "ldaps",
    ("tcp", 873): "rsync", ("tcp", 990): "ftps", ("tcp", 993): "imaps", ("tcp", 995): "pop3s", ("tcp", 1433): "ms-sql-s",
    ("tcp", 1521): "oracle", ("tcp", 1883): "mqtt", ("tcp", 2049): "nfs", ("tcp", 2375): "docker", ("tcp", 2376): "docker",
    ("tcp", 2379): "etcd-client", ("tcp", 2380): "etcd-server", ("tcp", 3306): "mysql", ("tcp", 3389): "ms-wbt-server",
    ("tcp", 5353): "mdns", ("udp", 5353): "mdns", ("tcp", 5432): "postgresql", ("tcp", 5671): "amqps", ("tcp", 5672): "amqp",
    ("tcp", 5900): "vnc", ("tcp", 5985): "wsman", ("tcp", 5986): "wsmans", ("tcp", 6379): "redis", ("tcp", 6443): "kubernetes",
    ("tcp", 7474): "neo4j-http", ("tcp", 7687): "bolt", ("tcp", 8080): "http-alt", ("tcp", 8443): "https-alt",
    ("tcp", 9090): "prometheus", ("tcp", 9092): "kafka", ("tcp", 9100): "jetdirect", ("tcp", 9200): "elasticsearch",
    ("tcp", 10050): "zabbix-agent", ("tcp", 10250): "kubelet", ("tcp", 11211): "memcached", ("tcp", 27017): "mongodb",
}  # fmt: skip

_GREETINGS: Sequence[tuple[re.Pattern[bytes], str, str]] = (
    (re.compile(rb"^SSH-[\d.]+-OpenSSH_(?P<version>[^\s]+)"), "ssh", "OpenSSH"),
    (re.compile(rb"^SSH-[\d.]+-dropbear_(?P<version>[^\s]+)"), "ssh", "Dropbear sshd"),
    (re.compile(rb"^SSH-[\d.]+-"), "ssh", ""),
    (re.compile(rb"^220[ -].*\bE?SMTP Postfix"), "smtp", "Postfix"),
    (re.compile(rb"^220[ -].*\bE?SMTP Exim (?P<version>\S+)"), "smtp", "Exim"),
    (re.compile(rb"^220[ -].*\bE?SMTP\b"), "smtp", ""),
    (re.compile(rb"^220[ -]\(vsFTPd (?P<version>[^)\s]+)\)"), "ftp", "vsftpd"),
    (re.compile(rb"^220[ -]ProFTPD (?P<version>[\d.]+\S*)?"), "ftp", "ProFTPD"),
    (re.compile(rb"^220[ -].*\bFTP\b", re.IGNORECASE), "ftp", ""),
    (re.compile(rb"^\* OK .*Dovecot"), "imap", "Dovecot"),
    (re.compile(rb"^\+OK .*Dovecot"), "pop3", "Dovecot"),
    (re.compile(rb"^\* OK "), "imap", ""),
    (re.compile(rb"^\+OK "), "pop3", ""),
    (re.compile(rb"^.\x00\x00\x00\x0a(?:5\.5\.5-)?(?P<version>[\d.]+)-MariaDB", re.DOTALL), "mysql", "MariaDB"),
    (re.compile(rb"^.\x00\x00\x00\x0a(?P<version>\d+\.\d+\.\d+)", re.DOTALL), "mysql", "MySQL"),
    (re.compile(rb"^RFB \d{3}\.\d{3}\n"), "vnc", ""),
    (re.compile(rb"^@RSYNCD: "), "rsync", "rsync"),
    (re.compile(rb"^AMQP"), "amqp", ""),
)


def from_greeting(data: bytes) -> Product | None:
    """What a service's first bytes say, or None for bytes that are no greeting known here."""
    for pattern, service, product in _GREETINGS:
        if match := pattern.match(data):
            version = match.groupdict().get("version")
            text = version.decode("ascii", "replace") if version else None
            return Product(service=service, product=product or None, version=text)
    return None


def product_of(
    protocol: str, port: int, *, process: str | None, packages: Iterable[Package], greeting: Product | None
) -> Product:
    """The best guess from all three; the version from the package that carries the process, else from the greeting."""
    known = PROCESSES.get(_program(process)) if process else None
    service = (
        (greeting.service if greeting else None) or PORTS.get((protocol, port)) or (known.service if known else None)
    )
    if known is None:
        return Product(
            service=service,
            product=greeting.product if greeting else None,
            version=greeting.version if greeting else None,
        )
    pattern = re.compile(known.packages)
    carriers = sorted(
        (package for package in packages if pattern.fullmatch(package.name)),
        key=lambda package: (len(package.name), package.name),
    )
    greeted = greeting.version if greeting and greeting.product == known.product else None
    # several versions of one server side by side: which one runs is not known from its name
    version = upstream_version(carriers[0].version) if len({package.version for package in carriers}) == 1 else greeted
    return Product(service=service, product=known.product, version=version)


def upstream_version(version: str) -> str:
    """The maker's own version: without epoch and without what the distribution adds (deb-version(7), rpm's NEVRA)."""
    bare = re.sub(r"^\d+:", "", version)
    upstream = bare.rpartition("-")[0] or bare
    return re.sub(r"[+~.](dfsg|ds|git|repack)[\w.+~]*$", "", upstream) or upstream


def _program(process: str) -> str:
    """The program of a process title: `gunicorn: master [shop]` is `gunicorn`."""
    return re.split(r"[:\s]", process.strip(), maxsplit=1)[0]
