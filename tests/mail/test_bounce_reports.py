"""Bounce reports: permanent failures and complaints stop the emails they name; all other input does nothing."""

import json
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.core import tokens
from petition.mail import bounce_reports, outbox
from petition.mail.bounce_reports import BOUNCED, COMPLAINT, BounceReport
from petition.signing import quarantine
from petition.site import Site
from tests.conftest import Clock, Visit, Visitor
from tests.mail.delivering import sign
from tests.shell import Shell
from tests.web.tools import all_rows, on_sqlite, run_background_jobs

REFERENCE = "0123456789abcdef" * 2
TOKEN = "a token for bounces"
DSN = """\
From: MAILER-DAEMON@mx.example.org
To: links@example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type={type}; boundary="b"

--b
Content-Type: text/plain

Somebody else's words, with <{other}@example.org> in them.

--b
Content-Type: message/{type}

{report}

--b
Content-Type: {kind}

Return-Path: <links@example.org>
Message-ID: <{reference}@example.org>
To: anna@example.org
Subject: =?utf-8?q?Anna?=

{body}
--b--
"""
FAILED = "Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; anna@example.org\nAction: {}\nStatus: {}"
ABUSE = "Feedback-Type: {}\nUser-Agent: Provider/1.0\nVersion: 1"


def dsn(
    reference: str = REFERENCE, action: str = "failed", status: str = "5.1.1", kind: str = "message/rfc822"
) -> bytes:
    """A report as Postfix and Exim write it."""
    report = FAILED.format(action, status)
    made = DSN.format(type="delivery-status", report=report, kind=kind, reference=reference, other="f" * 32, body="Hi")
    return made.encode()


def enveloped(reference: str = REFERENCE) -> bytes:
    """A report of a mail server that got an envelope id and quotes nothing of the email."""
    report = f"Original-Envelope-Id: {reference}\n" + FAILED.format("failed", "5.1.1")
    values = {"type": "delivery-status", "report": report, "kind": "text/plain"}
    return DSN.format(**values, reference="f" * 32, other="f" * 32, body="").encode()


def arf(reference: str = REFERENCE, kind: str = "abuse") -> bytes:
    """A report of a provider: a person pressed "this is spam"."""
    values = {"type": "feedback-report", "report": ABUSE.format(kind), "kind": "text/rfc822-headers"}
    return DSN.format(**values, reference=reference, other="f" * 32, body="").encode()


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_a_bounce_names_its_mail(kind: str) -> None:
    assert bounce_reports.parse_report(dsn(kind=kind)) == BounceReport(REFERENCE, BOUNCED)
    assert bounce_reports.parse_report(dsn(kind=kind).replace(b"\n", b"\r\n")) == BounceReport(REFERENCE, BOUNCED)


def test_a_bounce_names_the_envelope_where_it_quotes_nothing() -> None:
    assert bounce_reports.parse_report(enveloped()) == BounceReport(REFERENCE, BOUNCED)
    assert bounce_reports.parse_report(enveloped("of somebody else")) is None


def test_a_complaint_names_its_mail() -> None:
    assert bounce_reports.parse_report(arf()) == BounceReport(REFERENCE, COMPLAINT)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        dsn(action="delayed", status="4.4.1"),
        dsn(action="failed", status="4.4.1"),
        dsn(action="delayed"),
        dsn(action="delivered", status="2.0.0"),
        dsn(action="failed", status="5"),
        dsn(reference="no number of ours"),
        dsn(reference=REFERENCE.upper()),
        arf(kind="not-spam"),
        b"From: anna@example.org\nSubject: I am on holiday\n\nMessage-ID: <" + REFERENCE.encode() + b"@example.org>\n",
    ],
)
def test_whatever_is_no_permanent_failure_is_nothing(content: bytes) -> None:
    assert bounce_reports.parse_report(content) is None


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"message_id": f"<{REFERENCE}@example.org>", "event": "bounced", "status": "5.1.1"}, BOUNCED),
        ({"message_id": REFERENCE, "event": "complaint"}, COMPLAINT),
        ({"message_id": REFERENCE, "event": "bounced", "status": "4.2.2"}, None),
        ({"message_id": REFERENCE, "event": "bounced"}, None),
        ({"message_id": REFERENCE, "event": "aside"}, None),
        ({"message_id": [REFERENCE], "event": "complaint"}, None),
        ({"event": "complaint"}, None),
        ([], None),
        ("x", None),
        (None, None),
    ],
)
def test_json_says_the_same(event: object, reason: str | None) -> None:
    assert bounce_reports.parse_json(json.dumps(event).encode()) == (
        BounceReport(REFERENCE, reason) if reason else None
    )


HEADS = st.sampled_from(
    ["Content-Type", "Action", "Status", "Message-ID", "Feedback-Type", "Content-Transfer-Encoding"]
)
VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["multipart/report; boundary=b", "message/delivery-status", "message/rfc822", "base64", "=?x?q?=?="]
    ),
)
MAILS = st.lists(st.tuples(HEADS, VALUES) | st.just(("", "")) | st.just(("--b", "")), max_size=25).map(
    lambda lines: "\n".join(f"{name}: {value}" if value else name for name, value in lines).encode()
)


@st.composite
def torn(draw: st.DrawFn) -> bytes:
    """A good report with one piece replaced by something else."""
    whole = draw(st.sampled_from([dsn(), arf(), dsn(kind="text/rfc822-headers")]))
    begin, length = draw(st.integers(0, len(whole))), draw(st.integers(0, 40))
    return whole[:begin] + draw(st.binary(max_size=40)) + whole[begin + length :]


@examples(max_examples=400, deadline=None)
@given(st.binary(max_size=400) | MAILS | torn())
@example(b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\nContent-Type: message/rfc822\n\n" * 3000)
def test_garbage_is_nothing_or_names_one_mail(content: bytes) -> None:
    for report in (bounce_reports.parse_report(content), bounce_reports.parse_json(content)):
        assert report is None or report == BounceReport(report.reference, report.reason)
        assert report is None or (len(report.reference) == 32 and report.reason in (BOUNCED, COMPLAINT))


async def _take(site: Site, reference: str, reason: str = BOUNCED) -> None:
    await site.database.write(
        partial(quarantine.apply_report, server_keys=site.server_keys, report=BounceReport(reference, reason))
    )


async def _reasons(site: Site) -> dict[str, int]:
    async with site.database.reading() as c:
        return await quarantine.count_by_reason(c)


def _reference(mail: EmailMessage) -> str:
    return str(mail["Message-ID"]).strip("<>").partition("@")[0]


async def test_a_waiting_signature_is_set_aside_by_the_mail_that_came_back(time: Clock, visitor: Visitor) -> None:
    await visitor.sign("anna@example.net")
    await visitor.sign("boris@example.net")
    link, other = await visitor.link("anna@example.net"), await visitor.link("boris@example.net")
    await _take(visitor.site, _reference(visitor.smtp.to("anna@example.net")[-1]), COMPLAINT)
    assert await _reasons(visitor.site) == {COMPLAINT: 1}
    assert (await visitor.post(link)).status_code == 404
    assert (await visitor.post(other)).status_code == 303


async def test_a_confirmed_signature_stays_and_a_forged_reference_does_nothing(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net")
    await visitor.sign("boris@example.net")
    await visitor.deliver()
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    for reference in (_reference(visitor.smtp.to("anna@example.net")[-1]), REFERENCE, "", "%", "'"):
        await _take(visitor.site, reference)
    assert await all_rows(visitor.site) == before


async def test_a_mail_that_waits_for_its_second_attempt_is_held(site: Site, time: Clock) -> None:
    await sign(site)
    (mail,) = await site.database.write(partial(outbox.claim_batch, server_keys=site.server_keys))
    await site.database.write(partial(outbox.retry_later, email=mail))
    await _take(site, tokens.message_reference(mail.secret))
    time.advance(hours=1)
    assert await site.database.write(partial(outbox.claim_batch, server_keys=site.server_keys)) == []
    assert await _reasons(site) == {BOUNCED: 1}
    await site.database.write(partial(quarantine.release_submissions, reason=BOUNCED))
    claimed = await site.database.write(partial(outbox.claim_batch, server_keys=site.server_keys))
    assert [mail.to for mail in claimed] == ["anna@example.org"]


async def test_reports_come_over_the_web_with_their_own_secret(time: Clock, visit: Visit) -> None:
    visitor = await visit(bounce_token=TOKEN)
    await visitor.sign("anna@example.net")
    await visitor.deliver()
    reference = _reference(visitor.smtp.mails[-1])
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    good = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "message/rfc822"}
    for token in ("", "Bearer", "Bearer x", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer \xfc"):
        headers = good | {"Authorization": token.encode("latin-1")}
        assert (await visitor.client.post("/bounces", content=dsn(reference), headers=headers)).status_code == 404
    answers = [await visitor.client.post("/bounces", content=body, headers=good) for body in (b"", dsn(), arf())]
    assert await all_rows(visitor.site) == before
    answers.append(await visitor.client.post("/bounces", content=dsn(reference), headers=good))
    assert len({(a.status_code, a.content, str(a.headers)) for a in answers}) == 1
    assert answers[0].status_code == 204
    assert await _reasons(visitor.site) == {BOUNCED: 1}


@on_sqlite
@pytest.mark.parametrize("kind", ["application/json", "multipart/report; report-type=delivery-status; boundary=b"])
async def test_reports_come_as_json_or_by_their_parts(kind: str, visit: Visit) -> None:
    visitor = await visit(bounce_token=TOKEN)
    await visitor.sign("anna@example.net")
    await visitor.deliver()
    reference = _reference(visitor.smtp.mails[-1])
    event = {"message_id": f"<{reference}@example.org>", "event": "bounced", "status": "5.1.1"}
    body = json.dumps(event).encode() if "json" in kind else dsn(reference).partition(b"\n\n")[2]
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": kind}
    assert (await visitor.client.post("/bounces", content=body, headers=headers)).status_code == 204
    assert await _reasons(visitor.site) == {BOUNCED: 1}
    other = await visitor.client.post("/bounces", content=body, headers=headers | {"Content-Type": "text/plain"})
    assert other.status_code == 415


@on_sqlite
async def test_without_a_secret_nothing_is_there(visitor: Visitor) -> None:
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": ""}):
        assert (await visitor.client.post("/bounces", content=dsn(), headers=headers)).status_code == 404


def test_reports_come_by_a_pipe_or_lie_in_a_folder(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.fine("migrate")
    for box in ("new", "cur", "tmp"):
        (tmp_path / "mail" / box).mkdir(parents=True)
        (tmp_path / "mail" / box / "1").write_bytes(dsn())
    shell.fine("bounce", str(tmp_path / "mail"))
    assert sorted(file.parent.name for file in (tmp_path / "mail").rglob("1")) == ["tmp"]
    assert shell.run("bounce", stdin=dsn().decode()).returncode == 0
    assert shell.run("bounce", "-", stdin="").returncode == 0
    assert "cannot be read" in shell.fails("bounce", str(tmp_path / "none"))
