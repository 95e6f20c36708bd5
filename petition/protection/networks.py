"""Networks: which one a client comes from, and which of them many people share. What an address says goes no further.

The address and its block are used to make opaque keys (daykeys.py) and are neither stored nor logged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path

from petition.core import toml_tables
from petition.core.toml_tables import TEXTS, Table

HERE = "here"
# What an address out of these tells is where the onion service or a proxy of ours stands, not who comes through it.
_INSIDE = tuple(
    map(
        ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7", "fe80::/10")
    )
)
_Listed = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Network:
    """Where a client comes from: an address or home (/32, /64), the block it lies in (/24, /48); many people or few."""

    address: str
    block: str
    shared: bool


class Networks:
    """The networks that many people share: data/networks.toml. Raises DataError for a file that cannot be used."""

    def __init__(self, file: Path) -> None:
        listed = toml_tables.load(file).tables("shared", needed=False)
        shared = (*_INSIDE, *(network for entry in listed for network in _networks(entry)))
        # As numbers: every signature is looked for in all of them.
        self._shared = [(one.version, int(one[0]), int(one[-1])) for one in shared]

    def of(self, host: str | None) -> Network:
        """The network of a client, by the address it has behind trusted proxies. Whatever is none is one of our own."""
        found = _address(host or "")
        if found is None or found.is_loopback:
            return Network(HERE, HERE, shared=True)
        n = int(found)
        shared = any(version == found.version and first <= n <= last for version, first, last in self._shared)
        lengths = (32, 24) if found.version == 4 else (64, 48)
        address, block = (_within(found, n, length) for length in lengths)
        return Network(address, block, shared)


def _within(found: IPv4Address | IPv6Address, n: int, length: int) -> str:
    """The network of this length that an address lies in."""
    rest = found.max_prefixlen - length
    return f"{type(found)(n >> rest << rest)}/{length}"


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(host.strip("[]").partition("%")[0])  # without a zone (RFC 4007, 11)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None  # RFC 4291, 2.5.5.2
    return mapped or found


def _networks(entry: Table) -> Iterator[_Listed]:
    entry.text("why"), entry.text("source")
    for text in entry.read("networks", TEXTS):
        try:
            yield ip_network(text)
        except ValueError as error:
            raise entry.fault(str(error)) from None
