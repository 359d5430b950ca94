"""What the SSH scanner asks of a host: one POSIX shell script, read from standard input, that writes nothing there.

Every section begins with a line `MARK name` and ends with a line `MARK name = STATUS`, where MARK is random, so that no
content can pass for one. Commands run in the C locale, from the system's own folders, each for at most 20 seconds.
"""

from __future__ import annotations

import re

from discovery.hosts.packages import DPKG_FORMAT, RPM_FORMAT
from discovery.hosts.units import SHOW_ARGUMENTS

COMMAND = "exec sh -s"
"""Works in every login shell; the script itself comes by standard input."""
LAST_SECTION = "end"
_MARK = re.compile(r"^[0-9a-zA-Z]{16,}$")

_TEMPLATE = r"""
LC_ALL=C; LANG=C; LANGUAGE=C; PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL LANG LANGUAGE PATH
mark=@MARK@
sudo=@SUDO@
has() { command -v "$1" >/dev/null 2>&1; }
limit() { if has timeout; then timeout 20 "$@"; else "$@"; fi; }
root() { if [ "$sudo" = yes ] && has sudo; then limit sudo -n "$@" || limit "$@"; else limit "$@"; fi; }
part() { printf '\n%s %s\n' "$mark" "$1"; name=$1; shift; "$@"; printf '\n%s %s = %s\n' "$mark" "$name" "$?"; }

names() { uname -n; uname -s; uname -r; uname -m; }
release() { cat /etc/os-release || cat /usr/lib/os-release; }
identity() { cat /etc/machine-id || cat /var/lib/dbus/machine-id; }
dmi() {
  cd /sys/class/dmi/id || return
  root grep -s '' sys_vendor product_name product_version product_serial product_uuid board_vendor board_serial \
    chassis_serial chassis_type chassis_asset_tag bios_vendor bios_version
}
traces() {
  echo "container:$(cat /run/systemd/container || { [ -f /.dockerenv ] && echo docker; } || { [ -f /run/.containerenv ] && echo podman; })"
  echo "second:$(cat /proc/2/comm)"
  sed 's/^/init:/' /proc/1/cgroup
  grep -E -m 2 '^(model name|flags)' /proc/cpuinfo
  echo "processors:$(getconf _NPROCESSORS_ONLN)"
  grep -E '^MemTotal:' /proc/meminfo
  echo "forward:$(cat /proc/sys/net/ipv4/ip_forward)"
  echo "ports:$(cat /proc/sys/net/ipv4/ip_local_port_range)"
}
addresses() { limit ip -json -details address; }
speeds() { grep -s '' /sys/class/net/*/speed /sys/class/net/*/type; for kind in /sys/class/net/*/wireless /sys/class/net/*/brport; do echo "$kind:"; done; }
sizes() { limit df -klP || limit df -kP; }
processes() { cd /proc && grep -s -E '^(Name|Uid):' [0-9]*/status; }
units_of_processes() { cd /proc && grep -s -E ':(name=systemd)?:/' [0-9]*/cgroup; }

main() {
  part names names
  part release release
  part identity identity
  part hosts head -c 65536 /etc/hosts
  part traces traces
  part dmi dmi
  if has dmidecode; then part dmidecode root dmidecode -t 0,1,2,3; fi
  part keys cat /etc/ssh/ssh_host_*_key.pub
  if has ip; then
    part addresses addresses
    part addresses-text limit ip address
  else
    part ifconfig limit ifconfig -a
  fi
  part speeds speeds
  part mounts cat /proc/self/mounts
  part sizes sizes
  if has dpkg-query; then part dpkg limit dpkg-query -W -f='@DPKG@'; fi
  if has rpm; then part rpm limit rpm -qa --qf '@RPM@'; fi
  if [ -f /lib/apk/db/installed ]; then part apk cat /lib/apk/db/installed; fi
  if [ -d /run/systemd/system ]; then part units limit systemctl @UNITS@; fi
  part users cat /etc/passwd
  part processes processes
  part cgroups units_of_processes
  if has ss; then
    part sockets root ss -lntup
    part connections root ss -tunp
  elif [ -r /proc/net/tcp ]; then
    part tcp cat /proc/net/tcp
    part tcp6 cat /proc/net/tcp6
    part udp cat /proc/net/udp
    part udp6 cat /proc/net/udp6
    part descriptors root sh -c 'ls -l /proc/[0-9]*/fd'
  else
    part netstat limit netstat -an
  fi
  printf '\n%s @LAST@\n' "$mark"
  printf '\n%s @LAST@ = 0\n' "$mark"
}
main </dev/null 2>/dev/null
"""


def script(*, mark: str, may_sudo: bool) -> str:
    """The script with this mark (at least 16 letters and digits, random); with `may_sudo` it asks root by `sudo -n` first."""
    if not _MARK.match(mark):
        raise ValueError("a mark is at least 16 letters and digits")
    values = {
        "MARK": mark,
        "SUDO": "yes" if may_sudo else "no",
        "DPKG": DPKG_FORMAT,
        "RPM": RPM_FORMAT,
        "UNITS": " ".join(f"'{argument}'" for argument in SHOW_ARGUMENTS),
        "LAST": LAST_SECTION,
    }
    return re.sub(r"@([A-Z]+)@", lambda match: values[match.group(1)], _TEMPLATE)
