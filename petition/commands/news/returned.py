"""Emails that came back to the sender, which an organiser saved as files: whose mailbox does not exist."""

from pathlib import Path

from petition.commands.news.journal import State
from petition.commands.news.run import Run
from petition.core.errors import DataError
from petition.mail.bounce_reports import BOUNCED, MAX_REPORT_BYTES, BounceReport, parse_report


def mark_gone(run: Run, folder: Path) -> int:
    """How many more mailboxes do not exist, by reports about emails of this mailing. Raises DataError."""
    sent = {run.journal.reference(person.address): person.address for person in run.in_state(State.SENT)}
    reports = [report for file in _files(folder) if (report := _read(file))]
    # A report about another address is about a copy, which somebody sent on.
    gone = {sent[r.reference] for r in reports if r.reference in sent and r.recipient in (None, sent[r.reference])}
    for address in gone:
        run.journal.write_state(address, State.GONE)
    return len(gone)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder: save the emails that came back there, one file each.")
    return sorted(file for file in folder.rglob("*") if file.is_file())


def _read(file: Path) -> BounceReport | None:
    """None for all but a mailbox that refuses emails for good."""
    try:
        with file.open("rb") as opened:
            report = parse_report(opened.read(MAX_REPORT_BYTES))
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from None
    return report if report and report.reason == BOUNCED else None
