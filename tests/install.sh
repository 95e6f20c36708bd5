#!/bin/sh
# Installs exactly what a lock names, and shows how far it is: install.sh PYTHON LOCK [OPTION OF PIP …]
set -eu
python=$1 lock=$2
shift 2
printf 'Installing %s packages from %s:' "$(grep -c == "$lock")" "$lock"
{ "$python" -m pip install --disable-pip-version-check --require-hashes "$@" -r "$lock" || echo failed; } | {
    seen=0
    while read -r line; do
        case $line in
        Collecting* | Ignoring* | *"(from -r "*) seen=$((seen + 1)); [ $((seen % 10)) -ne 0 ] || printf ' %s' $seen ;;
        "Installing collected"*) printf ', unpacking' ;;
        failed) echo; exit 1 ;;
        esac
    done
}
echo ", done"
