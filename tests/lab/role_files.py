"""What each role of a host adds: the settings and units of its service, and the units that no lab host runs."""

from __future__ import annotations

from dataclasses import dataclass, field

UNITS_OFF = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "console-getty.service",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "fusioninventory-agent.service",
    "getty.target",
    "logrotate.timer",
    "nmbd.service",
    "rsyslog.service",
    "samba-ad-dc.service",
    "systemd-journal-flush.service",
    "systemd-logind.service",
    "systemd-networkd.service",
    "systemd-remount-fs.service",
    "systemd-resolved.service",
    "systemd-sysctl.service",
    "systemd-timesyncd.service",
    "systemd-tmpfiles-clean.timer",
    "systemd-udevd.service",
    "systemd-update-utmp-runlevel.service",
    "systemd-update-utmp.service",
)

_NGINX = """\
upstream app { server app01:8080; keepalive 4; keepalive_timeout 1h; }
server {
  listen 80 default_server;
  server_name shop.lab.test;
  location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }
}
"""
# gunicorn's default of 2 s would close the connection from web01, and with it the dependency that a scan can see
_SHOP_UNIT = """\
[Unit]
Description=Shop web application
After=network.target
[Service]
User=www-data
WorkingDirectory=/opt/lab
ExecStart=/usr/bin/gunicorn --name shop -w 1 -k gthread --threads 8 --keep-alive 3600 -b 0.0.0.0:8080 shop:app
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
"""
_DATABASE_UNIT = """\
[Unit]
Description=Create the shop database
After=postgresql@15-main.service
Requires=postgresql@15-main.service
[Service]
Type=oneshot
User=postgres
ExecStart=/opt/lab/initdb.sh
[Install]
WantedBy=multi-user.target
"""
_REDIS = """\
bind 0.0.0.0
port 6379
protected-mode no
daemonize no
supervised no
save ""
dir /var/lib/redis
"""
# the unit's sandbox asks for namespaces that a node may not make
_REDIS_UNIT = """\
[Service]
Type=simple
ExecStart=
ExecStart=/usr/bin/redis-server /etc/redis/redis.conf
PrivateUsers=no
ProtectSystem=no
ReadWritePaths=
ReadOnlyPaths=
NoExecPaths=
ExecPaths=
PrivateDevices=no
ProtectHome=no
PrivateTmp=no
"""


@dataclass(frozen=True, slots=True)
class RoleFiles:
    """Text by absolute path, and the units to enable."""

    texts: dict[str, str] = field(default_factory=dict)
    enabled: tuple[str, ...] = ()


_ROLES = {
    "web": RoleFiles({"/etc/nginx/sites-enabled/default": _NGINX}),
    "app": RoleFiles({"/etc/systemd/system/shop.service": _SHOP_UNIT}, ("shop.service",)),
    "db": RoleFiles(
        {
            "/etc/postgresql/15/main/conf.d/lab.conf": "listen_addresses = '*'\nfsync = off\n",
            "/etc/systemd/system/labdb.service": _DATABASE_UNIT,
        },
        ("labdb.service",),
    ),
    "cache": RoleFiles(
        {
            "/etc/redis/redis.conf": _REDIS,
            "/etc/systemd/system/redis-server.service.d/lab.conf": _REDIS_UNIT,
        }
    ),
}


def role_files(role: str | None) -> RoleFiles:
    """What the role adds; nothing for a role that runs on its packages' own settings."""
    return _ROLES.get(role or "", RoleFiles())
