#!/bin/sh
# Installs the daemons and tools that the tests start: as root from Debian's packages, otherwise names what is missing.
set -eu
here=$(dirname "$0")
packages=$(grep -hv '^#' "$here/packages.txt" "$here/../lab/packages.txt" 2>/dev/null | sort -u | tr '\n' ' ')
missing=""
for package in $packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "not installed, so their tests are skipped:$missing" >&2
    [ "${CI:-}" = true ] && exit 1
    exit 0
fi
# RUNLEVEL=1 keeps packages from starting their daemons
RUNLEVEL=1 timeout 300 apt-get update -qq
# shellcheck disable=SC2086
RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive timeout 900 apt-get install -y -qq --no-install-recommends $missing >/dev/null
