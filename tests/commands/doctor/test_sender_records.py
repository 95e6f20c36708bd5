"""The records of the sender, asked of a real DNS server: none is asked for a name that nobody can have."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from petition.commands.doctor.finding import Finding
from petition.commands.doctor.sender_records import check_sender_records
from petition.commands.setup.dns_check import make_resolver
from petition.core.settings import Mode, Settings
from tests import dns_server
from tests.dns_server import DnsServer, Zone

NAME = "petition.example"
SPF, DMARC, KEY = (NAME, "TXT"), (f"_dmarc.{NAME}", "TXT"), (f"petition._domainkey.{NAME}", "TXT")
GOOD: Zone = {
    (NAME, "A"): ["192.0.2.1"],
    (NAME, "MX"): [f"10 {NAME}."],
    SPF: ['"v=spf1 ip4:192.0.2.1 -all"'],
    DMARC: ['"v=DMARC1; p=reject"'],
    KEY: ['"v=DKIM1; p=MIIB"'],
}
OK = Finding("records of the sender").state


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    with dns_server.running(dict(GOOD)) as server:
        yield server


async def _check(settings: Settings, dns: DnsServer) -> Finding:
    return await check_sender_records(settings, make_resolver(dns.address))


async def test_good_records_are_good(healthy: Settings, dns: DnsServer) -> None:
    assert (await _check(healthy, dns)).state == OK


@pytest.mark.parametrize(
    ("key", "values", "said"),
    [
        ((NAME, "MX"), [], f"{NAME} MX is missing"),
        ((NAME, "MX"), ["0 ."], "takes no email"),
        (SPF, ['"other"'], f"{NAME} TXT is missing"),
        (SPF, ['"v=spf1 ip4:192.0.2.1"'], "anybody may send"),
        (DMARC, [], f"_dmarc.{NAME} TXT is missing"),
        (DMARC, ['"v=DMARC1; p=none"'], "with this p"),
        (KEY, [], f"petition._domainkey.{NAME} TXT is missing"),
        (KEY, ['"v=DKIM1; p="'], "it has no key"),
        (KEY, ['"v=DKIM1; p=MIIB"', '"v=DKIM1; p=MIIC"'], "there are several"),
    ],
)
async def test_each_fault_is_a_warning(
    key: tuple[str, str], values: list[str], said: str, healthy: Settings, dns: DnsServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("petition.commands.doctor.postfix.is_used", lambda _: True)
    assert (await _check(healthy, dns)).state == OK
    dns.zone[key] = values
    found = await _check(healthy, dns)
    assert (found.state, said in found.warning) == ("warn", True), found
    assert found.why


async def test_the_policy_of_the_parent_holds(healthy: Settings, dns: DnsServer) -> None:
    below = f"links.{NAME}"
    dns.zone |= {(below, "MX"): GOOD[NAME, "MX"], (below, "TXT"): GOOD[SPF]}
    settings = replace(healthy, mail_from=f"Links <links@{below}>")
    assert (await _check(settings, dns)).state == OK
    del dns.zone[DMARC]
    assert "_dmarc" in (await _check(settings, dns)).warning


async def test_a_site_without_a_name_yet_is_asked_nothing_more(healthy: Settings, dns: DnsServer) -> None:
    dns.zone = {}
    assert (await _check(healthy, dns)).state == OK
    dns.is_broken = True
    assert (await _check(healthy, dns)).state == OK


@pytest.mark.parametrize("url", ["https://petition.example", "https://192.0.2.1", "https://localhost"])
async def test_no_server_is_asked_for_what_is_in_no_dns(
    url: str, healthy: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petition.commands.doctor.sender_records.make_resolver", pytest.fail)
    for settings in (replace(healthy, base_url=url), replace(healthy, mode=Mode.DEMO, base_url="https://p.invalid")):
        assert (await check_sender_records(settings)).state == OK
