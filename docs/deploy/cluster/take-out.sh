#!/bin/sh
# On the front machine: take-out.sh app1 COMMAND… – no new request goes to app1, its last ones are answered, COMMAND runs
# (a restart, an upgrade), and app1 gets requests again when it is ready. Without draining first some visitors are refused.
set -eu
machine=$1; shift
socket=${HAPROXY_SOCKET:-/run/haproxy/admin.sock}
tell() { echo "$1" | socat stdio "unix-connect:$socket"; }
field() { tell "show stat" | awk -F, -v name="$machine" -v n="$1" '$1 == "app" && $2 == name { print $n }'; }
[ -n "$(field 2)" ] || { echo "HAProxy has no server $machine." >&2; exit 1; }
tell "set server app/$machine state drain" >/dev/null
n=0
until [ "$(field 5)" = 0 ]; do  # requests in progress
    n=$((n + 1)); [ $n -lt 120 ] || { echo "$machine still answers requests after two minutes." >&2; exit 1; }
    sleep 1
done
"$@"
sleep 3  # until HAProxy has seen a machine that is away
n=0
until case "$(field 37)" in *L7OK*) true ;; *) false ;; esac; do  # its last check
    n=$((n + 1)); [ $n -lt 120 ] || { echo "$machine is not ready after two minutes: look before you take out the next." >&2; exit 1; }
    sleep 1
done
tell "set server app/$machine state ready" >/dev/null
