"""News to those who asked: who gets what, what is checked before, what a kill, a refusal and a full disk leave."""

import os
import re
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope
from pyrage import x25519

from petition.commands.news.mailing import MAX_REFUSALS, PATIENCE, RETRY_SECONDS, Sender
from petition.commands.news.subscribers import Subscriber
from tests.commands.news.mailings import BODIES, SITE, OwnMachine, link
from tests.conftest import Clock
from tests.mail.test_bounce_reports import dsn
from tests.relay import ACCEPTED, plain
from tests.shell import Shell


@pytest.fixture
def sleepless(time: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Waiting moves the clock, and takes no time: a second of looking again is twenty."""

    async def sleep(_: Sender, seconds: float) -> None:
        time.advance(seconds=20 if seconds == 1 else max(0, seconds))

    monkeypatch.setattr(Sender, "_sleep", sleep)
    return time


def test_each_gets_the_news_in_their_language_once(machine: OwnMachine) -> None:
    machine.tested()
    assert machine.send() == 0, machine.said
    assert sorted(machine.relay.recipients) == sorted(machine.people)
    for address, stop in machine.people.items():
        (email,) = machine.relay.to(address)
        code = "pl" if "/pl/" in stop else "en"
        assert str(email["Content-Language"]) == code
        assert plain(email).startswith(BODIES[code])
        assert plain(email).strip().endswith(stop)
        assert str(email["List-Unsubscribe"]) == f"<{stop}>"
        assert str(email["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"
        assert str(email["To"]) == address
        assert email.defects == []
    assert {str(email["Subject"]) for email in machine.relay.mails} == {"News by email", "Aktualności e-mailem"}
    assert len({str(email["Message-ID"]) for email in machine.relay.mails}) == len(machine.people)
    assert machine.send() == 0
    assert "Sent: 7." in machine.said
    assert len(machine.relay.recipients) == 7


def test_the_subject_is_neutral_unless_organisers_write_one(machine: OwnMachine) -> None:
    (machine.texts / "en.txt").write_text("Subject: Zażółć, five answers\n\n" + BODIES["en"], "utf-8")
    machine.tested()
    assert machine.send() == 0
    subjects = {str(email["Subject"]) for email in machine.relay.mails}
    assert subjects == {"Zażółć, five answers", "Aktualności e-mailem"}


def test_looking_sends_and_writes_nothing(machine: OwnMachine) -> None:
    machine.export(more={"no-link@example.org": ""})
    assert machine.run("--dry-run") == 0
    assert "pl.txt, “Aktualności e-mailem”: 3" in machine.said
    assert "en.txt, “News by email”: 4" in machine.said
    assert "Left out: 1 have no link" in machine.said
    assert f"lead to {SITE}." in machine.said
    assert machine.relay.mails == []
    assert not machine.journal.exists()


def test_nothing_leaves_before_these_texts_were_read_in_a_test(machine: OwnMachine) -> None:
    assert machine.send() == 1
    assert "not tested yet" in machine.said
    assert machine.run("--test", stdin="not an address\n") == 1
    assert machine.run("--test", stdin="Olga@Example.net\n") == 0
    assert machine.relay.recipients == ["olga@example.net"] * 2
    links = {str(email["List-Unsubscribe"]) for email in machine.relay.mails}
    assert links == {f"<{SITE}/{code}/unsubscribe/test>" for code in BODIES}
    (machine.texts / "en.txt").write_text(f"{BODIES['en']} More.")
    assert machine.send() == 1
    assert "not tested yet" in machine.said


def test_a_folder_is_one_mailing(sleepless: Clock, machine: OwnMachine) -> None:
    """Anyone who writes the next news into the old folder would reach nobody."""
    machine.tested()
    machine.refuse("550 5.7.1 no", "person1@example1.org")
    assert machine.send() == 1
    machine.relay.data = lambda _: ACCEPTED
    (machine.texts / "en.txt").write_text(f"{BODIES['en']} More.")
    machine.tested()
    assert machine.send() == 1
    assert "For other news make a new folder" in machine.said
    assert machine.relay.mails == []
    assert machine.send("--corrected") == 0
    assert machine.relay.recipients == ["person1@example1.org"]


def test_without_a_terminal_somebody_must_say_yes(machine: OwnMachine) -> None:
    machine.tested()
    assert machine.run() == 1
    assert "--yes" in machine.said
    assert machine.relay.mails == []


def test_a_mailbox_that_does_not_exist_is_not_tried_again(machine: OwnMachine) -> None:
    machine.tested()
    machine.refuse("550 5.1.1 no such user", "person1@example1.org", "person2@example2.org")
    assert machine.send() == 0
    assert "Mailboxes that do not exist: 2." in machine.said
    machine.relay.data = lambda _: ACCEPTED
    assert machine.send() == 0
    assert len(machine.relay.mails) == 5


def test_who_is_refused_for_another_reason_is_left_for_the_next_run(sleepless: Clock, machine: OwnMachine) -> None:
    machine.tested()
    machine.refuse("554 5.7.1 not from you", "person1@example1.org")
    assert machine.send() == 1
    assert "Left: 1 (refused: 1 with 5.7.1)." in machine.said
    assert "Run the same command again" in machine.said
    machine.relay.data = lambda _: ACCEPTED
    assert machine.send() == 0
    assert Counter(machine.relay.recipients) == Counter([*machine.people])


def test_a_full_mailbox_is_tried_again_later_and_holds_up_nobody(sleepless: Clock, machine: OwnMachine) -> None:
    machine.tested()
    refusals: list[str] = []

    def answer(envelope: Envelope) -> str:
        if envelope.rcpt_tos == ["person1@example1.org"] and len(refusals) < len(RETRY_SECONDS):
            refusals.append("full")
            return "452 4.2.2 full"
        return ACCEPTED

    machine.relay.data = answer
    assert machine.send() == 0, machine.said
    assert machine.relay.recipients[-1] == "person1@example1.org"
    assert Counter(machine.relay.recipients) == Counter([*machine.people])


def test_what_stays_full_is_left(sleepless: Clock, machine: OwnMachine) -> None:
    machine.tested()
    machine.refuse("452 4.2.2 full", "person1@example1.org")
    assert machine.send() == 1
    assert "Left: 1 (refused: 1 with 4.2.2)." in machine.said


def test_a_provider_that_takes_nothing_for_now_holds_up_no_other(sleepless: Clock, machine: OwnMachine) -> None:
    machine.tested()
    until = sleepless.seconds() + 100
    slow = {address for address in machine.people if "example1" in address}
    machine.relay.data = lambda e: (
        "421 4.7.0 slow" if {*e.rcpt_tos} & slow and sleepless.seconds() < until else ACCEPTED
    )
    assert machine.send() == 0, machine.said
    assert {*machine.relay.recipients[-2:]} == slow
    assert Counter(machine.relay.recipients) == Counter([*machine.people])


def test_a_provider_that_refuses_everybody_is_left_after_an_hour(sleepless: Clock, machine: OwnMachine) -> None:
    machine.people = {f"person{n}@example.org": link("pl", n) for n in range(30)} | {"other@else.org": link("pl", 99)}
    machine.export()
    machine.tested()
    asked: list[str] = []

    def answer(envelope: Envelope) -> str:
        asked.extend(envelope.rcpt_tos)
        return ACCEPTED if "other@else.org" in envelope.rcpt_tos else "554 5.7.1 not from you"

    machine.relay.data, began = answer, sleepless.seconds()
    assert machine.send() == 1
    assert machine.relay.recipients == ["other@else.org"]
    assert len(asked) <= MAX_REFUSALS + 1
    assert sleepless.seconds() - began < 2 * 3600
    assert "Left: 30 (refused: 30 with 5.7.1)." in machine.said


def test_a_relay_that_ends_in_the_middle_loses_nothing(sleepless: Clock, machine: OwnMachine) -> None:
    machine.tested()
    machine.relay.mail = lambda _: "451 4.3.0 try later" if len(machine.relay.mails) == 3 else ACCEPTED
    began = sleepless.seconds()
    assert machine.send() == 1
    assert "The relay takes no email any more (MAIL FROM: 4.3.0)." in machine.said
    assert "Left: 4." in machine.said
    assert sleepless.seconds() - began > PATIENCE
    machine.relay.mail = lambda _: ACCEPTED
    assert machine.send() == 0
    assert Counter(machine.relay.recipients) == Counter([*machine.people])


def test_a_relay_that_cannot_be_reached_is_said_before_anything_is_written(
    machine: OwnMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.tested()
    before = machine.journal.read_bytes()
    monkeypatch.setenv("PETITION_SMTP_URL", "smtp://127.0.0.1:1?tls=no")
    assert machine.send() == 1
    assert "takes no email (connecting" in machine.said
    assert machine.journal.read_bytes().count(b"begun") == before.count(b"begun")


def test_what_nobody_answered_for_is_unsure_and_not_sent_twice(sleepless: Clock, machine: OwnMachine) -> None:
    machine.tested()
    machine.relay.drop_after_data = 1
    assert machine.send() == 0, machine.said
    assert "Unsure: 1." in machine.said
    assert "Sent: 6." in machine.said
    assert machine.send() == 0
    assert Counter(machine.relay.recipients) == Counter([*machine.people])


def test_ctrl_c_ends_after_the_email_that_is_leaving(machine: OwnMachine) -> None:
    machine.tested()

    def answer(_: Envelope) -> str:
        if len(machine.relay.mails) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return ACCEPTED

    machine.relay.data = answer
    assert machine.send() == 1
    assert "Left: 4" in machine.said or "Left: 3" in machine.said, "the next one may have left already"
    assert "Stopped. Run the same command again" in machine.said
    assert "Unsure" not in machine.said
    machine.relay.data = lambda _: ACCEPTED
    assert machine.send() == 0
    assert Counter(machine.relay.recipients) == Counter([*machine.people])


@pytest.mark.slow
@pytest.mark.parametrize("step", ["data", "rcpt"])
def test_killed_at_any_moment_nobody_gets_it_twice_and_one_is_unsure(step: str, machine: OwnMachine) -> None:
    """After the relay has taken an email, and before. The next run cannot know which, and sends neither again."""
    machine.tested()
    shell = Shell(machine.folder, **{name: os.environ[name] for name in ("PETITION_SMTP_URL", "PETITION_MAIL_FROM")})
    command = [*shell.command, "mail-updates", *machine.arguments, "--yes"]
    process = subprocess.Popen(command, cwd=shell.cwd, env=shell.environment, stdout=-3, stderr=-3)  # to nowhere

    def answer(_: Envelope) -> str:
        if len(machine.relay.recipients) == 3:
            process.kill()
            process.wait()
        return ACCEPTED

    setattr(machine.relay, step, answer)
    assert process.wait(timeout=120) == -signal.SIGKILL
    setattr(machine.relay, step, lambda _: ACCEPTED)
    assert machine.send() == 0, machine.said
    assert "Unsure: 1." in machine.said
    got = Counter(machine.relay.recipients)
    assert max(got.values()) == 1
    assert len(machine.people) - len(got) == (step == "rcpt")


class _Cut(BaseException):
    """The machine stops here."""


@pytest.mark.parametrize("torn", [False, True])
def test_cut_off_at_any_line_of_the_journal_nobody_gets_it_twice(
    torn: bool, machine: OwnMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the line is on disk: all of it is there, or the first half."""
    machine.people = dict(list(machine.people.items())[:2])
    machine.export()
    fsync = os.fsync

    def cut_at(line: int) -> None:
        """Counts down; the last call is the one that never returns."""
        calls = iter(range(line))

        def stop(descriptor: int) -> None:
            if next(calls, None) is None:
                if torn and os.fstat(descriptor).st_size:
                    os.ftruncate(descriptor, os.fstat(descriptor).st_size - 20)
                raise _Cut
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", stop)

    for line in range(7):  # the head and the test, the texts, two for each email; then nothing is cut
        machine.journal.unlink(missing_ok=True)
        machine.tested()
        cut_at(line)
        with suppress(_Cut):
            assert machine.send() == 0
        monkeypatch.setattr(os, "fsync", fsync)
        assert machine.send() == 0, machine.said
        got = Counter(machine.relay.recipients)
        assert max(got.values(), default=0) <= 1
        unsure = int((re.search(r"Unsure: (\d)", machine.said) or ["", "0"])[1])
        assert len(machine.people) - len(got) <= unsure <= (0 if line > 4 else 1)


@contextmanager
def _disk_full_after(file: Path, more: int) -> Iterator[None]:
    """A file of this process cannot grow beyond its size by more than this. It is the same error as a full disk's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("more", [70, 90, 150, 190])
def test_a_full_disk_stops_it_before_an_email_that_could_not_be_written_down(more: int, machine: OwnMachine) -> None:
    machine.tested()
    with _disk_full_after(machine.journal, more):
        assert machine.send() == 1
    assert "cannot be written" in machine.said
    assert len(machine.relay.mails) < 4
    assert machine.send() == 0, machine.said
    got = Counter(machine.relay.recipients)
    assert max(got.values()) == 1
    unsure = int((re.search(r"Unsure: (\d)", machine.said) or ["", "0"])[1])
    assert len(machine.people) - len(got) <= unsure <= 1


def test_two_runs_at_once_are_refused(machine: OwnMachine) -> None:
    machine.tested()
    code = (
        "import fcntl, sys; f = open(sys.argv[1], 'r+'); fcntl.flock(f, fcntl.LOCK_EX); print('', flush=True); input()"
    )
    holder = [sys.executable, "-c", code, str(machine.journal)]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        assert machine.send() == 1
        other.communicate(b"\n")
    assert "used by another run" in machine.said
    assert machine.relay.mails == []


def test_an_old_file_is_refused_since_people_left(machine: OwnMachine) -> None:
    machine.tested()
    machine.export(age=25 * 3600)
    assert machine.send() == 1
    assert "25 hours old" in machine.said
    machine.people.popitem()  # ended the news
    machine.export()
    assert machine.send() == 0
    assert len(machine.relay.mails) == 6


def test_a_file_that_grows_old_ends_the_run(sleepless: Clock, machine: OwnMachine) -> None:
    machine.tested()

    def answer(_: Envelope) -> str:
        sleepless.advance(hours=10)
        return ACCEPTED

    machine.relay.data = answer
    assert machine.send() == 1
    assert "too old by now" in machine.said
    assert len(machine.relay.mails) == 3
    machine.people.pop(machine.relay.recipients[0])  # got it, and left
    machine.people["newcomer@example.org"] = link("pl", 99)
    machine.export()
    machine.relay.data = lambda _: ACCEPTED
    assert machine.send() == 0
    assert max(Counter(machine.relay.recipients).values()) == 1
    assert "newcomer@example.org" in machine.relay.recipients


def test_another_identity_opens_nothing(machine: OwnMachine) -> None:
    stranger = x25519.Identity.generate()
    machine.identity.write_text(str(stranger))
    assert machine.send() == 1
    assert "opens with this identity" in machine.said
    machine.identity.write_text("nothing")
    assert machine.send() == 1
    assert "holds no age identity" in machine.said


def test_a_mailing_is_continued_with_the_identity_that_began_it(machine: OwnMachine) -> None:
    machine.tested()
    other = x25519.Identity.generate()
    machine.export(recipient=other.to_public())
    machine.identity.write_text(str(other))
    assert machine.send() == 1
    assert "begun with another identity" in machine.said


def test_a_journal_tells_nobody_without_the_identity_whether_an_address_is_in_it(machine: OwnMachine) -> None:
    """Each file has a salt, and the key comes from the identity: two journals have no word in common."""
    machine.tested()
    assert machine.send() == 0
    first = machine.journal.read_text()
    machine.journal.unlink()
    machine.tested()
    assert machine.send() == 0
    words = [set(re.findall("sent ([0-9a-f]{32})", text)) for text in (first, machine.journal.read_text())]
    assert [len(found) for found in words] == [7, 7]
    assert not words[0] & words[1]
    references = {str(email["Message-ID"])[1:33] for email in machine.relay.mails}
    assert not references & (words[0] | words[1])


def test_nothing_of_a_person_is_in_a_repr() -> None:
    assert repr(Subscriber("anna@example.org", link("pl", 1), "pl")) == "Subscriber(language='pl')"


@contextmanager
def _site() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A server that is asked to end news: its address, and what it got. It says no to the first press."""
    got: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200 if len(got) > 1 else 503)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_news_of_mailboxes_that_do_not_exist_are_ended_by_their_links(machine: OwnMachine) -> None:
    with _site() as (site, got):
        machine.people = {address: stop.replace(SITE, site) for address, stop in machine.people.items()}
        machine.export()
        machine.tested()
        machine.refuse("550 5.1.1 no such user", "person1@example1.org", "person2@example2.org")
        assert machine.send("--end-gone") == 0
        assert "Mailboxes that do not exist: 1." in machine.said  # the site said no once
        assert machine.send("--end-gone") == 0
    paths = {machine.people[f"person{n}@example{n}.org"].removeprefix(site) for n in (1, 2)}
    assert {path for path, _ in got} == paths
    assert {body for _, body in got} == {b"List-Unsubscribe=One-Click"}
    assert len(got) == 3
    assert "Mailboxes that do not exist, news ended: 2." in machine.said


def test_emails_that_came_back_tell_whose_mailbox_does_not_exist(
    machine: OwnMachine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    machine.tested()
    assert machine.send() == 0
    folder = tmp_path_factory.mktemp("returned")  # its files have the addresses: the organiser deletes them
    (reference, to), (other, _) = [(str(email["X-Reference"]), str(email["To"])) for email in machine.relay.mails[:2]]
    (folder / "1.eml").write_bytes(dsn(reference, to=to))
    (folder / "2.eml").write_bytes(dsn(other, to="somebody@else.example"))  # about a copy that was sent on
    (folder / "3.eml").write_bytes(b"\0garbage")
    assert machine.send(f"--returned={folder}") == 0
    assert "Of the emails that came back, 1 are from mailboxes that do not exist." in machine.said
    assert "Mailboxes that do not exist: 1." in machine.said
    assert machine.send(f"--returned={folder / 'nowhere'}") == 1
    assert "save the emails that came back there" in machine.said
