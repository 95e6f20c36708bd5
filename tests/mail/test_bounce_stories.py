"""Stories of emails that came back: what a report changes, how it comes in, and what is said about it."""

import fcntl
import json
import os
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest

from petition.commands import doctor
from petition.core import tokens
from petition.mail import bounce_reports, outbox, report_counts
from petition.mail.bounce_reports import BOUNCED, COMPLAINT, BounceReport
from petition.signing import quarantine
from petition.site import Site
from tests.conftest import Clock, Visit, Visitor
from tests.mail.delivering import sign
from tests.mail.test_bounce_reports import HOSTILE, REFERENCE, arf, dsn
from tests.shell import Shell
from tests.web.tools import all_rows, on_sqlite, run_background_jobs

NET = "anna@example.net"
TOKEN = "a token for bounces"


async def _take(site: Site, reference: str, reason: str = BOUNCED) -> None:
    await site.database.write(
        partial(quarantine.apply_report, server_keys=site.server_keys, report=BounceReport(reference, reason))
    )


async def _reasons(site: Site) -> dict[str, int]:
    async with site.database.reading() as c:
        return await quarantine.count_by_reason(c)


async def _all_but_counts(site: Site) -> dict[str, list[str]]:
    return {table: rows for table, rows in (await all_rows(site)).items() if table != "report_counts"}


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
    before = await _all_but_counts(visitor.site)
    for reference in (_reference(visitor.smtp.to("anna@example.net")[-1]), REFERENCE, "", "%", "'"):
        await _take(visitor.site, reference)
    assert await _all_but_counts(visitor.site) == before


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
    before = await _all_but_counts(visitor.site)
    good = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "message/rfc822"}
    for token in ("", "Bearer", "Bearer x", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer \xfc"):
        headers = good | {"Authorization": token.encode("latin-1")}
        assert (
            await visitor.client.post("/bounces", content=dsn(reference, to="anna@example.net"), headers=headers)
        ).status_code == 404
    answers = [await visitor.client.post("/bounces", content=body, headers=good) for body in (b"", dsn(), arf())]
    assert await _all_but_counts(visitor.site) == before
    answers.append(await visitor.client.post("/bounces", content=dsn(reference, to="anna@example.net"), headers=good))
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
    body = json.dumps(event).encode() if "json" in kind else dsn(reference, to="anna@example.net").partition(b"\n\n")[2]
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": kind}
    assert (await visitor.client.post("/bounces", content=body, headers=headers)).status_code == 204
    assert await _reasons(visitor.site) == {BOUNCED: 1}
    other = await visitor.client.post("/bounces", content=body, headers=headers | {"Content-Type": "text/plain"})
    assert other.status_code == 415


@on_sqlite
async def test_without_a_secret_nothing_is_there(visitor: Visitor) -> None:
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": ""}):
        assert (await visitor.client.post("/bounces", content=dsn(), headers=headers)).status_code == 404


async def _story(visitor: Visitor, kind: str = "confirm") -> tuple[str, str]:
    """Anna uses up her emails; the link and the reference of the last one."""
    for _ in range(4):
        await (visitor.sign("anna@example.net") if kind == "confirm" else visitor.post("/en/manage", email=NET))
    link = await visitor.link(NET, kind)
    await run_background_jobs(visitor.site)
    return link, _reference(visitor.smtp.to(NET)[-1])


@pytest.mark.parametrize("kind", ["confirm", "manage"])
async def test_who_gets_nothing_because_a_relay_gave_up_may_ask_again(kind: str, time: Clock, visitor: Visitor) -> None:
    link, reference = await _story(visitor, kind)
    sent = len(visitor.smtp.to(NET))
    for _ in range(2):
        await _parse_and_take(visitor.site, dsn(reference, status="4.4.7", to=NET))
    assert (await visitor.get(link)).status_code == 200, "the link is left alone"
    assert await _reasons(visitor.site) == {}
    await _story(visitor, kind)
    assert len(visitor.smtp.to(NET)) == sent + 1


async def test_a_report_about_a_copy_that_was_sent_on_does_nothing(time: Clock, visitor: Visitor) -> None:
    link, reference = await _story(visitor)
    before = await _all_but_counts(visitor.site)
    for address in ("boris@example.org", "no address"):
        for report in (dsn(reference, to=address), dsn(reference, status="4.4.7", to=address)):
            await _parse_and_take(visitor.site, report)
    complaint = arf(reference).replace(b"Version: 1", b"Original-Rcpt-To: boris@example.org")
    await _parse_and_take(visitor.site, complaint)
    assert await _all_but_counts(visitor.site) == before
    await _parse_and_take(visitor.site, dsn(reference, to="ANNA@Example.net"))
    assert await _reasons(visitor.site) == {BOUNCED: 1}
    assert (await visitor.get(link)).status_code == 404


async def test_a_report_that_is_not_about_the_mailbox_does_nothing(time: Clock, visitor: Visitor) -> None:
    _, reference = await _story(visitor)
    before = await _all_but_counts(visitor.site)
    for status in ("5.2.2", "5.4.6", "5.6.0", "5.7.1", "5.1.2", "5.0.0"):
        await _parse_and_take(visitor.site, dsn(reference, status=status, to=NET))
    await _parse_and_take(visitor.site, dsn(reference, action="delayed", status="4.4.7", to=NET))
    assert await _all_but_counts(visitor.site) == before


async def _parse_and_take(site: Site, content: bytes) -> None:
    report = bounce_reports.parse_report(content)
    assert report is not None
    await site.database.write(partial(quarantine.apply_report, server_keys=site.server_keys, report=report))


@on_sqlite
async def test_every_email_carries_its_reference_four_times_and_never_its_secret(visitor: Visitor) -> None:
    await visitor.organiser()
    await visitor.sign(NET)
    await visitor.post("/en/manage", email=NET)
    await visitor.deliver()
    mails = visitor.smtp.mails
    assert len(mails) == 3
    for mail in mails:
        reference = _reference(mail)
        assert mail["X-Reference"] == reference
        assert mail.get_boundary() == f"=_{reference}"
        assert reference not in str(mail.get_payload())
        read = bounce_reports.parse_report(
            arf().replace(
                f"Message-ID: <{REFERENCE}".encode(), b"X-Reference: " + reference.encode() + b"\nMessage-ID: <x"
            )
        )
        assert read == BounceReport(reference, COMPLAINT)


async def test_it_is_said_if_reports_come_and_none_is_recognised(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser()
    sentence = "none names an email of ours"
    for n in range(report_counts.ENOUGH):
        assert sentence not in (await visitor.get("/organisers/")).text, n
        await _parse_and_take(visitor.site, dsn())
    time.advance(minutes=1)  # the overview keeps its figures for some seconds
    assert sentence in (await visitor.get("/organisers/")).text
    findings = {finding.subject: finding async for finding in doctor.check_installation(visitor.site.settings)}
    assert sentence in findings["reports of emails that came back"].warning
    time.advance(days=report_counts.DAYS + 1)
    await visitor.organiser("piotr")
    assert sentence not in (await visitor.get("/organisers/")).text
    await visitor.site.prune()
    assert (await all_rows(visitor.site))["report_counts"] == []


async def test_with_one_report_that_is_recognised_all_is_well(time: Clock, visitor: Visitor) -> None:
    _, reference = await _story(visitor)
    await _parse_and_take(visitor.site, dsn(reference, status="5.7.1", to=NET))
    for _ in range(report_counts.ENOUGH):
        await _parse_and_take(visitor.site, dsn())
    async with visitor.site.database.reading() as c:
        assert not await report_counts.none_recognised(c)


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


def test_one_bad_file_stops_none_of_the_others(tmp_path: Path) -> None:
    shell, box = Shell(tmp_path), tmp_path / "mail" / "new"
    shell.fine("migrate")
    box.mkdir(parents=True)
    (box / "1").symlink_to("/proc/self/mem")
    (box / "2").write_bytes(HOSTILE["nested parts"](20_000))
    (box / "3").write_bytes(dsn())
    assert shell.fails("bounce", str(tmp_path / "mail")).endswith(
        "has 1 files that cannot be read or deleted. All others are done."
    )
    assert [file.name for file in box.iterdir()] == ["1"]


def test_no_second_run_reads_the_same_folder(tmp_path: Path) -> None:
    shell, folder = Shell(tmp_path), tmp_path / "mail"
    shell.fine("migrate")
    (folder / "new").mkdir(parents=True)
    (folder / "new" / "1").write_bytes(dsn())
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert shell.fails("bounce", str(folder)).endswith("is being read by another run.")
    assert (folder / "new" / "1").exists()
    os.close(descriptor)
    shell.fine("bounce", str(folder))
    assert not (folder / "new" / "1").exists()
