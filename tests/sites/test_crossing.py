"""Two campaigns in one process: nothing of one opens, counts or shows anything at the other."""

import re
import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

from petition.core.demo_secrets import DEMO_LOG
from petition.core.encryption import ServerKeys
from petition.core.outbox_keys import OutboxKeys
from petition.mail.messages import MESSAGES
from petition.mail.outbox import prepare_email
from tests import relay
from tests.conftest import IDENTITY
from tests.shell import wait_for
from tests.sites.conftest import Person, shell_for

Both = tuple[Person, Person]
_PUBLIC_TABLES = {"log_entries", "log_files"}  # the texts that both publish, since both have the shipped appeal


def test_each_host_gets_its_campaign_and_no_other_name_gets_any(both: Both) -> None:
    one, other = both
    assert f'"{one.settings["PETITION_BASE_URL"]}' in one.ask("GET", "/en/").text
    for person, stranger in (both, both[::-1]):
        assert stranger.host.encode() not in person.ask("GET", "/en/").content
    for host in ("unknown.example", "localhost.", "localhost, 127.0.0.1", "", "a@localhost.example"):
        answer = one.ask("GET", "/en/", headers={"Host": host})
        assert (answer.status_code, "Petition" in answer.text) == (403, False), host
    assert one.ask("GET", "/readyz").status_code == 200
    assert other.ask("GET", "/healthz").status_code == 200


def test_links_of_one_open_nothing_at_the_other(both: Both) -> None:
    one, other = both
    link = one.sign("ada@example.org")
    before = other.confirmed(), one.confirmed()
    assert other.ask("GET", link).status_code in (404, 410, 400)
    assert other.ask("POST", link).status_code in (404, 410, 400)
    assert (other.confirmed(), one.confirmed()) == before
    assert one.ask("POST", link).status_code == 303
    assert one.confirmed() == before[1] + 1
    assert other.smtp.to("ada@example.org") == []
    one.ask("POST", "/en/manage", data={"email": "ada@example.org"})
    manage = one.link("ada@example.org", "manage")
    assert other.ask("POST", manage, data={"action": "show"}).status_code in (404, 410, 400)


def test_one_mailbox_signs_both_and_neither_learns_of_the_other(both: Both) -> None:
    before = [person.confirmed() for person in both]
    for person in both:
        assert person.ask("POST", person.sign("eve@example.org")).status_code == 303
    assert [person.confirmed() for person in both] == [n + 1 for n in before]
    hashes = [set(_values(person, "select hex(mailbox) from signatures")) for person in both]
    assert not hashes[0] & hashes[1]


def test_a_limit_that_is_used_up_at_one_is_whole_at_the_other(both: Both) -> None:
    """Three emails a day go to a mailbox: those of the other campaign do not count."""
    one, other = both
    form = {"email": "often@example.org", "country": "PL", "consent": "on"}
    for _ in range(5):
        assert one.ask("POST", "/en/sign", data=form).status_code == 303
    one.sign("last@example.org")  # what was sent before it has arrived
    wait_for(lambda: len(one.smtp.to("often@example.org")) >= 3)
    assert len(one.smtp.to("often@example.org")) == 3
    assert other.sign("often@example.org")


def test_metrics_of_each_host_are_those_of_its_campaign(both: Both) -> None:
    for person in both:
        published = person.ask("GET", "/tally.json").json()["confirmed"]
        headers = {"Authorization": f"Bearer {person.settings['PETITION_METRICS_TOKEN']}"}
        assert f"petition_confirmed {published}" in person.ask("GET", "/metrics", headers=headers).text


def test_a_session_of_one_desk_opens_no_other_one(both: Both, folder: Path) -> None:
    one, other = both
    link = shell_for(folder).fine("organiser", "link", "demo", "--site", one.name)
    path = urlsplit(link.split()[-1]).path
    assert other.ask("POST", path).status_code in (404, 410)
    opened = one.ask("POST", path)
    assert opened.status_code == 303
    cookie = {"Cookie": opened.headers["set-cookie"].partition(";")[0]}
    assert one.ask("GET", "/organisers/", headers=cookie).status_code == 200
    at_the_other = other.ask("GET", "/organisers/", headers=cookie)
    assert at_the_other.status_code != 200
    made_up = {"Cookie": cookie["Cookie"][:-9] + "A" * 9}
    assert at_the_other.content == other.ask("GET", "/organisers/", headers=made_up).content


def test_they_share_no_byte_that_comes_from_a_secret_or_a_person(both: Both) -> None:
    """Every long word of one database, folder of keys and dynamic answer is looked for in all of the other."""
    for person in both:
        assert (
            person.ask("POST", person.sign("kim@example.org", name="Kim Doe", named="on", updates="on")).status_code
            == 303
        )
    shared = _words(both[0]) & _words(both[1])
    assert sum(map(len, shared)) == 0, shared


def test_a_byte_that_was_shared_would_be_found(both: Both) -> None:
    one, _ = both
    words = _words(one)
    assert set(_values(one, "select mailbox from signatures")) <= words
    assert {found for email in ("kim@example.org",) for found in _long(one.link(email).rpartition("/")[2])} <= words


def test_an_etag_of_one_is_unknown_to_the_other_unless_the_page_is_the_same(both: Both) -> None:
    one, other = both
    etag = one.ask("GET", "/en/").headers["etag"]
    assert other.ask("GET", "/en/", headers={"If-None-Match": etag}).status_code == 200
    assert one.ask("GET", "/en/", headers={"If-None-Match": etag}).status_code == 304


def _values(person: Person, query: str) -> list[str]:
    with sqlite3.connect(Path(person.settings["PETITION_VAR"]) / "petition.db") as database:
        return [str(row[0]) for row in database.execute(query)]


def _words(person: Person) -> set[str]:
    """Words of 16 characters or more in the rows, key files, emails and answers, but the name of every demo's log."""
    return (_of_rows(person) | _of_files(person) | _of_answers(person)) - {DEMO_LOG}


def _of_rows(person: Person) -> set[str]:
    found: set[str] = set()
    with sqlite3.connect(Path(person.settings["PETITION_VAR"]) / "petition.db") as database:
        tables = {row[0] for row in database.execute("select name from sqlite_master where type = 'table'")}
        for table in tables - _PUBLIC_TABLES:
            for row in database.execute(f"select * from {table}"):
                found |= {v.hex() if isinstance(v, bytes) else v for v in row if isinstance(v, bytes | str)}
    return {word for text in found for word in _long(text)}


def _of_files(person: Person) -> set[str]:
    files = [file for file in Path(person.settings["PETITION_VAR"]).rglob("*") if file.is_file()]
    secret = [file for file in files if "secrets" in file.parts or "outbox-keys" in file.parts]
    assert secret
    return {word for file in secret for word in _long(file.read_bytes().hex())}


def _of_answers(person: Person) -> set[str]:
    """Cookies, and tokens also in emails; static files and words of pages are the same for all."""
    emails = [relay.plain(mail).encode() for mail in person.smtp.mails]
    text = b"\n".join(person.answers + emails).decode("utf-8", "replace")
    return set(re.findall(r"(?:set-cookie', ')([^']{16,}?)[;\"']", text)) | set(
        re.findall(r"/(?:confirm|manage|login|never-write)/([\w.-]{16,})", text)
    )


def _long(text: str) -> set[str]:
    return set(re.findall(r"[\w.+/=-]{16,}", text))


def test_rows_that_wait_for_delivery_share_no_prefix(tmp_path: Path) -> None:
    def ids(name: str) -> set[str]:
        keys = ServerKeys("e" * 40, (str(IDENTITY.to_public()),), OutboxKeys(tmp_path / name))
        emails = [
            prepare_email(keys, MESSAGES["confirm"], language="en", to="a@example.org", secret="s") for _ in range(9)
        ]
        return {email["id"][:12] for email in emails}

    assert not ids("alder") & ids("birch")
