"""The relay of docs/deploy/postfix at work: what it delivers, gives up and reports, and that nothing of it stays."""

import os
import re
import smtplib
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from email import message_from_bytes, policy
from pathlib import Path
from threading import Thread

import pytest

from petition.mail import bounce_reports
from petition.mail.bounce_reports import BOUNCED, BounceReport
from tests import ROOT, relay
from tests.project.postfix import SHIPPED, SOON, Postfix, Signer, World, files_in, folder
from tests.shell import Shell, post_form, serving, wait_for
from tests.stories.seizing import search

pytestmark = pytest.mark.slow
SENDER = "links@petition.example"
REFERENCE = "0123456789abcdef" * 2
NAMES = ("anna", "barbara", "celina", "danuta", "ewelina")
LOCALS = tuple(f"{fate}-{name}-nowak" for name in NAMES for fate in ("here", "gone", "later"))
ADDRESSES = tuple(f"{local}@mailbox.example" for local in LOCALS)
# How long Postfix tries. A busy machine is slow: in a few seconds its own reports are too old to be tried twice.
LIVES = dict.fromkeys(("maximal_queue_lifetime", "bounce_queue_lifetime"), "12s")


@pytest.fixture
def world() -> Iterator[World]:
    with relay.at_work(World()) as found:
        yield found


@pytest.fixture
def place() -> Iterator[Path]:
    with folder() as found:
        yield found


def _send(postfix: Postfix, *addresses: str) -> None:
    """Hands in one email for each address as the application does; raises what smtplib raises."""
    with smtplib.SMTP("127.0.0.1", postfix.port) as client:
        for n, address in enumerate(addresses):
            text = f"From: {SENDER}\r\nTo: {address}\r\nMessage-ID: <{REFERENCE}@petition.example>\r\n\r\n{n}\r\n"
            options = ["RET=HDRS", f"ENVID={REFERENCE}"]
            client.sendmail(SENDER, [address], text, options, ["NOTIFY=FAILURE"])


def _wait_for_reports(postfix: Postfix, n: int) -> None:
    """Until nothing is queued any more and there are so many."""

    def seen() -> str:
        lines = re.findall("^(?:Status|Original-Envelope-Id): .*", "\n".join(postfix.reports()), re.M)
        return f"{postfix.queued()} queued, reports: {lines}"

    wait_for(lambda: len(postfix.reports()) >= n and not postfix.queued(), seen)
    assert len(postfix.reports()) == n, seen()


def _syslog(trace: Path) -> set[str]:
    """The programs that called for syslog or the journal."""
    programs, calling = {}, set()
    for pid, call in re.findall(r"^(\d+) +(.*)$", trace.read_text("utf-8", errors="replace"), re.M):
        if started := re.match(r'execve\("(?:[^"]*/)?([^"]+)"', call):
            programs[pid] = started[1]
        elif re.match(r"connect\(.*(/dev/log|/journal/)", call):
            calling.add(programs[pid])
    assert {"master", "smtp"} <= set(programs.values())
    return calling


def _watched(trace: Path) -> tuple[str, ...]:
    return ("strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect,execve", "-o", str(trace))


def _links(world: World) -> Iterator[str]:
    """Each link that was on its way, and its token alone."""
    for contents in world.contents.values():
        text = relay.plain(message_from_bytes(contents[0], policy=policy.default))
        (link,) = re.findall(r"https://\S+/confirm/\S+", text)
        yield from (link, link.rpartition("/")[2])


def _held(var: Path) -> list[tuple[str, str | None]]:
    with closing(sqlite3.connect(var / "petition.db")) as database:
        return sorted(database.execute("select state, hold_reason from submissions").fetchall())


def _counted(var: Path) -> int:
    """The emails that count towards the limits of their mailboxes."""
    with closing(sqlite3.connect(var / "petition.db")) as database:
        (found,) = database.execute("select sum(n) from email_counts").fetchone()
    return int(found)


@pytest.mark.alone  # beside other tests an email was once still queued after four minutes
def test_what_it_delivers_gives_up_or_gets_back_leaves_no_trace(
    shell: Shell,
    world: World,
    place: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    record_property: Callable[[str, object], None],
) -> None:
    """The whole way of emails that arrive, that name nobody, and that wait until their time is over."""
    postfix = Postfix(place, world.port, **LIVES, **SOON)
    signer, trace = Signer(place / "dkim", postfix.milter), tmp_path / "trace"
    shell.environment["PETITION_SMTP_URL"] = f"smtp://127.0.0.1:{postfix.port}?tls=no"
    with signer.running(), postfix.running(*_watched(trace)), serving(shell) as (address, _):
        for email in ADDRESSES:
            assert post_form(f"{address}/en/sign", email=email, country="PL", consent="on") == 200
        wait_for(lambda: len(world.contents) == len(ADDRESSES))
        _wait_for_reports(postfix, 2 * len(NAMES))
        assert sorted(world.recipients) == sorted(ADDRESSES[::3])
        counted = _counted(tmp_path / "var")
        reports = [postfix.reports(), shell.fine("bounce", str(postfix.returns)), postfix.reports()]
    assert _syslog(trace) == {"postfix"}, "the command that starts it has not read main.cf yet"
    assert (len(reports[0]), *reports[1:]) == (2 * len(NAMES), "", [])
    assert _held(tmp_path / "var").count(("held", BOUNCED)) == len(NAMES)
    assert _counted(tmp_path / "var") * 3 == counted * 2, "who was given up may ask again"
    assert signer.verifies(world.contents[ADDRESSES[0]][0])
    assert not signer.verifies(world.contents[ADDRESSES[0]][0].replace(b"petition", b"petitian"))
    texts = [*LOCALS, *ADDRESSES, *_links(world)]
    assert len(texts) == 4 * len(ADDRESSES)
    found = search([place, tmp_path], texts, tmp_path_factory.mktemp("patterns"))
    record_property("relay", f"{found.searched} bytes searched for {len(texts)} texts, hits: {len(found.hits)}")
    assert found.hits == []
    assert found.searched > 100_000


def test_a_report_names_the_email_and_nobody(world: World, place: Path) -> None:
    postfix = Postfix(place, world.port, smtpd_milters="", **LIVES, **SOON)
    with postfix.running():
        _send(postfix, *ADDRESSES[:3])
        _wait_for_reports(postfix, 2)
    reports = postfix.reports()
    for report in reports:
        assert not [
            address for address in re.findall(r"[^\s<>]+@[^\s<>]+", report) if "petition.example" not in address
        ]
        assert "mailbox" not in report
        assert re.findall("^Original-Envelope-Id: (.*)$", report, re.M) == [REFERENCE]
        assert re.findall("^Message-ID: (.*)$", report, re.M) == [f"<{REFERENCE}@petition.example>"]
        assert re.findall("^Action: (.*)$", report, re.M) == ["failed"]
    assert sorted(re.findall("^Status: (.*)$", "\n".join(reports), re.M)) == ["4.7.1", "5.1.1"]
    refused = next(report for report in reports if "5.1.1" in report)
    assert bounce_reports.parse_report(refused.encode()) == BounceReport(REFERENCE, BOUNCED)


@pytest.mark.alone
def test_what_it_has_accepted_survives_a_crash_and_leaves_once(world: World, place: Path) -> None:
    """Killed in the middle of the dialogue, with emails in every state; then once more, with all of them waiting."""
    postfix = Postfix(place, world.port, smtpd_milters="", **SOON)
    accepted: list[str] = []
    world.is_ready = False
    with postfix.running(), suppress(smtplib.SMTPException, OSError):
        for n in range(1000):
            _send(postfix, f"person{n}@mailbox.example")
            accepted.append(f"person{n}@mailbox.example")
            if n == 40:
                Thread(target=postfix.kill).start()
    assert 40 < len(accepted) < 1000
    with postfix.running():
        wait_for(lambda: postfix.queued() >= len(accepted))
        postfix.kill()
    world.is_ready = True
    with postfix.running():
        wait_for(lambda: len(world.recipients) >= len(accepted) and not postfix.queued())
    assert len(set(world.recipients)) == len(world.recipients), "none twice"
    assert set(accepted) <= set(world.recipients)
    assert len(world.recipients) <= len(accepted) + 1, "the answer about the last one was lost"


def test_without_its_signature_nothing_is_accepted(world: World, place: Path) -> None:
    postfix = Postfix(place, world.port)
    with postfix.running(), pytest.raises(smtplib.SMTPSenderRefused) as refusal:
        _send(postfix, ADDRESSES[0])
    assert refusal.value.smtp_code == 451
    assert (postfix.queued(), world.contents) == (0, {})


def test_it_listens_to_this_machine_alone_and_has_no_mailboxes(world: World, place: Path) -> None:
    postfix = Postfix(place, world.port, smtpd_milters="")
    with postfix.running():
        assert _listening(postfix.port) <= {"0100007F", "0" * 24 + "01000000"}
        assert postfix.run("sendmail", "-i", "root").returncode != 0
        _send(postfix, "root@petition.example")
        wait_for(lambda: bool(world.recipients))
    assert world.recipients == ["root@petition.example"], "the domain's other mailboxes are elsewhere"


def _listening(port: int) -> set[str]:
    """The addresses of this machine, as Linux writes them, at which somebody waits for connections to a port."""
    tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
    rows = [row.split() for table in tables if table.exists() for row in table.read_text().splitlines()[1:]]
    return {row[1].partition(":")[0] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"}


def test_without_the_two_lines_it_logs_every_address(world: World, place: Path, tmp_path: Path) -> None:
    postfix = Postfix(place, world.port, smtpd_milters="")
    conf = postfix.conf / "main.cf"
    conf.write_text(re.sub(r"^maillog_file.*\n", "", conf.read_text(), flags=re.M))
    with postfix.running(*_watched(tmp_path / "trace")):
        _send(postfix, ADDRESSES[0])
        wait_for(lambda: bool(world.recipients))
        wait_for(lambda: not postfix.queued())
    assert _syslog(tmp_path / "trace") >= {"smtp", "smtpd", "cleanup", "qmgr"}
    conf.write_text(conf.read_text() + f"maillog_file = {place}/log\nmaillog_file_prefixes = {place}\n")
    with postfix.running():
        _send(postfix, ADDRESSES[0])
        wait_for(lambda: len(world.recipients) == 2)
        wait_for(lambda: f"to=<{ADDRESSES[0]}>" in (place / "log").read_text())


def test_one_command_empties_its_spool(world: World, place: Path, tmp_path: Path) -> None:
    """As the handbook says for the day of a seizure; nobody gets a report about it."""
    handbook = (ROOT / "docs" / "handbook.md").read_text("utf-8")
    (command,) = re.findall(r"`(postsuper [^`]*)`", handbook)
    postfix = Postfix(place, world.port, smtpd_milters="")
    world.is_ready = False
    with postfix.running():
        _send(postfix, *ADDRESSES[::3])
        wait_for(lambda: len(files_in(postfix.spool / "deferred")) == len(NAMES))
        waiting = search([place], ADDRESSES, tmp_path)
        assert {text for _, text in waiting.hits} == set(ADDRESSES[::3]), "the search does find"
        assert {Path(file).relative_to(postfix.spool).parts[0] for file, _ in waiting.hits} == {"defer", "deferred"}
        assert postfix.run(*command.split()).returncode == 0
    assert (postfix.reports(), search([place], [*LOCALS, *ADDRESSES], tmp_path).hits) == ([], [])


def test_its_files_are_read_without_a_warning(world: World, place: Path) -> None:
    postfix = Postfix(place, world.port)
    for command in (("postfix", "check"), ("postconf", "-n"), ("postconf", "-M")):
        done = postfix.run(*command)
        assert (done.returncode, done.stderr) == (0, "")
    assert "4h" in postfix.run("postconf", "-h", "maximal_queue_lifetime").stdout


def test_what_a_crash_left_goes_after_a_day(tmp_path: Path) -> None:
    """Here after a second. What was changed since, or is to be tried in the future, stays."""
    rules = (SHIPPED / "tmpfiles.conf").read_text("utf-8")
    named = re.findall(r"^e (/\S+) ", rules, re.M)
    (tmp_path / "rules.conf").write_text(rules.replace("/var/spool/postfix", str(tmp_path)).replace(":1d", ":1s"))
    files = {}
    for path in named:
        box = tmp_path / Path(path).name / "A"
        box.mkdir(parents=True)
        files[box] = [box / "old", box / "next"]
        for file, day in zip(files[box], (-1, 1), strict=True):
            file.touch()
            os.utime(file, (0, time.time() + 86_400 * day))
    changed = max(file.stat().st_ctime for pair in files.values() for file in pair)
    wait_for(lambda: time.time() > changed + 1.1)
    subprocess.run(["systemd-tmpfiles", "--clean", tmp_path / "rules.conf"], check=True)
    assert len(named) == 6
    assert [[file.exists() for file in pair] for pair in files.values()] == [[False, True]] * 6
