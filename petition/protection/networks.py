"""Networks: which network a client comes from, and which networks many people share.

The address and its block are used only to make opaque tags (daily_keys.py). They are neither stored nor logged.
"""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, collapse_addresses, ip_address, ip_network
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_ntop

from petition.core import toml_tables
from petition.core.toml_tables import TEXTS, Table

LOCAL_NETWORK = "here"
SHARED_MARK = "*"  # before the tag of a network that very many people share
ONION_NETWORK = "onion"
# tor gives our proxy the number of a circuit as an address in this network (HiddenServiceExportCircuitID in tor(1)).
_CIRCUITS = IPv6Network("fc00:dead:beef:4dad::/64")
# An address in these is that of the onion service or of our own proxy, not of the person who comes through it.
_PRIVATE_NETWORKS = tuple(
    map(
        ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7", "fe80::/10")
    )
)
_IPNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Network:
    """Where a client comes from; `shared` if very many people have this address.

    `address` is one home (/32, /64), `block` its neighbours (/24, /48), `wide` what a provider has many of (/16, /32):
    one customer of a provider may have 65,536 blocks of IPv6. For a visitor of the onion service `address` is its
    circuit, and the others are all circuits, which many people share.
    """

    address: str
    block: str
    wide: str
    shared: bool
    is_circuit: bool = False


class Networks:
    """The networks that many people share, from data/networks.toml. Raises DataError if the file cannot be used."""

    def __init__(self, file: Path) -> None:
        listed = toml_tables.load(file).tables("shared", needed=False)
        shared = [*_PRIVATE_NETWORKS, *(network for entry in listed for network in _read_networks(entry))]
        self._shared = {
            4: _bounds(collapse_addresses(n for n in shared if isinstance(n, IPv4Network))),
            6: _bounds(collapse_addresses(n for n in shared if isinstance(n, IPv6Network))),
        }

    def find_network(self, host: str | None) -> Network:
        """`host` is the client's address behind trusted proxies. If it is none, the network is LOCAL_NETWORK."""
        ip = _parse_ip(host or "")
        if ip is None or ip.is_loopback:
            return Network(LOCAL_NETWORK, LOCAL_NETWORK, LOCAL_NETWORK, shared=True)
        if ip in _CIRCUITS:
            return Network(str(ip), ONION_NETWORK, ONION_NETWORK, shared=True, is_circuit=True)
        number = int(ip)
        shared = bisect(self._shared[ip.version], number) % 2 == 1
        lengths = (32, 24, 16) if ip.version == 4 else (64, 48, 32)
        address, block, wide = (_prefix_of(ip, number, length) for length in lengths)
        return Network(address, block, wide, shared)


def is_circuit(host: str) -> bool:
    """Whether this is the address of a circuit. It counts only if our proxy at the onion address says so."""
    ip = _parse_ip(host) if ":" in host else None
    return ip is not None and ip in _CIRCUITS


def _prefix_of(ip: IPv4Address | IPv6Address, number: int, length: int) -> str:
    """The network with a prefix of this length that contains the address."""
    host_bits, family = ip.max_prefixlen - length, AF_INET if ip.version == 4 else AF_INET6
    return f"{inet_ntop(family, (number >> host_bits << host_bits).to_bytes(ip.max_prefixlen // 8, 'big'))}/{length}"


def _bounds(merged: Iterator[_IPNetwork]) -> list[int]:
    """Where each network begins and the next address after it, in order: a number inside has an odd place there."""
    return [bound for network in merged for bound in (int(network[0]), int(network[-1]) + 1)]


def _parse_ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        ip = ip_address(host.strip("[]").partition("%")[0])  # without a zone (RFC 4007, 11)
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None  # RFC 4291, 2.5.5.2
    return mapped or ip


def _read_networks(entry: Table) -> Iterator[_IPNetwork]:
    entry.text("why"), entry.text("source")
    for text in entry.read("networks", TEXTS):
        try:
            yield ip_network(text)
        except ValueError as error:
            raise entry.fault(str(error)) from None
