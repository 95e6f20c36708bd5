"""The network of a client: two blocks of each address, in any form, and which of them many people share."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.campaign.appeal import SHIPPED_DATA
from petition.core.errors import DataError
from petition.protection.networks import LOCAL_NETWORK, ONION_NETWORK, Network, Networks, is_circuit

SHIPPED_FILE = SHIPPED_DATA / "networks.toml"
NETWORKS = Networks(SHIPPED_FILE)


@pytest.mark.parametrize(
    ("host", "address", "block", "wide"),
    [
        ("203.0.113.7", "203.0.113.7/32", "203.0.113.0/24", "203.0.0.0/16"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48", "2001:db8::/32"),
        ("2001:DB8:0001:0002::1", "2001:db8:1:2::/64", "2001:db8:1::/48", "2001:db8::/32"),
        ("[2001:db8::1]", "2001:db8::/64", "2001:db8::/48", "2001:db8::/32"),
        ("::ffff:203.0.113.7", "203.0.113.7/32", "203.0.113.0/24", "203.0.0.0/16"),
        ("::ffff:cb00:7107", "203.0.113.7/32", "203.0.113.0/24", "203.0.0.0/16"),
    ],
)
def test_an_address_has_three_networks(host: str, address: str, block: str, wide: str) -> None:
    assert NETWORKS.find_network(host) == Network(address, block, wide, shared=False)


@pytest.mark.parametrize("host", [None, "", "127.0.0.1", "::1", "::ffff:127.0.0.1", "unix:", "testclient", "1.2.3"])
def test_what_is_no_address_of_a_visitor_is_one_shared_network(host: str | None) -> None:
    assert NETWORKS.find_network(host) == Network(LOCAL_NETWORK, LOCAL_NETWORK, LOCAL_NETWORK, shared=True)


@pytest.mark.parametrize("host", ["10.1.2.3", "172.17.0.1", "192.168.1.1", "fd00::1", "fe80::1%eth0"])
def test_an_address_of_our_own_network_is_shared(host: str) -> None:
    assert NETWORKS.find_network(host).shared


@given(st.integers(0, 2**64 - 1))
def test_each_circuit_of_the_onion_service_is_a_network_of_its_own(number: int) -> None:
    ip = IPv6Address(int(IPv6Address("fc00:dead:beef:4dad::")) + number)
    for text in (str(ip), ip.exploded, str(ip).upper(), f"[{ip}]"):
        assert NETWORKS.find_network(text) == Network(
            str(ip), ONION_NETWORK, ONION_NETWORK, shared=True, is_circuit=True
        )
        assert is_circuit(text)


@given(st.ip_addresses() | st.sampled_from(["fc00:dead:beef:4dac:ffff::", "fc00:dead:beef:4dae::"]))
def test_no_other_address_is_a_circuit(ip: IPv4Address | IPv6Address | str) -> None:
    assert not is_circuit(str(ip))
    assert not NETWORKS.find_network(str(ip)).is_circuit


@given(st.ip_addresses())
def test_every_spelling_of_an_address_is_in_the_same_networks(ip: IPv4Address | IPv6Address) -> None:
    spellings = [str(ip), ip.exploded, str(ip).upper(), f"[{ip}]"]
    if isinstance(ip, IPv4Address):
        spellings += [f"::ffff:{ip}", f"::FFFF:{int(ip) >> 16:x}:{int(ip) & 0xFFFF:x}"]
    (network,) = {NETWORKS.find_network(text) for text in spellings}
    if network.address != LOCAL_NETWORK:
        plain = getattr(ip, "ipv4_mapped", None) or ip
        assert plain in ip_network(network.address)
        assert ip_network(network.address).subnet_of(ip_network(network.block))  # type: ignore[arg-type]  # both of one family
        assert ip_network(network.block).subnet_of(ip_network(network.wide))  # type: ignore[arg-type]  # both of one family


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    network = NETWORKS.find_network(text)
    assert network.address == LOCAL_NETWORK or ip_address(network.address.partition("/")[0]) in ip_network(
        network.block
    )


def _file(folder: Path, text: str) -> Path:
    file = folder / "networks.toml"
    file.write_text(text, "utf-8")
    return file


def test_a_campaign_lists_networks_that_many_people_share(tmp_path: Path) -> None:
    text = '[[shared]]\nnetworks = ["198.51.100.0/25", "2001:db8::/32"]\nwhy = "a provider"\nsource = "https://example.org"\n'
    networks = Networks(_file(tmp_path, text))
    assert [networks.find_network(host).shared for host in ("198.51.100.1", "198.51.100.200", "2001:db8:7::1")] == [
        True,
        False,
        True,
    ]


def _entry(**changed: str | None) -> str:
    values = {"networks": '["198.51.100.0/24"]', "why": '"x"', "source": '"y"'} | changed
    return "[[shared]]\n" + "".join(f"{name} = {value}\n" for name, value in values.items() if value)


WRONG = {
    "[[shared]": "networks.toml is not TOML",
    'shared = "all"': "networks.toml: shared is not a list of tables.",
    _entry(source=None): "networks.toml, shared 1 lacks source, a text.",
    _entry(why='" "'): "networks.toml, shared 1: why is empty.",
    _entry(networks=None): "networks.toml, shared 1 lacks networks, a list of texts.",
    _entry(networks="[7]"): "networks.toml, shared 1: networks is not a list of texts.",
    _entry(networks='["198.51.100.1/24"]'): "networks.toml, shared 1: 198.51.100.1/24 has host bits set.",
    _entry(networks='["here"]'): "networks.toml, shared 1: 'here' does not appear to be an IPv4 or IPv6 network.",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_file_that_cannot_be_used_is_named(text: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"^{re.escape(WRONG[text])}"):
        Networks(_file(tmp_path, text))
