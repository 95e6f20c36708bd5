"""What setup writes: with which modes, what it keeps, and what a killed run leaves."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from petition.commands.setup import run, server_files, settings_files, writing
from petition.commands.setup.place import Place, hold
from petition.commands.setup.texts import read_settings, set_setting
from petition.core.errors import PetitionError
from petition.core.toml_edits import set_toml
from tests.commands.setup.conftest import FIRST, OTHER_ANSWERS, SECOND, content, write

MODES = {
    "/etc/petition": 0o755,
    "/etc/petition/campaign": 0o755,
    "/etc/petition/setup.toml": 0o600,
    "/etc/petition/petition.env": 0o644,
    "/etc/petition/secrets": 0o750,
    "/etc/petition/secrets/secret_key": 0o640,
    "/etc/petition/secrets/desk_key": 0o640,
    "/etc/petition/secrets/letters_key": 0o640,
    "/etc/petition/secrets/smtp_url": 0o640,
    "/etc/petition/secrets/database_url": 0o640,
    "/etc/petition/secrets/metrics_token": 0o640,
    "/etc/petition/secrets/bounce_token": 0o640,
    "/etc/dkimkeys/petition.private": 0o600,
    "/var/lib/petition": 0o700,
    "/var/lib/petition-keys": 0o700,
    "/var/lib/petition-keys/email_key": 0o600,
    "/var/lib/petition-keys/log_key": 0o600,
    "/var/spool/petition-returns": 0o700,
    "/var/spool/petition-returns/new": 0o700,
    "/usr/local/sbin/petition": 0o755,
    "/etc/nginx/sites-available/petition": 0o644,
}
CAMPAIGN_FILE = "/etc/petition/campaign/campaign.toml"
KEYS = (
    "secrets/secret_key",
    "secrets/desk_key",
    "secrets/letters_key",
    "petition-keys/email_key",
    "petition-keys/log_key",
    "dkimkeys/petition.private",
)


def _keys(place: Place) -> dict[str, bytes]:
    return {f"{file}": file.read_bytes() for file in place.root.rglob("*") if str(file).endswith(KEYS)}


def _said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_each_file_and_folder_has_its_mode(empty_place: Place) -> None:
    place = empty_place
    write(place)
    assert {name: place.path(name).stat().st_mode & 0o7777 for name in MODES} == MODES
    place.path("/etc/petition/secrets/desk_key").chmod(0o644)
    write(place)
    assert place.path("/etc/petition/secrets/desk_key").stat().st_mode & 0o7777 == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_each_file_belongs_to_the_account_that_reads_it(place: Place) -> None:
    accounts = "root:x:0:0::/:/bin/sh\npetition:x:61:62::/:/bin/false\nopendkim:x:63:64::/:/bin/false\n"
    place.path("/etc/passwd").write_text(accounts)
    write(place)
    wanted = {f"{settings_files.SECRETS}/desk_key": (0, 62), settings_files.EMAIL_KEY: (61, 62)}
    wanted |= {settings_files.ENV: (0, 0), "/var/lib/petition": (61, 62), "/etc/dkimkeys": (63, 64)}
    found = {name: place.path(name).stat() for name in wanted}
    assert {name: (status.st_uid, status.st_gid) for name, status in found.items()} == wanted
    main = place.read("/etc/postfix/main.cf")
    assert "virtual_uid_maps = static:61\nvirtual_gid_maps = static:62\n" in main


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize(
    "name", [settings_files.EMAIL_KEY, "/var/spool/petition-returns/new", "/etc/dkimkeys/petition.private"]
)
def test_a_link_that_the_service_made_gives_nothing_away(name: str, empty_place: Place, tmp_path: Path) -> None:
    """Who has got into the account of the service would get a file of root."""
    place, victim = empty_place, tmp_path / "victim"
    place.path("/etc").mkdir(parents=True)
    place.path("/etc/passwd").write_text("petition:x:61:62::/:/bin/false\nopendkim:x:63:64::/:/bin/false\n")
    write(place)
    path = place.path(name)
    if path.is_dir():
        path.rmdir()
        victim.mkdir()
    else:
        path.unlink()
        victim.touch()
    path.symlink_to(victim)
    victim.chmod(0o755)
    with pytest.raises(PetitionError, match=rf"^{name} cannot be written: "):
        write(place)
    assert (victim.stat().st_uid, victim.stat().st_mode & 0o777) == (0, 0o755)


def test_every_name_is_put_in(place: Place) -> None:
    write(place, sender="Post <post@mail.example>", onion=f"http://{'a' * 56}.onion")
    files = {name: text.decode() for name, text in content(place).items()}
    assert [name for name, text in files.items() if re.search(r'petition\.example|"PLACEHOLDER|ppppp', text)] == []
    assert files["/etc/nginx/sites-available/petition"].count(f"{'a' * 56}.onion") == 2
    assert "server_name signatures.example;" in files["/etc/nginx/sites-available/petition"]
    assert "inline:{ post@mail.example=virtual: }" in files["/etc/postfix/main.cf"]
    assert "myhostname = signatures.example" in files["/etc/postfix/main.cf"]
    assert "inet_protocols" not in files["/etc/postfix/main.cf"]
    assert "Domain mail.example" in files["/etc/opendkim.conf"]
    settings = read_settings(files["/etc/petition/petition.env"])
    assert settings["PETITION_MAIL_FROM"] == "Post <post@mail.example>"
    assert settings["PETITION_RECIPIENTS"] == f"{FIRST},{SECOND}"
    shell = subprocess.run(
        ["sh", "-c", f'. {place.path("/etc/petition/petition.env")}; echo "$PETITION_MAIL_FROM"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shell.stdout == "Post <post@mail.example>\n"


def test_what_is_not_needed_is_left_out(place: Place) -> None:
    place.path("/etc/resolv.conf").write_text(
        "search a.example\nnameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver x\n"
    )
    write(place, relay="smtp://user:pass@192.0.2.25:587", database="postgresql://p:q@192.0.2.26/petition", ipv6="")
    files = content(place)
    assert not [name for name in files if "postfix" in name or "dkim" in name or "returns" in name]
    assert b"8081" not in files["/etc/nginx/sites-available/petition"]
    assert files["/etc/petition/secrets/smtp_url"] == b"smtp://user:pass@192.0.2.25:587\n"
    assert b"\nWORKERS=2\n" in files["/etc/petition/petition.env"]
    allowed = [name for name, text in files.items() if b"IPAddressAllow=192.0.2.25 192.0.2.26 192.0.2.53\n" in text]
    assert sorted(allowed) == [
        f"/etc/systemd/system/petition{unit}.service.d/petition-setup.conf"
        for unit in ("-backup", "-bounce", "-deliver@", "")
    ]
    with pytest.raises(PetitionError, match=r"^nowhere\.invalid has no address in the DNS: give a name that has one"):
        write(place, relay="smtps://nowhere.invalid")


@pytest.mark.parametrize(("version", "is_new"), [("1.22.1-9", False), ("1.26.3-3", True)])
def test_nginx_gets_the_words_of_its_version(version: str, is_new: bool, place: Place) -> None:
    status = place.path("/var/lib/dpkg/status")
    status.parent.mkdir(parents=True)
    status.write_text(
        f"Package: libnginx-mod-x\nVersion: 1.99\n\nPackage: nginx\nConffiles:\n /etc/x 1\nVersion: {version}\n"
    )
    write(place)
    site = place.read("/etc/nginx/sites-available/petition")
    assert site.count("http2 on;") == (2 if is_new else 0)
    assert site.count("ssl http2") == (0 if is_new else 4)
    assert site.count("listen 443 ssl") == site.count("listen [::]:443 ssl") == 2


def test_a_package_keeps_its_own_units(place: Place) -> None:
    for name in ("/usr/lib/systemd/system/petition.service", "/usr/sbin/petition"):
        place.path(name).parent.mkdir(parents=True)
        place.path(name).write_text("of the package")
    write(place)
    assert not place.path("/etc/systemd/system/petition.service").exists()
    assert not place.path("/usr/local/sbin/petition").exists()
    assert place.path("/etc/systemd/system/petition.socket").exists()


def test_the_units_start_the_program_that_runs_setup() -> None:
    files = {file.name: file.content for file in server_files._unit_files(Place(Path("/")))}
    program = Path(sys.prefix, "bin", "petition")
    if program.exists() and "/etc/systemd/system/petition.service" in files:
        assert f"ExecStart={program} serve" in files["/etc/systemd/system/petition.service"]


def test_the_command_for_root_runs_setup_as_root_and_without_settings(tmp_path: Path) -> None:
    (tmp_path / "program").write_text('#!/bin/sh\necho "$*"\n')
    (tmp_path / "program").chmod(0o755)
    environ = {"PETITION_PROGRAM": str(tmp_path / "program"), "PETITION_ENV": "/nowhere", "PATH": "/usr/bin:/bin"}
    command = ["sh", str(server_files.DEPLOY / "petition"), "setup", "--check-dns"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "setup --check-dns\n"


def test_a_second_run_changes_nothing(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    write(place)
    first, times = content(place), {f: f.stat().st_mtime_ns for f in place.root.rglob("*")}
    capsys.readouterr()
    write(place)
    assert _said(capsys) == "Nothing has changed.\n"
    assert content(place) == first
    assert {f: f.stat().st_mtime_ns for f in place.root.rglob("*")} == times


def test_only_what_changed_is_written_and_no_key_ever_is(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    write(place)
    keys = _keys(place)
    assert len(keys) == 6
    capsys.readouterr()
    write(place, alerts="anna@sign.example")
    assert _said(capsys) == "wrote  /etc/petition/petition.env\n"
    write(place, **OTHER_ANSWERS)
    assert "kept" not in _said(capsys)
    assert _keys(place) == keys


def test_what_an_operator_wrote_is_kept(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """In settings and campaign beside the answers; a whole file of a server gets a new one beside it."""
    write(place)
    site, env, campaign = (
        place.path(name) for name in ("/etc/nginx/sites-available/petition", settings_files.ENV, CAMPAIGN_FILE)
    )
    site.write_text(site.read_text() + "# ours\n")
    env.write_text(env.read_text() + "PETITION_BOUNCE_TOKEN_FILE=/etc/x\n")
    campaign.write_text(campaign.read_text("utf-8").replace("[dates]", "[dates]  # ours\nopens = 2030-01-01"), "utf-8")
    capsys.readouterr()
    write(place, **OTHER_ANSWERS)
    said = _said(capsys)
    assert "kept   /etc/nginx/sites-available/petition: a person changed it." in said
    assert site.read_text().endswith("# ours\n")
    assert "server_name sign.example;" in Path(f"{site}.new").read_text()
    assert "PETITION_BOUNCE_TOKEN_FILE=/etc/x\n" in env.read_text()
    assert "PETITION_BASE_URL=https://sign.example\n" in env.read_text()
    assert "[dates]  # ours\nopens = 2030-01-01\n" in campaign.read_text("utf-8")
    assert tomllib.loads(campaign.read_text("utf-8"))["goal"] == 500
    Path(f"{site}.new").rename(site)
    write(place, **OTHER_ANSWERS)
    assert _said(capsys) == "Nothing has changed.\n"


def test_a_campaign_elsewhere_stays_there(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    write(place)
    env = place.path(settings_files.ENV)
    env.write_text(
        env.read_text().replace("PETITION_CAMPAIGN=/etc/petition/campaign", "PETITION_CAMPAIGN=/srv/campaign")
    )
    place.path("/srv").mkdir()
    place.path("/etc/petition/campaign").rename(place.path("/srv/campaign"))
    capsys.readouterr()
    write(place, organiser="Friends of Freedom")
    assert 'en = "Friends of Freedom"' in place.read("/srv/campaign/campaign.toml")
    assert not place.path(CAMPAIGN_FILE).exists()
    said = "note   the organiser has a name in ru, be too: change it in /srv/campaign/campaign.toml, organiser.name.\n"
    assert _said(capsys) == f"wrote  /srv/campaign/campaign.toml\n{said}"


def test_what_debian_brought_is_replaced(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    brought = {"/etc/opendkim.conf": "Syslog yes\n", "/etc/postfix/master.cf": "smtp inet n - y - - smtpd\n"}
    for name, text in {**brought, "/usr/share/postfix/master.cf.dist": brought["/etc/postfix/master.cf"]}.items():
        place.path(name).parent.mkdir(parents=True, exist_ok=True)
        place.path(name).write_text(text)
    status = place.path("/var/lib/dpkg/status")
    status.parent.mkdir(parents=True)
    status.write_text("Package: opendkim\nConffiles:\n /etc/opendkim.conf 80a3ce7fdcca8d2b3e5ae5e1ecfd8d41\n")
    write(place)
    assert "kept   /etc/opendkim.conf" in _said(capsys), "another one than Debian's"
    assert place.read("/etc/postfix/master.cf") != brought["/etc/postfix/master.cf"]
    found = subprocess.run(["md5sum", place.path("/etc/opendkim.conf")], capture_output=True, text=True, check=True)
    status.write_text(f"Package: opendkim\nConffiles:\n /etc/opendkim.conf {found.stdout.split()[0]}\nDescription: x\n")
    write(place)
    assert "wrote  /etc/opendkim.conf" in _said(capsys)
    assert "Domain signatures.example" in place.read("/etc/opendkim.conf")


def test_a_file_that_is_a_link_is_kept(place: Place, tmp_path: Path) -> None:
    (tmp_path / "own").write_text("own")
    place.path("/etc/opendkim.conf").symlink_to(tmp_path / "own")
    write(place)
    assert (tmp_path / "own").read_text() == "own"
    assert place.path("/etc/opendkim.conf.new").is_file()


def test_a_sealed_key_gets_no_other_beside_it(place: Place) -> None:
    """As the handbook seals it: then the key in clear is gone on purpose."""
    write(place)
    env = place.path(settings_files.ENV)
    env.write_text(env.read_text().replace("=/var/lib/petition-keys/email_key", "=/run/petition-keys/email_key"))
    place.path(settings_files.EMAIL_KEY).unlink()
    place.path("/var/lib/petition/petition.db").touch()
    write(place)
    assert not place.path(settings_files.EMAIL_KEY).exists()


def test_a_site_with_a_database_gets_no_new_key_and_no_empty_database(place: Place) -> None:
    write(place, database="postgresql://p:q@127.0.0.1/petition")
    with pytest.raises(PetitionError, match=r"^The site has a database already, .*`petition move URL`"):
        write(place, database="sqlite")
    place.path("/etc/petition/secrets/database_url").unlink()
    write(place, database="sqlite")
    write(place, database="postgresql://p:q@127.0.0.1/petition")  # the file of SQLite is not there yet
    place.path("/etc/petition/secrets/database_url").write_text("sqlite:////var/lib/petition/petition.db\n")
    place.path("/var/lib/petition/petition.db").touch()
    before = content(place)
    with pytest.raises(PetitionError, match="petition move URL"):
        write(place, database="postgresql://p:q@127.0.0.1/petition")
    place.path(settings_files.EMAIL_KEY).unlink()
    with pytest.raises(PetitionError, match=r"email_key is missing.*put the old key back"):
        write(place, database="sqlite")
    assert content(place) == {name: text for name, text in before.items() if name != settings_files.EMAIL_KEY}


class Killed(BaseException):
    """Nothing catches it, and no code of ours runs after it, as after a real kill."""


@pytest.mark.parametrize("first", [{}, pytest.param(OTHER_ANSWERS, marks=pytest.mark.slow)])
def test_a_run_that_is_killed_can_be_run_again(
    first: dict[str, str], empty_place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Again and again, before and after a new file gets its name. `first`: a whole run before, or none."""
    place = empty_place
    if first:
        write(place, **first)
    sync, runs, keys, killed = os.fsync, 0, _keys(place), True
    while killed:
        left, runs = [runs % 3], runs + 1

        def fsync(file: Any, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            sync(file)

        monkeypatch.setattr(os, "fsync", fsync)
        try:
            write(place)
            killed = False
        except Killed:
            assert _keys(place).items() >= keys.items(), "a key is never made twice"
            keys = _keys(place)
        finally:
            monkeypatch.setattr(os, "fsync", sync)
    assert runs > 6
    assert "kept" not in _said(capsys)
    write(place, **OTHER_ANSWERS)
    assert "kept" not in _said(capsys)
    assert _keys(place) == keys
    assert not [name for name in content(place) if name.endswith((".setup", ".new"))]


def test_a_damaged_record_and_a_second_setup_are_said(place: Place) -> None:
    with hold(place), pytest.raises(PetitionError, match=r"^Another petition setup is running: finish it first\.$"):
        write(place)
    write(place)
    place.path(writing.RECORD).write_text("[")
    with pytest.raises(PetitionError, match=r"^/etc/petition/setup\.toml is damaged: delete it"):
        write(place)
    place.path(writing.RECORD).unlink()
    write(place)
    place.path(CAMPAIGN_FILE).write_text("[")
    with pytest.raises(PetitionError, match=r"campaign\.toml is not TOML"):
        write(place)


def test_a_file_that_cannot_be_written_or_read_is_named(place: Place) -> None:
    place.path("/etc/petition/petition.env").mkdir(parents=True)
    with pytest.raises(PetitionError, match=r"^/etc/petition/petition\.env cannot be read: Is a directory\.$"):
        write(place)
    place.path("/etc/petition/petition.env").rmdir()
    place.path("/etc/nginx").write_text("")
    with pytest.raises(PetitionError, match=r"^/etc/nginx/sites-available/petition cannot be (read|written): "):
        write(place)
    place.path("/etc/nginx").unlink()
    write(place)


def test_on_this_machine_it_needs_root_and_its_account(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Place(Path("/"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(PetitionError, match=r"^petition setup writes into /etc: run it as root"):
        machine.check()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    if machine.account("petition") is None:
        with pytest.raises(PetitionError, match=r"adduser --system --group"):
            machine.check()


def test_a_value_is_set_where_it_stands() -> None:
    text = "# A=1\nB=2\n"
    assert set_setting(text, "A", "3") == "A=3\nB=2\n"
    assert set_setting(text, "B", "") == "# A=1\n# B=\n"
    assert set_setting(text, "C", "a b") == '# A=1\nB=2\nC="a b"\n'
    with pytest.raises(PetitionError, match=r"^petition\.env: A has a quotation mark"):
        read_settings('A="b')
    toml = '[organiser]\nname = {en = "A"}\n[dates]\n'
    assert set_toml(toml, "", "goal", 5) == f"goal = 5\n{toml}"
    assert set_toml(toml, "organiser.name", "en", "A") == toml
    with pytest.raises(PetitionError, match=r"lacks the table \[organiser\.name\]"):
        set_toml(toml, "organiser.name", "en", "B")
    with pytest.raises(PetitionError, match=r"^campaign\.toml: a\.b cannot be set here: write it by hand\.$"):
        set_toml('[a]\nb = """\nx"""\n', "a", "b", "y")


def test_a_command_that_fails_is_the_last(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place = Place(tmp_path)
    run.run_commands([f"touch {tmp_path}/a", "false", f"touch {tmp_path}/b"])
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
    assert "systemctl reload nginx" not in run.start_commands(place, {"relay": "postfix"})
    place.path("/etc/nginx/sites-enabled/petition").mkdir(parents=True)
    assert run.start_commands(place, {"relay": "postfix"})[-1] == "systemctl reload nginx"
    assert "`false` failed" in capfd.readouterr().err
    assert "systemctl restart opendkim postfix" in run.start_commands(place, {"relay": "postfix"})
    assert "systemctl restart opendkim postfix" not in run.start_commands(place, {"relay": "smtps://a.example"})
