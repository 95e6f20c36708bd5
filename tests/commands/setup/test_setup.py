"""The whole of `petition setup`: from its answers to a site that runs in production and has one signature."""

import re
import shutil
import signal
import sqlite3
import subprocess
import urllib.request
from contextlib import closing
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest

from petition.campaign.appeal import SHIPPED_DATA
from petition.commands.setup import first_run, settings_files
from petition.commands.setup.answers import answers_text
from petition.commands.setup.place import Place
from tests import ROOT
from tests.commands.setup.conftest import ANSWERS, FIRST, SECOND, content, write
from tests.conftest import administer
from tests.relay import Relay, plain
from tests.shell import Shell, serving, wait_for
from tests.terminal import at_terminal

pytestmark = pytest.mark.slow
HOST = "signatures.example"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    del shell.environment["PETITION_VAR"]
    return shell


@pytest.fixture(autouse=True)
def _in_one_language(place: Place) -> None:
    """A campaign that is there before setup: with fewer letters to make, all takes a third of the time."""
    text = (SHIPPED_DATA / "campaign.toml").read_text("utf-8")
    folder = place.path(settings_files.CAMPAIGN)
    folder.mkdir(parents=True)
    (folder / "campaign.toml").write_text(text.replace('id = "collective-', 'id = "one-language-'), "utf-8")
    for name in ("appeal/en.md", "letters/en.md"):
        (folder / name).parent.mkdir()
        shutil.copy(ROOT / "templates" / name, folder / name)


def _answers(place: Place, **changed: str) -> Path:
    file = place.root.parent / "answers.toml"
    file.write_text(answers_text(ANSWERS | {"admin_address": "marta@example.org"} | changed), "utf-8")
    return file


def _set_up(shell: Shell, place: Place, **changed: str) -> str:
    return shell.fine("setup", "--root", str(place.root), "--answers", str(_answers(place, **changed)))


def _of_service(place: Place, shell: Shell) -> Shell:
    """The service that was set up."""
    made = Shell(shell.folder)
    made.environment = first_run.service_environment(place)
    return made


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _post(address: str, path: str, **fields: str) -> tuple[int, str]:
    """As nginx passes it on: status and target of the redirect."""
    headers = {
        "Host": HOST,
        "Sec-Fetch-Site": "same-origin",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "192.0.2.9",
    }
    asked = urllib.request.Request(f"{address}{path}", urlencode(fields).encode(), headers)
    try:
        with urllib.request.build_opener(_Stay).open(asked) as answer:
            return answer.status, ""
    except HTTPError as answer:
        return answer.code, answer.headers.get("Location", "")


def test_a_site_that_was_set_up_from_a_file_has_its_first_signature(place: Place, shell: Shell, smtp: Relay) -> None:
    said = _set_up(shell, place, relay=smtp.url)
    assert re.search(rf"works once, for half an hour:\nhttps://{HOST}/organisers/login/\S+\n", said)
    assert not re.search("^fix", said, re.M)
    service = _of_service(place, shell)
    assert {line[:4] for line in service.fine("doctor").splitlines()} <= {"ok  ", "warn"}
    with serving(service) as (address, _):
        form = {"email": "anna@example.net", "country": "PL", "consent": "on"}
        assert _post(address, "/en/sign", **form) == (303, "/en/check-inbox#main")
        wait_for(lambda: bool(smtp.to("anna@example.net")))
        (link,) = re.findall(rf"https://{HOST}(/en/confirm/\S+)", plain(smtp.to("anna@example.net")[0]))
        assert _post(address, link) == (303, "/en/thanks?country=PL")
    with closing(sqlite3.connect(place.path("/var/lib/petition/petition.db"))) as database:
        assert database.execute("select country from signatures").fetchall() == [("PL",)]
    assert smtp.mails[0]["From"] == f"Links <links@{HOST}>"
    again = _set_up(shell, place, relay=smtp.url)
    assert again.startswith("Nothing has changed.\n")
    assert "/organisers/login/" not in again, "a link for a new organiser only"
    assert "petition organiser link admin" in again


async def test_a_site_in_postgresql(place: Place, shell: Shell, postgresql_server: str) -> None:
    """It says that the database is not there yet, with all files written; once it is there, setup goes to the end."""
    await administer(postgresql_server, "create database setup_one")
    url = f"{postgresql_server}/setup_one"
    said = _set_up(shell, place, database=url)
    assert "fix   mail server" in said, "there is no Postfix"
    assert "/organisers/login/" in said
    assert (
        place.path("/etc/petition/secrets/database_url").read_text(),
        "WORKERS=2" in place.read(settings_files.ENV),
    ) == (f"{url}\n", True)
    assert not place.path("/var/lib/petition/petition.db").exists()
    await administer(postgresql_server, "drop database setup_one with (force)")
    done = shell.run("setup", "--root", str(place.root), "--answers", str(_answers(place, database=url)))
    assert done.returncode == 1
    assert "All files are written: run petition setup again after that." in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_at_a_terminal_it_asks_until_it_has_what_it_needs(place: Place, shell: Shell, smtp: Relay) -> None:
    """Wrong answers in between; killed among the questions; then an email with a code, and the first organiser."""
    command = ("setup", "--root", str(place.root))
    with at_terminal(shell, *command) as person:
        person.answer("1/21  Public address", "http://signatures.example", "https://signatures.example")
        person.answer("Name of the organiser, in English [Belarusian Women's Foundation]: ", "Friends of Freedom")
        person.answer("Controller", "", "Example Association, 1 Example Street")
        person.answer("Contact", "contact", f"contact@{HOST}")
        person.wait_for("Goal")
        person.kill()
    assert place.path("/etc/petition/setup.draft.toml").stat().st_mode & 0o777 == 0o600
    assert not place.path("/etc/petition/petition.env").exists()
    with at_terminal(shell, *command) as person:
        person.answer("Public address of the site, like https://petition.example [https://signatures.example]: ", "")
        person.answer("Name of the organiser, in English [Friends of Freedom]: ", "")
        person.answer("[Example Association, 1 Example Street]: ", "")
        person.answer(f"[contact@{HOST}]: ", "")
        person.answer("Goal", "0", "10000")
        person.answer("Deadline", "soon", "2035-06-01")
        person.answer("destroyed, at the latest", "2034-01-01", "2036-01-01")
        person.answer("Link: the page of the project Road to The Hague [https://belaruswomen.org]: ", "")
        person.answer("Link: ", "nowhere", "", "", "https://donate.example")
        person.answer("first organiser (age1", "AGE-SECRET-KEY-1", FIRST)
        person.answer("second organiser", FIRST, SECOND)
        person.answer(f"[Links <links@{HOST}>]: ", "Links <links@gmail.com>", "")
        person.answer("[postfix]: ", smtp.url)
        person.answer("Your own address", f"operator@{HOST}")
        person.answer("[sqlite]: ", "")
        person.answer("IPv4 address", "192.168.1.1", "192.0.2.1")
        person.answer("IPv6 address", "-")
        person.answer("Onion address, http://….onion [none]: ", "")
        person.answer("[admin]: ", "marta")
        person.wait_for("wrote  /etc/petition/petition.env")
        person.answer(f"Send a test email to operator@{HOST} now? [Y/n] ", "")
        person.wait_for("The code in it")
        (mail,) = smtp.to(f"operator@{HOST}")
        person.answer("(Enter: give up): ", "nonsense", re.findall(r"\d{6}", plain(mail))[0])
        person.wait_for("The email arrived.")
        person.answer("Email address of marta", "", "nobody", "marta@example.org")
        person.wait_for(f"https://{HOST}/organisers/login/")
        assert person.end() == 0
    assert str(mail["Subject"]).startswith("Your code: ")
    assert b"marta@example.org" not in b"".join(content(place).values())
    assert not place.path("/etc/petition/setup.draft.toml").exists()
    links = settings_files.read_campaign(place)["links"]
    assert (links["donate"], links["dissidentby"]) == ("https://donate.example", "https://belaruswomen.org")


def test_without_a_terminal_it_says_what_to_do(place: Place, shell: Shell) -> None:
    said = shell.fails("setup", "--root", str(place.root))
    assert said == "There is no terminal to ask at: write the answers into a file, petition setup --answers FILE."
    assert shell.fails("setup", "--answers", "/nowhere/a.toml").startswith("a.toml cannot be read: ")


def test_a_test_email_alone(place: Place, shell: Shell, smtp: Relay) -> None:
    write(place, relay=smtp.url)
    done = shell.run("setup", "--root", str(place.root), "--test-email", stdin="123\n\n")
    assert (done.returncode, len(smtp.mails)) == (1, 1)
    assert "This is another code." in done.stdout
    assert done.stderr.startswith("No code: ")
    write(place, relay="smtp://127.0.0.1:9?tls=no")
    done = shell.run("setup", "--root", str(place.root), "--test-email")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.match(r"The relay did not take the email \(connecting: \w+\): is it running\?", done.stderr)


@pytest.mark.parametrize("at", ["secret_key", "petition.private", "petition.env", "setup.toml", "main.cf"])
def test_a_run_that_was_killed_is_finished_by_the_next(at: str, empty_place: Place, shell: Shell) -> None:
    """A real kill, when the file is there."""
    place = empty_place
    command = [*shell.command, "setup", "--root", str(place.root), "--answers", str(_answers(place))]
    running = subprocess.Popen(command, env=shell.environment, cwd=shell.cwd, stdout=subprocess.DEVNULL)
    while not list(place.root.rglob(at)) and running.poll() is None:
        pass
    running.send_signal(signal.SIGKILL)
    running.wait()
    keys = {name: text for name, text in content(place).items() if "key" in name and not name.endswith(".setup")}
    write(place)
    assert content(place).items() >= keys.items()
    assert not [name for name in content(place) if name.endswith((".new", ".setup"))]
