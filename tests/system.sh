#!/bin/sh
# Installs what the tests need beside Python: Chromium, PostgreSQL's server, nginx, rsync, qpdf, zbar, LibreOffice, poppler, strace, faketime,
# SpamAssassin, Java for the Nu HTML checker, Postfix, OpenDKIM, Prometheus' checkers, and systemd's checker of units. Debian and Ubuntu, as root or with sudo;
# elsewhere it says what is missing. It removes no other package, and leaves no Postfix, OpenDKIM or Prometheus running.
set -eu

missing=""
need() { # need PACKAGE CHECK…
    package=$1; shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}
a_browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
postgresql() { ls /usr/lib/postgresql/*/bin/initdb || command -v initdb; }
need chromium a_browser
need postgresql postgresql
need qpdf command -v qpdf
need zbar-tools command -v zbarimg
need libreoffice-writer-nogui sh -c 'command -v soffice || command -v libreoffice'
need poppler-utils command -v pdftotext
need strace command -v strace
need openssl command -v openssl
need openssh-client command -v ssh-keygen
need faketime sh -c 'ls /usr/lib/*/faketime/libfaketime.so.1'
need nginx ls /usr/sbin/nginx
need rsync command -v rsync
need postfix ls /usr/sbin/postfix
need opendkim ls /usr/sbin/opendkim
need pgbouncer ls /usr/sbin/pgbouncer
need systemd command -v systemd-analyze
need prometheus command -v promtool
need fonts-noto-core sh -c 'fc-list | grep -qi noto'
need spamassassin command -v spamassassin
need default-jre-headless command -v java
need npm command -v npm

percent() { # reads what apt reports, and shows every tenth percent of the download and of the installation
    said=""
    while IFS=: read -r what _ done _; do
        case $what in
        dlstatus) step="downloaded" ;;
        pmstatus) step="installed" ;;
        failed) exit 1 ;;
        *) continue ;;
        esac
        step="$step $((${done%%.*} / 10 * 10)) %"
        [ "$step" = "$said" ] || echo "  $step"
        said=$step
    done
}

install() {
    if ! command -v apt-get >/dev/null; then
        echo "The tests need these programs, please install them:$missing." >&2
        exit 1
    fi
    as_root=""
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "Please install as root:$missing." >&2; exit 1; }
        as_root=sudo
    fi
    export DEBIAN_FRONTEND=noninteractive
    echo "Installing from the distribution:$missing"
    $as_root apt-get update -qq
    # Without settings of its own Postfix does not start, and Debian asks for none.
    echo "postfix postfix/main_mailer_type select No configuration" | $as_root debconf-set-selections
    # shellcheck disable=SC2086
    { $as_root apt-get install -y -qq --no-install-recommends --no-remove -o APT::Status-Fd=1 $missing || echo failed; } | percent
    for service in opendkim prometheus; do
        case "$missing" in *$service*) [ ! -d /run/systemd/system ] || $as_root systemctl disable --quiet --now $service ;; esac
    done
}
[ -z "$missing" ] || install

# The Nu HTML checker, as the W3C uses it: one file of Java, which its authors publish on npm.
CHECKER=26.9.27
HASH=22f15dd39a33bed929d2a5c0cddf5946849a647eca9272bf4d5d00bc7e7a4d47
genuine() { echo "$HASH  $1" | sha256sum --check --status 2>/dev/null; }
if ! genuine .venv/vnu.jar; then
    echo "Fetching the Nu HTML checker $CHECKER from npm"
    folder=$(mktemp -d)
    npm pack --silent --pack-destination "$folder" vnu-jar@$CHECKER >/dev/null
    tar -xzf "$folder/vnu-jar-$CHECKER.tgz" -C "$folder" --strip-components 3 package/build/dist/vnu.jar
    genuine "$folder/vnu.jar" || { echo "vnu-jar $CHECKER from npm is not the file it was." >&2; exit 1; }
    mv "$folder/vnu.jar" .venv/
    rm -r "$folder"
fi
