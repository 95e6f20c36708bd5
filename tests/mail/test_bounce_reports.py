"""Bounce reports: a mailbox that fails for good and complaints stop the emails they name; all else stops nothing."""

import base64
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.mail import bounce_reports
from petition.mail.bounce_reports import BOUNCED, COMPLAINT, EXPIRED, OTHER, BounceReport

REFERENCE = "0123456789abcdef" * 2
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
FAILED = "Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; {}\nAction: {}\nStatus: {}"
ABUSE = "Feedback-Type: {}\nUser-Agent: Provider/1.0\nVersion: 1"


def dsn(
    reference: str = REFERENCE,
    action: str = "failed",
    status: str = "5.1.1",
    kind: str = "message/rfc822",
    to: str = "anna@example.org",
) -> bytes:
    """A report as Postfix and Exim write it."""
    report = FAILED.format(to, action, status)
    made = DSN.format(type="delivery-status", report=report, kind=kind, reference=reference, other="f" * 32, body="Hi")
    return made.encode()


def enveloped(reference: str = REFERENCE) -> bytes:
    """A report of a mail server that got an envelope id and quotes nothing of the email."""
    report = f"Original-Envelope-Id: {reference}\n" + FAILED.format("anna@example.org", "failed", "5.1.1")
    values = {"type": "delivery-status", "report": report, "kind": "text/plain"}
    return DSN.format(**values, reference="f" * 32, other="f" * 32, body="").encode()


def arf(reference: str = REFERENCE, kind: str = "abuse") -> bytes:
    """A report of a provider: a person pressed "this is spam"."""
    values = {"type": "feedback-report", "report": ABUSE.format(kind), "kind": "text/rfc822-headers"}
    return DSN.format(**values, reference=reference, other="f" * 32, body="").encode()


ANNA = "anna@example.org"
BOUNCE = BounceReport(REFERENCE, BOUNCED, ANNA)


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"])
def test_a_bounce_names_its_mail(kind: str) -> None:
    assert bounce_reports.parse_report(dsn(kind=kind)) == BOUNCE
    for line_end in (b"\r\n", b"\r"):
        assert bounce_reports.parse_report(dsn(kind=kind).replace(b"\n", line_end)) == BOUNCE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"message/delivery-status", b"Message/Global-Delivery-Status"),
        (b"message/delivery-status", b"MESSAGE/DELIVERY-STATUS; charset=utf-8"),
        (b"Action: failed", b"action: FAILED (the mailbox is not there)"),
        (b"Status: 5.1.1", b"STATUS:\n (see RFC 3463) 5.1.1 (bad destination mailbox)"),
        (b"rfc822; anna@example.org", b"RFC822;<Anna@Example.ORG>"),
        (b"multipart/report; report-type=delivery-status", b"Multipart/Report;\n\treport-type=delivery-status"),
        (b'boundary="b"', b"Boundary=b"),
        (REFERENCE.encode(), REFERENCE.upper().encode()),
        (f"Message-ID: <{REFERENCE}@example.org>".encode(), f"MESSAGE-ID:\n <{REFERENCE}@x>".encode()),
        # What is left where a relay has put a Message-ID of its own in the place of ours.
        (b"Message-ID: <", b"Message-ID: <0100018f@relay.example>\nX-Reference: <"),
        (b"Message-ID: <", b'Message-ID: <0100@relay.example>\nContent-Type: x/y;\n boundary="=_'),
    ],
)
def test_what_servers_write_differently_is_the_same_bounce(old: bytes, new: bytes) -> None:
    assert old in dsn()
    assert bounce_reports.parse_report(dsn().replace(old, new)) == BOUNCE


def test_a_part_in_base64_is_read() -> None:
    fields = FAILED.format(ANNA, "failed", "5.1.1").encode()
    encoded = b"Content-Transfer-Encoding: Base64\n\n" + base64.b64encode(fields)
    whole = dsn().replace(b"delivery-status\n\n" + fields, b"delivery-status\n" + encoded)
    assert fields not in whole
    assert bounce_reports.parse_report(whole) == BOUNCE
    assert bounce_reports.parse_report(whole.replace(encoded, encoded[:41] + b"A")) is None


def test_a_bounce_names_the_envelope_where_it_quotes_nothing() -> None:
    assert bounce_reports.parse_report(enveloped()) == BOUNCE
    assert bounce_reports.parse_report(enveloped("of somebody else")) == replace(BOUNCE, reference="")


def test_a_complaint_names_its_mail() -> None:
    assert bounce_reports.parse_report(arf()) == BounceReport(REFERENCE, COMPLAINT)
    assert bounce_reports.parse_report(arf(kind="Abuse (pressed)")) == BounceReport(REFERENCE, COMPLAINT)
    named = arf().replace(b"Version: 1", b"Original-Rcpt-To: <Boris@example.org>")
    assert bounce_reports.parse_report(named) == BounceReport(REFERENCE, COMPLAINT, "boris@example.org")


@pytest.mark.parametrize(
    ("status", "diagnostic", "reason"),
    [
        *((f"5.{code}", "", BOUNCED) for code in ("1.1", "1.3", "1.6", "1.10", "2.1")),
        *((f"5.{code}", "", OTHER) for code in ("1.0", "1.2", "1.4", "1.7", "1.8", "2.2", "2.3", "3.4", "4.1", "4.6")),
        *((f"5.{code}", "", OTHER) for code in ("5.0", "6.1", "7.1", "7.26")),
        ("5.0.0", "smtp; 550 5.1.1 <anna@example.org>... User unknown", BOUNCED),
        ("5.0.0", "smtp; 550 No such user here", BOUNCED),
        ("5.1.1", "smtp; 550 5.1.1 <anna@relay.example.org>:\n user not found", BOUNCED),
        ("5.0.0", "smtp; 550 5.7.1 rejected by our policy", OTHER),
        ("5.1.1", "smtp; 550 5.7.1 your host is on a list", OTHER),
        ("5.1.1", "smtp; 550 blocked, see https://block.example/1.2.3.4", OTHER),
        ("5.0.0", "smtp; 550 mailbox is full", OTHER),
        ("5", "", OTHER),
        ("", "", OTHER),
        ("4.4.7", "", EXPIRED),
        ("5.4.7", "", EXPIRED),
        ("4.4.1", "connect to mx.example.org[192.0.2.1]:25: Connection refused", EXPIRED),
        ("5.0.0", "retry timeout exceeded", EXPIRED),
        ("5.0.0", "smtp; 450 4.2.0 greylisted. Delivery time expired", EXPIRED),
    ],
)
def test_only_a_failure_of_the_mailbox_is_a_bounce(status: str, diagnostic: str, reason: str) -> None:
    failed = dsn(status=status + (f"\nDiagnostic-Code: {diagnostic}" if diagnostic else ""))
    assert bounce_reports.parse_report(failed) == BounceReport(REFERENCE, reason, ANNA)


@pytest.mark.parametrize(
    "content",
    [
        dsn(action="delayed", status="4.4.1"),
        dsn(action="delayed", status="4.4.7"),
        dsn(action="delayed"),
        dsn(action="relayed", status="2.0.0"),
        dsn(status="5.1.1\n\nFinal-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.1.1"),
    ],
)
def test_what_is_not_final_or_about_copies_changes_nothing(content: bytes) -> None:
    assert bounce_reports.parse_report(content) == BounceReport(REFERENCE, OTHER, ANNA)


def test_a_complaint_that_is_none_changes_nothing() -> None:
    assert bounce_reports.parse_report(arf(kind="not-spam")) == BounceReport(REFERENCE, OTHER)


def test_a_report_of_another_mail_names_none_of_ours() -> None:
    assert bounce_reports.parse_report(dsn(reference="no number of ours")) == replace(BOUNCE, reference="")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"From: anna@example.org\nSubject: I am on holiday\n\nMessage-ID: <" + REFERENCE.encode() + b"@example.org>\n",
        dsn().replace(b"message/delivery-status", b"text/html"),
        dsn().replace(b"Action", b"Inaction"),
        b"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\n" + dsn() + b"\n--a--\n",
    ],
)
def test_what_is_no_report_is_nothing(content: bytes) -> None:
    assert bounce_reports.parse_report(content) is None


COPY = f"From: links@example.org\nMessage-ID: <{REFERENCE}@example.org>\nTo: anna@example.org\n"
UNKNOWN = "550 5.1.1 <anna@example.org>: User unknown"
TEXTS = {
    "qmail": "Hi. This is the qmail-send program at mx.example.\nI've given up.\n\n<anna@example.org>:\n"
    "Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n",
    "exim": "This message was created automatically by mail delivery software.\n\nThe following address(es) failed:\n\n"
    f"  anna@example.org\n    host mx.example [192.0.2.1]: {UNKNOWN}\n\n------ This is a copy of the message\n\n",
    "postfix": "This is the mail system at host mx.example.\n\nI'm sorry to have to inform you …\n\n"
    f"<anna@example.org>: host mx.example[192.0.2.1] said:\n    {UNKNOWN}\n    (in reply to RCPT TO command)\n\n",
    "sendmail": "   ----- The following addresses had permanent fatal errors -----\n<anna@example.org>\n\n"
    f"   ----- Transcript of session follows -----\n... while talking to mx.example.:\n<<< {UNKNOWN}\n\n",
    "exchange": "Delivery has failed to these recipients or groups:\n\nanna@example.org<mailto:anna@example.org>\n"
    "It was not found.\n\nRemote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'\n\n",
    "gmail": "** Address not found **\n\nYour message wasn't delivered to anna@example.org.\n"
    "Because the address couldn't be found, or is unable to receive mail.\n\n",
    "yahoo": "Sorry, we were unable to deliver your message to the following address.\n\n<anna@example.org>:\n"
    "554: delivery error: dd This user doesn't have a example.org account\n\n--- Below this line …\n\n",
}
REASONS_IN_WORDS = re.compile("550 5.1.1[^\n]*|Sorry, no[^\n]*|554[^\n]*|Because[^\n]*|Remote[^\n]*")


@pytest.mark.parametrize("server", TEXTS)
def test_a_report_in_words_alone_is_read(server: str) -> None:
    report = f"From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n{TEXTS[server]}{COPY}"
    assert bounce_reports.parse_report(report.encode()) == BOUNCE
    assert bounce_reports.parse_report(report.replace("\n", "\r\n").encode()) == BOUNCE
    for words, reason in (("retry timeout exceeded", EXPIRED), ("550 5.7.1 we do not like it", OTHER)):
        other = REASONS_IN_WORDS.sub(words, report)
        assert bounce_reports.parse_report(other.encode()) == BounceReport(REFERENCE, reason, ANNA)


def test_a_text_without_an_address_is_about_nobody() -> None:
    text = b"Subject: failure notice\n\nHi. This is the qmail-send program.\nIt did not work: user unknown\n"
    assert bounce_reports.parse_report(text) == BounceReport("", BOUNCED, "")


@pytest.mark.parametrize(
    ("event", "report"),
    [
        ({"message_id": f"<{REFERENCE}@example.org>", "event": "bounced", "status": "5.1.1"}, (REFERENCE, BOUNCED)),
        ({"message_id": REFERENCE.upper(), "event": "complaint"}, (REFERENCE, COMPLAINT)),
        ({"message_id": REFERENCE, "event": "expired"}, (REFERENCE, EXPIRED)),
        ({"message_id": REFERENCE, "event": "bounced", "status": "4.2.2"}, (REFERENCE, OTHER)),
        ({"message_id": REFERENCE, "event": "bounced", "status": "5.7.1"}, (REFERENCE, OTHER)),
        ({"message_id": REFERENCE, "event": "bounced"}, (REFERENCE, OTHER)),
        (
            {"message_id": REFERENCE, "event": "complaint", "recipient": "Anna@example.org"},
            (REFERENCE, COMPLAINT, ANNA),
        ),
        ({"message_id": REFERENCE, "event": "complaint", "recipient": 5}, (REFERENCE, COMPLAINT, "")),
        ({"event": "complaint"}, ("", COMPLAINT)),
        ({"message_id": REFERENCE, "event": "aside"}, None),
        ({"message_id": REFERENCE, "event": ["complaint"]}, None),
        ([], None),
        ("x", None),
        (None, None),
    ],
)
def test_json_says_the_same(event: object, report: tuple[str, ...] | None) -> None:
    assert bounce_reports.parse_json(json.dumps(event).encode()) == (BounceReport(*report) if report else None)


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
        assert report is None or report == BounceReport(report.reference, report.reason, report.recipient)
        assert report is None or len(report.reference) in (0, 32)
        assert report is None or report.reason in (BOUNCED, COMPLAINT, EXPIRED, OTHER)


def _operations(content: bytes) -> int:
    """How many functions are called to read it."""
    calls = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        bounce_reports.parse_report(content)
    finally:
        sys.setprofile(before)
    return calls


HEAD = b"Content-Type: multipart/report; boundary=b\n\n"
STATUS = b"--b\nContent-Type: message/delivery-status\n\n"
HOSTILE: dict[str, Callable[[int], bytes]] = {
    "quoted parameters": lambda n: b"Content-Type: multipart/mixed" + b'; x="\\"' * n + b"\n\n",
    "parameters in pieces": lambda n: b"Content-Type: multipart/mixed" + b';\n x*0*="' * n + b"\n\n",
    "folded lines": lambda n: b"Subject: x" + b"\n x" * n + b"\n\n",
    "fields": lambda n: b"A: b\n" * n + b"\n",
    "parts": lambda n: HEAD + b"--b\n\nx\n" * n,
    "boundaries that are none": lambda n: HEAD + b"--bb\n--b  x\n" * n,
    "nested parts": lambda n: b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (depth, depth) for depth in range(n)
    ),
    "recipients": lambda n: HEAD + STATUS + b"Action: failed\nStatus: 5.1.1\n\n" * n,
    "comments": lambda n: HEAD + STATUS + b"Action: " + b"(" * n + b")" * n + b"failed\n",
    "codes": lambda n: HEAD + STATUS + b"Action: failed\nDiagnostic-Code: " + b"5.1.1 " * n + b"\n",
    "addresses": lambda n: b"\nHi. This is the qmail-send program\n" + b"a@b:" * n,
    "references": lambda n: b"\nHi. This is the qmail-send program\n" + b"Message-ID: 0123456789abcdef\n" * n,
    "base64": lambda n: HEAD + b"--b\nContent-Transfer-Encoding: base64\n\n" + b"====" * n,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_report_costs_in_proportion_to_its_length(kind: str) -> None:
    short, long = (_operations(HOSTILE[kind](n)) for n in (2000, 4000))
    assert long <= 2.5 * short + 100
