"""Delivery by a process of its own."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

from petition.mail import outbox
from petition.protection.rate_limits import LOW_PRIORITY_MAIL_LIMIT
from petition.protection.token_buckets import REPORT_DIVISOR
from tests import ROOT
from tests.relay import Relay
from tests.shell import Shell, post_form, serving, wait_for


def test_mail_can_be_delivered_by_a_process_of_its_own(shell: Shell, smtp: Relay) -> None:
    shell.environment["PETITION_SMTP_URL"] = smtp.url
    with serving(shell, "--no-deliver") as (address, _):
        post_form(f"{address}/en/sign", email="anna@example.net", country="PL", consent="on")
        assert smtp.mails == []
        deliverer = subprocess.Popen([sys.executable, "-m", "petition", "deliver"], cwd=ROOT, env=shell.environment)
        try:
            wait_for(lambda: len(smtp.mails) == 1)
        finally:
            deliverer.send_signal(signal.SIGTERM)
        assert deliverer.wait(timeout=120) == 0


def test_deliverers_tell_each_other_what_left_with_low_priority(shell: Shell, smtp: Relay) -> None:
    shell.environment["PETITION_SMTP_URL"] = smtp.url
    with (
        serving(shell, "--no-deliver") as (address, _),
        closing(sqlite3.connect(shell.folder / "var" / "petition.db", isolation_level=None)) as database,
    ):
        reported = LOW_PRIORITY_MAIL_LIMIT.burst // REPORT_DIVISOR + 1
        for n in range(reported):
            post_form(f"{address}/en/sign", email=f"anna{n}@example.net", country="PL", consent="on")
        database.execute("update outbox set urgency = ?", [outbox.LOW_PRIORITY_URGENCY])
        assert database.execute("select * from token_buckets").fetchall() == []
        deliverer = subprocess.Popen([sys.executable, "-m", "petition", "deliver"], cwd=ROOT, env=shell.environment)
        try:
            wait_for(lambda: len(database.execute("select * from token_buckets").fetchall()) == 1)
        finally:
            deliverer.send_signal(signal.SIGTERM)
        assert deliverer.wait(timeout=120) == 0
    assert len(smtp.mails) == reported


def test_a_unit_that_failed_is_told_to_the_operator(shell: Shell, smtp: Relay) -> None:
    """Without a database; and nothing but the name of a unit gets into the email."""
    assert "PETITION_ALERTS_TO is empty, and the desk cannot" in shell.fails("alert", "petition-backup.service")
    shell.environment |= {"PETITION_SMTP_URL": smtp.url, "PETITION_ALERTS_TO": "operator@example.org"}
    assert shell.fine("alert", "petition-backup.service").startswith("The desk is not told: ")
    (email,) = smtp.to("operator@example.org")
    assert email["Subject"] == "Your server needs a look"
    assert "journalctl -u petition-backup.service says why" in email.get_content()
    assert "UNIT is the name of a unit" in shell.fails("alert", "x y\nBcc: anna@example.net")
    assert len(smtp.mails) == 1


def test_a_unit_that_failed_is_in_the_database_until_it_works_again(shell: Shell) -> None:
    """Without an email address of an operator."""

    def stored() -> list[str]:
        with closing(sqlite3.connect(shell.folder / "var" / "petition.db")) as database:
            rows = database.execute("select name from site_state where name like 'failed unit %'").fetchall()
        return [row[0].removeprefix("failed unit ") for row in rows]

    shell.fine("migrate")
    for unit in ("petition-backup.service", "petition-mirror-push.path"):
        shell.fine("alert", unit)
    assert sorted(stored()) == ["petition-backup.service", "petition-mirror-push.path"]
    shell.fine("alert", "--over", "petition-backup.service")
    assert stored() == ["petition-mirror-push.path"]
    shell.fine("alert", "--over", "petition-backup.service")
    shell.fine("alert", "--over", "petition-mirror-push.path")
    assert stored() == []
