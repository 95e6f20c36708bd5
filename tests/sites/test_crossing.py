"""Two campaigns in one process: nothing of one opens, counts or shows anything at the other."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from petition.core import counted
from petition.core.counters import Counters, Key
from petition.core.encryption import ServerKeys
from petition.core.outbox_keys import OutboxKeys
from petition.mail.messages import MESSAGES
from petition.mail.outbox import prepare_email
from tests import ROOT, relay
from tests.conftest import IDENTITY
from tests.shell import wait_for
from tests.sites.conftest import Person

Both = tuple[Person, Person]
_PUBLIC_TABLES = {"log_entries", "log_files"}  # the texts that both publish, since both have the shipped appeal


def test_each_host_gets_its_campaign_and_no_other_name_gets_any(both: Both) -> None:
    one, other = both
    assert f'"{one.settings["PETITION_BASE_URL"]}' in one.ask("GET", "/en/").text
    for person, stranger in (both, both[::-1]):
        assert stranger.host.encode() not in person.ask("GET", "/en/").content
    for host in ("unknown.example", "localhost.", "localhost, 127.0.0.1", "", "a@localhost.example"):
        answer = one.ask("GET", "/en/", headers={"Host": host})
        refused = 403 if one.is_demo else 421
        assert (answer.status_code, "Petition" in answer.text) == (refused, False), host
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
    hashes = [set(person.values("select mailbox as value from signatures")) for person in both]
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


def test_what_is_counted_at_one_is_counted_at_no_other(both: Both) -> None:
    for person in both:
        person.ask("GET", "/en/manage")  # its process has no file before it counts
    before = [_counts(person) for person in both]
    one, _ = both
    assert one.ask("POST", one.sign("counted@example.org")).status_code == 303
    after = [_counts(person) for person in both]
    changed = [{key[0] for key in counts if counts[key] != old[key]} for counts, old in zip(after, before, strict=True)]
    assert {"requests", "forms", "confirmations"} <= changed[0]
    assert changed[1] <= {"emails"}  # of a test before this one


def _counts(person: Person) -> dict[Key, int]:
    """What its processes have counted, exactly; its metrics show them as powers of ten."""
    processes, totals = Counters(person.var / "counts", counted.COUNTERS).totals()
    assert processes
    return totals


def test_a_session_of_one_desk_opens_no_other_one(both: Both) -> None:
    one, other = both
    if not one.is_demo:
        one.shell.fine("organiser", "add", "demo", "--site", one.name, stdin="demo@example.org\n")
    path = urlsplit(one.shell.fine("organiser", "link", "demo", "--site", one.name).split()[-1]).path
    assert other.ask("POST", path).status_code in (404, 410)
    opened = one.ask("POST", path)
    assert opened.status_code == 303
    cookie = {"Cookie": opened.headers["set-cookie"].partition(";")[0]}
    made_up = {"Cookie": cookie["Cookie"][:-9] + "A" * 9}
    desk = opened.headers["location"]  # in production the page for a first second factor
    known, unknown = (_shown(one, desk, headers) for headers in (cookie, made_up))
    assert known != unknown
    assert _shown(other, desk, cookie) == _shown(other, desk, made_up) != known


def _shown(person: Person, path: str, headers: dict[str, str]) -> tuple[int, str | None]:
    answer = person.ask("GET", path, headers=headers)
    return answer.status_code, answer.headers.get("location")


def test_bearer_tokens_of_one_open_nothing_at_the_other(both: Both) -> None:
    for person, stranger in (both, both[::-1]):
        metrics = person.settings["PETITION_METRICS_TOKEN"]
        for there, status in ((person, 200), (stranger, 404)):
            answer = there.ask("GET", "/metrics", headers={"Authorization": f"Bearer {metrics}"})
            assert answer.status_code == status
        bounces = person.settings["PETITION_BOUNCE_TOKEN"]
        for there, status in ((person, 204), (stranger, 404)):
            answer = there.ask("POST", "/bounces", json={}, headers={"Authorization": f"Bearer {bounces}"})
            assert answer.status_code == status


def test_an_onion_name_leads_to_its_own_campaign(both: Both) -> None:
    for person, stranger in (both, both[::-1]):
        onion = person.settings.get("PETITION_ONION_URL", "").removeprefix("http://")
        if not onion:
            continue  # a demo has none
        there = {"Host": onion}
        page = person.ask("GET", "/en/", headers=there)
        assert page.status_code == 200
        assert stranger.name not in page.text
        form = {"email": "tor@example.org", "country": "PL", "consent": "on"}
        before = stranger.confirmed(), person.confirmed()
        assert person.ask("POST", "/en/sign", data=form, headers=there).status_code == 303
        link = person.link("tor@example.org")
        at_the_other = {"Host": stranger.settings["PETITION_ONION_URL"].removeprefix("http://")}
        assert person.ask("POST", link, headers=at_the_other).status_code in (404, 410, 400)
        assert person.ask("POST", link, headers=there).status_code == 303
        assert (stranger.confirmed(), person.confirmed()) == (before[0], before[1] + 1)


def test_they_share_no_byte_that_comes_from_a_secret_or_a_person(both: Both) -> None:
    """Every long word of one database, folder of keys and dynamic answer is looked for in all of the other.

    The program's own names, such as that of a value in site_state, are the same for all.
    """
    for person in both:
        assert (
            person.ask("POST", person.sign("kim@example.org", name="Kim Doe", named="on", updates="on")).status_code
            == 303
        )
    program = b"".join(file.read_bytes() for file in (ROOT / "petition").rglob("*.py")).decode()
    shared = {word for word in _words(both[0]) & _words(both[1]) if f'"{word}"' not in program}
    assert sum(map(len, shared)) == 0, shared


def test_a_byte_that_was_shared_would_be_found(both: Both) -> None:
    one, _ = both
    words = _words(one)
    assert set(one.values("select mailbox as value from signatures")) <= words
    assert {found for email in ("kim@example.org",) for found in _long(one.link(email).rpartition("/")[2])} <= words


def test_an_etag_of_one_is_unknown_to_the_other_unless_the_page_is_the_same(both: Both) -> None:
    one, other = both
    etag = one.ask("GET", "/en/").headers["etag"]
    assert other.ask("GET", "/en/", headers={"If-None-Match": etag}).status_code == 200
    assert one.ask("GET", "/en/", headers={"If-None-Match": etag}).status_code == 304


def _words(person: Person) -> set[str]:
    """Words of 16 characters or more in the rows, key files, emails and answers."""
    return _of_rows(person) | _of_files(person) | _of_answers(person)


def _of_rows(person: Person) -> set[str]:
    rows = [row for table in person.tables() - _PUBLIC_TABLES for row in person.rows(f"select * from {table}")]
    values = {value for row in rows for value in row.values()}
    found = {v.hex() if isinstance(v, bytes) else v for v in values if isinstance(v, bytes | str)}
    return {word for text in found for word in _long(text)}


def _of_files(person: Person) -> set[str]:
    """Keys, and the settings that have one."""
    folders = (person.var, Path(person.settings.get("PETITION_OUTBOX_KEYS", person.var)))
    files = {file for folder in folders for file in folder.rglob("*") if file.is_file()}
    secret = [file.read_bytes().hex() for file in files if {"secrets", "outbox-keys", "keys"} & set(file.parts)]
    assert secret
    kept = [text for name, text in person.settings.items() if name.endswith(("_KEY", "_TOKEN", "_RECIPIENTS"))]
    return {word for text in (*secret, *kept) for word in _long(text)}


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
