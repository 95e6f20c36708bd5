"""The doctor: what it calls ok, what it warns of, what must be fixed. The rest is in test_operations.py."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.commands import doctor
from petition.commands.doctor import Finding, campaign_texts, database, keys, machine, mail_server, public_address
from petition.core.settings import Mode, Settings
from petition.mail.backoff import ProviderBackoff
from petition.mail.breaker import Breaker
from petition.mail.relay_watch import RelayWatch
from petition.mail.replies import Phase, Reply, Verdict
from petition.site import open_site
from tests.conftest import Clock, make_settings
from tests.project.nginx import copy_debians_conf
from tests.relay import Relay
from tests.shell import Shell
from tests.web.tools import campaign

NEAR = "smtp://127.0.0.1:1?tls=no"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Production as the handbook wants it, but without a database and a relay."""
    return _settings(tmp_path)


def _settings(folder: Path, **other: Any) -> Settings:
    defaults: dict[str, Any] = {
        "mode": Mode.PRODUCTION,
        "base_url": "https://petition.example",
        "outbox_keys": folder / "keys",
    }
    return replace(make_settings(f"sqlite:///{folder / 'data' / 'petition.db'}", folder, NEAR, **defaults), **other)


async def _findings(settings: Settings) -> dict[str, Finding]:
    return {finding.subject: finding async for finding in doctor.check_installation(settings)}


async def test_a_good_installation_is_ok(settings: Settings) -> None:
    findings = await _findings(settings)
    names = ("public address", "trusted proxies", "keys apart from data", "owner of the mail server", "outbox keys")
    assert [findings[name] for name in names] == [Finding(name) for name in names]


async def test_a_public_address_without_https_is_to_be_fixed(tmp_path: Path) -> None:
    findings = await _findings(_settings(tmp_path, base_url="http://127.0.0.1:8000"))
    assert "PETITION_BASE_URL is not https" in findings["public address"].fix


NOBODY, NO_ADDRESS = "", "no address"


@pytest.mark.parametrize(
    ("proxies", "complaint"),
    [
        ("", NOBODY),
        ("127.0.0.1,::1", NOBODY),
        ("10.1.2.0/24", NOBODY),
        ("2001:db8::/64", NOBODY),
        ("*", "trusts too many: *"),
        ("127.0.0.1,0.0.0.0/0", "trusts too many: 0.0.0.0/0"),
        ("10.0.0.0/23", "trusts too many: 10.0.0.0/23"),
        ("::/0", "trusts too many: ::/0"),
        ("2001:db8::/48", "trusts too many: 2001:db8::/48"),
        ("10.1.2.3/24", NO_ADDRESS),
        ("proxy.example", NO_ADDRESS),
    ],
)
async def test_trust_in_proxies_is_narrow(proxies: str, complaint: str, tmp_path: Path) -> None:
    trusted = tuple(filter(None, proxies.split(",")))
    finding = (await _findings(_settings(tmp_path, trusted_proxies=trusted)))["trusted proxies"]
    assert complaint in finding.fix
    assert bool(finding.fix) == bool(complaint)


@examples(deadline=None)
@given(st.text() | st.builds("{}/{}".format, st.ip_addresses(), st.integers(-1, 130)) | st.ip_addresses().map(str))
def test_whatever_is_trusted_has_a_width_or_is_no_address(text: str) -> None:
    width = public_address._count_open_bits(text)
    assert width is None or 0 <= width <= 72
    assert width == 0 or "/" in text or text == "*" or width is None


@pytest.mark.parametrize(
    ("database", "key", "beside"),
    [
        ("data/petition.db", "keys", False),
        ("data/petition.db", "data", True),
        ("data/petition.db", "data/keys", True),
        ("data/petition.db", "data/a/b/keys", True),
        ("data/petition.db", "data-keys", False),
        ("data/petition.db", "var/keys", True),
        ("postgresql", "keys", False),
        ("postgresql", "var/keys", True),
        ("postgresql", "postgres/keys", True),
        ("postgresql", "postgres/base/1/keys", True),
    ],
)
async def test_keys_lie_apart_from_the_data(database: str, key: str, beside: bool, tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    url = "postgresql://127.0.0.1:1/petition" if database == "postgresql" else f"sqlite:///{tmp_path / database}"
    for setting in ("outbox_keys", "email_key_file"):
        values = {"outbox_keys": tmp_path / "keys", "database_url": url} | {setting: tmp_path / key}
        finding = keys.check_keys_apart(_settings(tmp_path, **values))
        assert bool(finding.fix) == beside, setting


async def test_a_campaign_without_a_key_for_reports_is_warned_of(tmp_path: Path) -> None:
    folder = campaign(tmp_path / "without")
    assert "organiser.encryption" in (await _findings(_settings(tmp_path, campaign=folder)))["campaign"].warning
    folder = campaign(tmp_path / "with", contact='"help@example.org"\nencryption = "https://example.org/key.asc"')
    assert (await _findings(_settings(tmp_path, campaign=folder)))["campaign"] == Finding("campaign")


async def test_a_definition_is_asked_for_until_somebody_stands_by_it(tmp_path: Path) -> None:
    file = campaign(tmp_path / "campaign") / "campaign.toml"
    settings = _settings(tmp_path, campaign=file.parent)
    asked = ["prisoners", "release", "goods", "met"]
    while asked:
        warning = campaign_texts.check_demand(settings).warning
        assert re.findall(r"(\w+) \(“", warning) == asked
        head = f"[demand.{asked.pop()}]\n"
        file.write_text(file.read_text("utf-8").replace(head, f'{head}confirmed = "Anna N., 2026-12-01"\n'), "utf-8")
    assert campaign_texts.check_demand(settings) == Finding("words of the demand")


@pytest.mark.parametrize(
    ("text", "enough"),
    [
        ("events {\n\tworker_connections 768;\n}", False),
        ("worker_rlimit_nofile 65536;\nevents { worker_connections 768; }", False),
        ("worker_rlimit_nofile 65536;\nevents {\n  # worker_connections 16384;\n  worker_connections 768;\n}", False),
        ("events {\n  worker_connections 16384;\n}", False),
        ("worker_rlimit_nofile 16384;\nevents {\n  worker_connections 16384;\n}", False),
        ("worker_rlimit_nofile 65536;\nevents {\n  worker_connections  16384 ;\n}", True),
    ],
)
def test_an_nginx_that_one_visitor_can_use_up_is_warned_of(text: str, enough: bool, tmp_path: Path) -> None:
    file = tmp_path / "nginx.conf"
    file.write_text(text)
    assert ("as in the handbook" in machine.check_nginx(_settings(tmp_path), file).warning) != enough
    assert machine.check_nginx(_settings(tmp_path, mode=Mode.DEMO), file).warning == ""
    assert machine.check_nginx(_settings(tmp_path), tmp_path / "none").warning == ""


def test_debians_nginx_is_warned_of_until_the_handbook_was_followed(tmp_path: Path) -> None:
    file = tmp_path / "nginx.conf"
    copy_debians_conf(file)
    assert machine.check_nginx(_settings(tmp_path), file).warning == ""


@pytest.mark.parametrize(
    ("url", "own"),
    [
        (NEAR, True),
        ("smtp://[::1]:25?tls=no", True),
        ("smtp://u:p@10.0.0.7", True),
        ("smtp://u:p@mail", True),
        ("smtps://petition.example", True),
        ("smtps://MAIL.petition.example", True),
        ("smtps://mail.sign.example.org", True),
        ("smtps://mail.example.org", True),
        ("smtps://u:p@smtp.relay.example", False),
        ("smtps://notpetition.example", False),
        ("smtps://petition.example.relay.example", False),
        ("smtps://u:p@203.0.113.7.relay.example", False),
        ("smtps://u:p@8.8.8.8", False),
    ],
)
def test_a_relay_of_somebody_else_is_warned_of(url: str, own: bool, tmp_path: Path) -> None:
    base = "https://sign.example.org" if "example.org" in url else "https://www.petition.example"
    for sender in ("links@example.org", "Links <links@relay.example>"):
        settings = _settings(tmp_path, smtp_urls=(url,), base_url=base, mail_from=sender)
        warning = mail_server.strange_owner(settings)
        if url == "smtps://mail.example.org" and "relay" in sender:
            assert warning, "nothing says that this domain is ours"
        else:
            assert bool(warning) != own
    both = _settings(tmp_path, smtp_urls=("smtp://127.0.0.1:25?tls=no", "smtps://relay.example"))
    assert mail_server.strange_owner(both).startswith("relay.example is somebody else's and sees every address")


async def test_a_relay_in_trouble_is_to_be_looked_at(tmp_path: Path, time: Clock) -> None:
    settings, breaker = make_settings(f"sqlite:///{tmp_path}/petition.db", tmp_path, NEAR), Breaker()
    async with open_site(settings, migrate=True) as site:
        breaker.failed("", Reply(Phase.MAIL, Verdict.RELAY, "5.7.0"))
        await RelayWatch(site.database, [breaker], ProviderBackoff(), site.send_alert).report()
    findings = await _findings(settings)
    assert findings["trouble with email"].fix.startswith("The first relay takes no email (MAIL FROM: 5.7.0).")


async def test_a_second_relay_that_does_not_answer_is_named(settings: Settings, smtp: Relay) -> None:
    findings = await _findings(replace(settings, smtp_urls=(smtp.url, "smtp://127.0.0.1:1?tls=no")))
    assert "the second relay of PETITION_SMTP_URL does not answer" in findings["mail server"].fix


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("sqlite:////var/lib/petition/petition.db", False),
        ("postgresql://petition:secret@127.0.0.1/petition", False),
        ("postgresql://[::1]:5432,localhost/petition", False),
        ("postgresql:///petition?host=/run/postgresql", False),
        ("postgresql://petition@one,two/petition", True),
        ("postgresql://petition@127.0.0.1,two:5433/petition", True),
        ("postgresql:///petition?host=one", True),
        ("postgresql:///petition?host=/run/postgresql,two", True),
        ("postgresql://10.0.0.7/petition?sslmode=require", True),
        ("postgresql://one,two/petition?sslmode=verify-full", False),
    ],
)
def test_the_way_to_a_database_elsewhere_is_verified(url: str, warned: bool, tmp_path: Path) -> None:
    (finding,) = database.check_database_link(_settings(tmp_path, database_url=url))
    assert ("sslmode=verify-full" in finding.warning) == bool(finding.warning) == warned
    assert finding.fix == ""


HEAD = "Filename\t\tType\t\tSize\tUsed\tPriority\n"


@pytest.mark.parametrize(
    ("used", "warned"),
    [
        ("", False),
        ("/dev/zram0 partition 100 0 100\n", False),
        ("/dev/dm-0 partition 100 0 -2\n", False),
        ("/dev/dm-1 partition 100 0 -2\n", False),
        ("/dev/dm-2 partition 100 0 -2\n", True),
        ("/dev/sda2 partition 100 0 -2\n", True),
        ("/swapfile file 100 0 -2\n", True),
        ("/dev/dm-0 partition 100 0 -2\n/swapfile file 100 0 -2\n", True),
    ],
)
def test_swap_is_encrypted_or_off(used: str, warned: bool, settings: Settings, tmp_path: Path) -> None:
    """dm-0 is from dm-crypt, dm-1 a logical volume on it, dm-2 one on a disk without encryption."""
    for name, uuid, below in (("dm-0", "CRYPT-LUKS2-a", "sda3"), ("dm-1", "LVM-b", "dm-0"), ("dm-2", "LVM-c", "sda2")):
        (tmp_path / "block" / name / "dm").mkdir(parents=True)
        (tmp_path / "block" / name / "dm" / "uuid").write_text(f"{uuid}\n")
        (tmp_path / "block" / name / "slaves" / below).mkdir(parents=True)
    (tmp_path / "swaps").write_text(HEAD + used)
    finding = machine.check_swap(settings, tmp_path / "swaps", tmp_path / "block")
    assert bool(finding.warning) == warned
    assert finding.fix == ""


def test_where_nothing_is_known_of_swap_nothing_is_said(settings: Settings, tmp_path: Path) -> None:
    assert machine.check_swap(settings, tmp_path / "none") == Finding("swap")
    assert machine.check_swap(settings).fix == "", "the table of this machine"


def test_a_warning_is_a_line_of_its_own(tmp_path: Path) -> None:
    """A demo gets no warnings."""
    shell = Shell(tmp_path)
    shell.fine("migrate")
    lines = shell.run("doctor").stdout.splitlines()
    assert [line for line in lines if not line.startswith(("ok    ", "fix   campaign: "))] == []
    shell.environment |= {"PETITION_MODE": "production", "PETITION_SMTP_URL": "smtp://127.1:1"}  # no address, no name
    shell.environment |= {"PETITION_BASE_URL": "https://petition.example", "PETITION_MAIL_FROM": "a@petition.example"}
    keys = ("PETITION_SECRET_KEY", "PETITION_DESK_KEY", "PETITION_EMAIL_KEY")
    shell.environment |= dict.fromkeys(keys, "s" * 40)
    shell.environment |= {"PETITION_RECIPIENTS": "age1x", "PETITION_OUTBOX_KEYS": str(tmp_path / "keys")}
    lines = shell.run("doctor").stdout.splitlines()
    warning = "warn  owner of the mail server: 127.1 is somebody else's and sees every address:"
    assert [line for line in lines if line.startswith(warning)], lines
