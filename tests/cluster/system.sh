#!/bin/sh
# Installs what tests/cluster needs beside tests/system.sh: Patroni, etcd, HAProxy, PgBouncer, socat. It leaves none running.
set -eu
missing=""
for pair in patroni:patroni etcd-server:etcd haproxy:haproxy pgbouncer:pgbouncer socat:socat iproute2:ip; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${pair#*:}" >/dev/null || missing="$missing ${pair%:*}"
done
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null || { echo "Please install:$missing." >&2; exit 1; }
as_root=""
[ "$(id -u)" -eq 0 ] || as_root=sudo
echo "Installing from the distribution:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends --no-remove $missing >/dev/null
for unit in patroni etcd haproxy pgbouncer; do
    case "$missing" in *$unit*) [ ! -d /run/systemd/system ] || $as_root systemctl disable --quiet --now $unit ;; esac
done
