"""Each fault that an operator may plant gets its sentence, with the reason and what fixes it; a healthy site gets none.

The faults of keys that do not fit, of dates, of the clock and of schemas have tests of their own.
"""

import inspect
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from petition.commands.doctor import (
    Finding,
    backups,
    campaign_texts,
    disks,
    find_traces,
    keys,
    machine,
    permissions,
    postfix,
    postgresql,
    public_address,
    sender,
    services,
    upkeep,
)
from petition.commands.doctor.checks import CHECKS
from petition.core import clock
from petition.core.database import database as db
from petition.core.settings import Mode, Settings
from petition.organisers import activity_log
from tests.conftest import Clock
from tests.web.tools import campaign

Check = Callable[[Settings], Any]
Plant = Callable[[Settings, Path], tuple[Settings, Check]]


async def _found(check: Check, settings: Settings) -> list[Finding]:
    found = check(settings)
    found = await found if inspect.isawaitable(found) else found
    return [found] if isinstance(found, Finding) else list(found)


def _setting(check: Check, **values: Any) -> Plant:
    return lambda settings, _: (replace(settings, **values), check)


def _same_recipient(settings: Settings, _: Path) -> tuple[Settings, Check]:
    return replace(settings, recipients=settings.recipients[:1] * 2), keys.check_recipients


def _same_key(settings: Settings, _: Path) -> tuple[Settings, Check]:
    return replace(settings, secret_keys=(settings.email_key,)), keys.check_same_keys


def _campaign(check: Check, **values: str) -> Plant:
    return lambda settings, root: (replace(settings, campaign=campaign(root / "other", **values)), check)


def _readable_email_key(settings: Settings, _: Path) -> tuple[Settings, Check]:
    assert settings.email_key_file is not None
    settings.email_key_file.chmod(0o644)
    return settings, permissions.check_email_key


def _open_database(settings: Settings, root: Path) -> tuple[Settings, Check]:
    (root.parent / "data" / "petition.db").chmod(0o666)
    return settings, permissions.check_database_files


def _open_folder(settings: Settings, root: Path) -> tuple[Settings, Check]:
    (root.parent / "data").chmod(0o777)
    return settings, permissions.check_database_files


def _file(check: Callable[..., Any], name: str, text: str = "", mode: int = 0o644, **options: Any) -> Plant:
    """Plants a file in another root."""

    def plant(settings: Settings, root: Path) -> tuple[Settings, Check]:
        file = root / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
        file.chmod(mode)
        return settings, partial(check, root=root, **options)

    return plant


def _units(answer: str) -> Plant:
    """An installation with systemd, which answers so to everything."""

    def plant(settings: Settings, root: Path) -> tuple[Settings, Check]:
        (root / "etc/systemd/system").mkdir(parents=True)
        (root / "etc/systemd/system/petition.service").touch()
        (root / "run/systemd/system").mkdir(parents=True)
        (program := root / "systemctl").write_text(f"#!/bin/sh\necho {answer}\n")
        program.chmod(0o755)
        return settings, partial(services.check_units, root=root, systemctl=str(program))

    return plant


def _debian(check: Callable[..., Any], answer: str = "disabled", files: dict[str, str] | None = None) -> Plant:
    """A Debian as in the handbook; systemctl answers so to everything, and a file holds this in place of the good."""

    def plant(settings: Settings, root: Path) -> tuple[Settings, Check]:
        _units(answer)(settings, root)
        good = {"usr/bin/certbot": "", "usr/bin/unattended-upgrade": "", "etc/nftables.conf": "policy drop;"}
        good["etc/apt/apt.conf.d/20auto-upgrades"] = 'APT::Periodic::Unattended-Upgrade "1";'
        for name, text in (good | (files or {})).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return settings, partial(check, root=root, systemctl=str(root / "systemctl"))

    return plant


def _old_log(name: str, days: float = 9, text: str = "x") -> Plant:
    def plant(settings: Settings, root: Path) -> tuple[Settings, Check]:
        settings, check = _file(upkeep.check_old_logs, f"var/log/{name}", text)(settings, root)
        written = clock.epoch() - days * 86400
        os.utime(root / "var/log" / name, (written, written))
        return settings, check

    return plant


def _newer_tag(settings: Settings, root: Path) -> tuple[Settings, Check]:
    """v0.2.0 was fetched, v0.1.0 is checked out."""
    for command in (
        "init -q",
        *("commit -q --allow-empty -m one", "tag v0.1.0", "commit -q --allow-empty -m two", "tag v0.2.0"),
        "checkout -q v0.1.0",
    ):
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", "-C", root, *who, *command.split()], check=True)
    return settings, partial(services.check_version, checkout=root)


FAULTS: dict[str, tuple[str, str, Plant]] = {
    "no trusted proxy behind nginx": (
        "fix",
        "PETITION_TRUSTED_PROXIES is empty",
        _setting(public_address.check_missing_proxies, trusted_proxies=()),
    ),
    "no token for metrics": (
        "warn",
        "PETITION_METRICS_TOKEN is empty",
        _setting(public_address.check_metrics_token, metrics_token=""),
    ),
    "one value for two keys": ("fix", "PETITION_EMAIL_KEY and PETITION_SECRET_KEY have the same value", _same_key),
    "a key of 48 times a": (
        "fix",
        "PETITION_EMAIL_KEY is not random",
        _setting(keys.check_weak_keys, email_key="a" * 48),
    ),
    "a key that repeats": (
        "fix",
        "PETITION_DESK_KEY is not random",
        _setting(keys.check_weak_keys, desk_keys=("Qx7!pL" * 8,)),
    ),
    "a key like the alphabet": (
        "fix",
        "PETITION_SECRET_KEY is not random",
        _setting(keys.check_weak_keys, secret_keys=("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqr",)),
    ),
    "no key for the letters": (
        "warn",
        "PETITION_LETTERS_KEY is empty: the list of an edition is not signed",
        _setting(keys.check_letters_key, letters_key=""),
    ),
    "a key of the letters that repeats": (
        "fix",
        "PETITION_LETTERS_KEY is not random",
        _setting(keys.check_weak_keys, letters_key="Qx7!pL" * 8),
    ),
    "the same recipient twice": ("fix", "names the same key twice", _same_recipient),
    "a sender at a mailbox provider": (
        "fix",
        "at the provider gmail.com",
        _setting(sender.check_sender_domain, mail_from="Links <our.links@gmail.com>"),
    ),
    "words of the campaign in the sender": (
        "fix",
        "says belarus, free, petition",
        _setting(sender.check_sender_words, mail_from="Free Belarus petition <links@petition.example>"),
    ),
    "words of a title in another language": (
        "fix",
        "says foundation",
        _setting(sender.check_sender_words, mail_from="Links <foundation@petition.example>"),
    ),
    "an email key that others may read": ("fix", "others may read", _readable_email_key),
    "a database that others may write": ("fix", "data/petition.db", _open_database),
    "a folder that others may write": ("fix", "others may open", _open_folder),
    "secrets that others may read": (
        "fix",
        "secret_key",
        _file(permissions.check_secrets_folder, "etc/petition/secrets/secret_key"),
    ),
    "a goal of 0": ("fix", "goal in campaign.toml is 0", _campaign(campaign_texts.check_campaign, goal="0")),
    "a contact that is no address": (
        "fix",
        "contact in campaign.toml is no email address",
        _campaign(campaign_texts.check_campaign, contact='"call us"'),
    ),
    "a definition that nobody stands by": ("warn", "release (“Released means", _setting(campaign_texts.check_demand)),
    "letters without a letterhead": (
        "warn",
        "lacks address, email, phone, signatory, function, place, answer_by",
        _setting(campaign_texts.check_letterhead),
    ),
    "no backup ever": ("warn", "there has never been a backup", _setting(backups.check_backup)),
    "core dumps on the disk": (
        "warn",
        "a crash writes memory to the disk",
        _file(machine.check_core_dumps, "proc/sys/kernel/core_pattern", "|/lib/systemd/systemd-coredump %P"),
    ),
    "a core dump": (
        "warn",
        "holds memory of programs that crashed",
        _file(machine.check_core_dumps, "var/lib/systemd/coredump/core.postgres.zst"),
    ),
    "rsyslog": ("warn", "/var/log/syslog", _file(machine.check_rsyslog, "usr/sbin/rsyslogd")),
    "a Postfix that logs": ("fix", "Postfix writes a log", _file(postfix.check_log, "etc/postfix/main.cf")),
    "a Postfix that keeps emails for days": (
        "warn",
        "for 5d",
        _file(postfix.check_queue, "etc/postfix/main.cf"),
    ),
    "units that are not enabled": ("warn", "petition-backup.timer", _units("disabled")),
    "a unit that failed": ("fix", "petition-backup.service", _units("failed")),
    "no firewall": ("warn", "no service loads a firewall", _debian(upkeep.check_firewall)),
    "a firewall without a rule": (
        "warn",
        "no service loads a firewall",
        # A systemctl that knows nftables alone.
        _debian(upkeep.check_firewall, '"$2" | sed s/nftables.service/active/', {"etc/nftables.conf": "# drop"}),
    ),
    "updates by hand": ("warn", "nothing installs them", _debian(upkeep.check_updates)),
    "updates that are switched off": (
        "warn",
        "nothing installs them",
        _debian(upkeep.check_updates, "enabled", {"etc/apt/apt.conf.d/99": ' APT::Periodic::Unattended-Upgrade "0";'}),
    ),
    "a certificate that nobody renews": ("warn", "certbot.timer", _debian(upkeep.check_renewal)),
    "a log of last week": ("warn", "mail.log", _old_log("mail.log.1")),
    "a version that is not the newest": ("warn", "v0.2.0 has been fetched", _newer_tag),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_each_planted_fault_is_said(name: str, healthy: Settings, tmp_path: Path) -> None:
    state, words, plant = FAULTS[name]
    (root := tmp_path / "root").mkdir()
    settings, check = plant(healthy, root)
    said = [finding for finding in await _found(check, settings) if finding.state != "ok"]
    assert [finding for finding in said if finding.state == state and words in finding.what], said
    for finding in said:
        assert "\n" not in finding.as_line()
        assert (finding.why and finding.command) or ":" in finding.what, "a sentence says why, and what to do"


# What only a machine with a name, a relay and a role of its own has, or a site that has run for a night.
ELSEWHERE = {"public address from outside", "mail server", "campaign", "last backup", "swap", "connections of nginx"}
ELSEWHERE |= {"core dumps", "copies of the journal", "log of Postfix", "queue of Postfix", "sealed copy of the keys"}
ELSEWHERE |= {"clock", "age of the logs", "words of the demand", "letterhead"}


async def test_a_healthy_site_gets_no_advice(healthy: Settings) -> None:
    lines = [finding for check in CHECKS for finding in await _found(check, healthy)]
    advice = [finding for finding in lines if finding.state != "ok"]
    advice = [finding for finding in advice if not finding.subject.startswith(("room", "destruction day"))]
    assert [finding.as_line() for finding in advice if finding.subject not in ELSEWHERE] == []
    assert {finding.as_line() for finding in lines} >= {"ok    random keys", "ok    different keys"}


async def test_nothing_is_said_of_a_machine_without_any_of_this(healthy: Settings, tmp_path: Path) -> None:
    """No systemd, no Postfix, no rsyslog, no secrets folder."""
    checks: list[Callable[..., Any]] = [
        machine.check_core_dumps,
        machine.check_rsyslog,
        permissions.check_secrets_folder,
        postfix.check_log,
        postfix.check_queue,
        services.check_units,
        upkeep.check_firewall,
        upkeep.check_updates,
        upkeep.check_renewal,
        upkeep.check_old_logs,
    ]
    found = [finding for check in checks for finding in await _found(partial(check, root=tmp_path), healthy)]
    assert {finding.state for finding in found} == {"ok"}
    assert services.check_version(healthy, tmp_path) == services.check_version(healthy, tmp_path / "none")


async def test_what_one_check_says_no_other_says_again(healthy: Settings, tmp_path: Path) -> None:
    """A campaign that cannot be read, a database that is away, a program that is not here."""
    (broken := tmp_path / "broken").mkdir()
    (broken / "campaign.toml").write_text("[")
    (broken / "mailboxes.toml").write_text("[")
    settings = replace(healthy, campaign=broken, database_url="postgresql://127.0.0.1:1/petition")
    checks: list[Check] = [
        *(sender.check_sender_domain, sender.check_sender_words, backups.check_backup),
        *(permissions.check_database_files, postgresql.check_postgresql),
        partial(disks.check_room, root=tmp_path),
    ]
    found = [finding for check in checks for finding in await _found(check, settings)]
    assert [finding.as_line() for finding in found if finding.state == "fix"] == []
    assert list(find_traces(settings, tmp_path)) == []
    assert services.run("no-such-program") == ""


def test_the_desk_key_may_be_the_secret_key_but_that_is_said(healthy: Settings) -> None:
    finding = keys.check_same_keys(replace(healthy, desk_keys=healthy.secret_keys))
    assert "PETITION_DESK_KEY and PETITION_SECRET_KEY" in finding.warning


@pytest.mark.parametrize(
    ("text", "said"),
    [("[Coredump]\nStorage=none\n", False), ("[Coredump]\n#Storage=none\n", True), ("[Coredump]\n", True)],
)
def test_core_dumps_may_be_off(text: str, said: bool, healthy: Settings, tmp_path: Path) -> None:
    _file(machine.check_core_dumps, "proc/sys/kernel/core_pattern", "|/lib/systemd/systemd-coredump")(healthy, tmp_path)
    _file(machine.check_core_dumps, "etc/systemd/coredump.conf.d/petition.conf", text)(healthy, tmp_path)
    assert bool(machine.check_core_dumps(healthy, tmp_path).warning) == said


def test_the_shipped_files_of_postfix_are_well(healthy: Settings, tmp_path: Path) -> None:
    shipped = (Path(__file__).parents[3] / "docs/deploy/postfix/main.cf").read_text("utf-8")
    _file(postfix.check_log, "etc/postfix/main.cf", shipped)(healthy, tmp_path)
    assert postfix.check_log(healthy, tmp_path) == Finding("log of Postfix")
    assert postfix.check_queue(healthy, tmp_path) == Finding("queue of Postfix")


def test_units_that_are_well_are_well(healthy: Settings, tmp_path: Path) -> None:
    _, check = _units("enabled")(healthy, tmp_path)
    assert {finding.state for finding in check(healthy)} == {"ok"}


def test_a_debian_that_is_well_is_well(healthy: Settings, tmp_path: Path) -> None:
    checks = [(upkeep.check_updates, "enabled"), (upkeep.check_renewal, "enabled"), (upkeep.check_firewall, "active")]
    for check, answer in checks:
        _, planted = _debian(check, answer)(healthy, tmp_path / check.__name__)
        assert planted(healthy).state == "ok"
        _, planted = _debian(check, "no")(healthy, tmp_path / f"{check.__name__}-demo")
        assert planted(replace(healthy, mode=Mode.DEMO)).state == "ok"
    _, planted = _debian(upkeep.check_firewall, '"$2" | sed s/nftables.service/active/')(healthy, tmp_path / "alone")
    assert planted(healthy).state == "ok"


@pytest.mark.parametrize(
    ("name", "days", "text"),
    [("mail.log.1", 7.5, "x"), ("mail.log", 9, ""), ("dpkg.log.1", 9, "x"), ("installer/syslog", 9, "x")],
)
def test_logs_of_the_machine_alone_may_be_old(
    name: str, days: float, text: str, healthy: Settings, tmp_path: Path
) -> None:
    _, check = _old_log(name, days, text)(healthy, tmp_path)
    (tmp_path / "var/log/README").symlink_to("nowhere")
    assert check(healthy).state == "ok"


@pytest.mark.parametrize(("days", "state"), [(0, "ok"), (2, "ok"), (3, "warn"), (29, "warn"), (30, "fix")])
async def test_an_old_backup_is_said(days: int, state: str, time: Clock, healthy: Settings) -> None:
    async with db.open_database(healthy.database_url) as database:
        await database.write(lambda c: activity_log.append(c, activity_log.SERVER, activity_log.BACKUP))
    time.advance(seconds=int(timedelta(days=days).total_seconds()) + 60)
    finding = await backups.check_backup(healthy)
    assert (finding.state, f"{days} days old" in finding.what) == (state, state != "ok"), clock.now()


@pytest.mark.parametrize(("least", "state"), [(0, "warn"), (1 << 60, "fix")])
def test_a_disk_that_fills_up_is_said(
    least: int, state: str, healthy: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This disk, as if an exabyte were needed."""
    monkeypatch.setattr(disks, "_ENOUGH", 1 << 60)
    monkeypatch.setattr(disks, "_LEAST", least)
    healthy.var.mkdir(exist_ok=True)
    (finding,) = disks.check_room(healthy, tmp_path)
    assert finding.state == state
    assert "are free for" in finding.what
    assert f"{tmp_path / 'data'} and {healthy.var}" in finding.what


async def test_postgresql_takes_as_many_connections_as_we_open(postgresql_settings: Settings, tmp_path: Path) -> None:
    """The tests' role is a superuser; the server takes a hundred connections, as Debian's does."""
    url = postgresql_settings.database_url
    connections, role = await postgresql.check_postgresql(postgresql_settings, tmp_path)
    assert (connections.state, role.state) == ("ok", "fix")
    assert "our role is a superuser" in role.fix
    _file(postgresql.check_postgresql, postgresql.ENVIRONMENT, "WORKERS=2\nWORKERS=9\n")(postgresql_settings, tmp_path)
    connections, _ = await postgresql.check_postgresql(postgresql_settings, tmp_path)
    assert "10 processes may open 120" in connections.fix
    server, name = url.rpartition("/")[0], url.rpartition("/")[2]
    plain = server.replace("petition@", f"plain_{name}@")
    async with db.open_database(url) as database:
        await database.write(lambda c: c.execute(f"create role plain_{name} login"))
        await database.write(lambda c: c.execute(f"grant select on all tables in schema public to plain_{name}"))
    _, role = await postgresql.check_postgresql(replace(postgresql_settings, database_url=f"{plain}/{name}"), tmp_path)
    assert role == replace(role, fix="")
    async with db.open_database(url) as database:
        await database.write(lambda c: c.execute(f"drop owned by plain_{name}"))
        await database.write(lambda c: c.execute(f"drop role plain_{name}"))
    away = replace(postgresql_settings, database_url="postgresql://127.0.0.1:1/petition")
    assert await postgresql.check_postgresql(away, tmp_path) == []
