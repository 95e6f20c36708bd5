"""Checks the public address and whom we trust on the way to it."""

from ipaddress import ip_network

from petition.commands.doctor.finding import Finding
from petition.core.settings import Settings

_MAX_OPEN_BITS = 8  # bits of an address: a /24 at most


def check_base_url(settings: Settings) -> Finding:
    is_plain_http = not settings.demo and not settings.secure
    return Finding(
        "public address", "PETITION_BASE_URL is not https: links would travel in the clear" if is_plain_http else ""
    )


def check_proxies(settings: Settings) -> Finding:
    """A trusted proxy can name any address as the client, and the rate limits believe it."""
    open_bits = {text: _count_open_bits(text) for text in settings.trusted_proxies}
    if invalid := [text for text, width in open_bits.items() if width is None]:
        return Finding(
            "trusted proxies", f"{', '.join(invalid)} in PETITION_TRUSTED_PROXIES is no address and no network"
        )
    too_wide = [text for text, width in open_bits.items() if width is not None and width > _MAX_OPEN_BITS]
    return Finding(
        "trusted proxies", f"PETITION_TRUSTED_PROXIES trusts too many: {', '.join(too_wide)}" if too_wide else ""
    )


def check_missing_proxies(settings: Settings) -> Finding:
    """Petition speaks no TLS: a public address with https has a proxy before it."""
    is_forgotten = not settings.demo and settings.secure and not settings.trusted_proxies
    return Finding(
        "proxy before the site",
        "PETITION_TRUSTED_PROXIES is empty" if is_forgotten else "",
        why="everybody seems to come from the proxy and shares its limits: after some forms all must wait",
        command="set PETITION_TRUSTED_PROXIES=127.0.0.1 (the address of nginx), then systemctl restart petition",
    )


def check_metrics_token(settings: Settings) -> Finding:
    """Without a token only this machine may read /metrics, and nothing that came through a proxy."""
    is_closed = not settings.demo and settings.secure and not settings.metrics_token
    return Finding(
        "metrics",
        warning="PETITION_METRICS_TOKEN is empty" if is_closed else "",
        why="a monitor on another machine sees nothing: no age of the backup, no relay in trouble",
        command="openssl rand -hex 24 > /etc/petition/secrets/metrics_token && systemctl restart petition",
    )


def _count_open_bits(text: str) -> int | None:
    """How many bits of an address a network leaves open; None if it is no network.

    In IPv6 the last 64 bits and 8 more do not count: one machine may have them.
    """
    if text == "*":
        return 32
    try:
        network = ip_network(text)
    except ValueError:
        return None
    open_ = network.max_prefixlen - network.prefixlen
    return open_ if network.version == 4 else max(0, open_ - 56)
