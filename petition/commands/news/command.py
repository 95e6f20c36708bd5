"""The verb mail-updates: reads and checks everything, says what it will do, asks, sends, and says what became of it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from petition.commands import confirmation
from petition.commands.news import one_click, report, returned
from petition.commands.news.journal import State, open_journal
from petition.commands.news.mailing import Mailing, Sender, Stopped
from petition.commands.news.run import Run
from petition.commands.news.subscribers import Subscriber, read_export
from petition.commands.news.texts import read_texts
from petition.commands.verbs import Arguments, add_verb, progress_bar
from petition.core import encryption, settings
from petition.core.clock import HOUR
from petition.core.email_addresses import exact_form
from petition.core.errors import DataError

MAX_AGE_HOURS, PER_HOUR = 24, 1000
_MAX_LINE = 1000  # bytes


def register(verbs: Any) -> None:
    parser = add_verb(verbs, "mail-updates", mail_updates, "news to those who asked, from an organiser's own machine")
    parser.add_argument("input", type=Path, metavar="INPUT", help="news.csv, as downloaded at the desk")
    parser.add_argument("--identity", type=Path, required=True, metavar="FILE", help="the secret key of a recipient")
    parser.add_argument("--texts", type=Path, required=True, metavar="FOLDER", help="en.txt, pl.txt and so on")
    parser.add_argument("--fallback", default="", metavar="LANGUAGE", help="for people whose language has no text")
    parser.add_argument("--test", action="store_true", help="sends each text to yourself: needed before anything else")
    parser.add_argument("--per-hour", type=int, default=PER_HOUR, metavar="N", help=f"emails; default {PER_HOUR}")
    parser.add_argument("--max-age", type=int, default=MAX_AGE_HOURS, metavar="HOURS", help="of INPUT; default 24")
    parser.add_argument("--corrected", action="store_true", help="continue, with texts that changed since the start")
    parser.add_argument("--returned", type=Path, metavar="FOLDER", help="emails that came back, saved as files")
    parser.add_argument("--end-gone", action="store_true", help="ends the news of mailboxes that do not exist")
    confirmation.add_options(parser)


def mail_updates(arguments: Arguments) -> int:
    """No address is shown or written to a disk. The exit code is 0 once nobody is left."""
    with _prepare(arguments) as run:
        return asyncio.run(_send_test(run) if arguments.test and not arguments.dry_run else _send(run))


@contextmanager
def _prepare(arguments: Arguments) -> Iterator[Run]:
    """Finds out before the first email whatever can be found out. Raises a PetitionError."""
    if arguments.per_hour < 1 or arguments.max_age < 1:
        raise DataError("--per-hour and --max-age are numbers above 0.")
    urls, sender = settings.for_sender(os.environ)
    texts = read_texts(arguments.texts, arguments.fallback)
    identity = encryption.read_identity(arguments.identity)
    export = read_export(arguments.input, identity)
    if export.age() > arguments.max_age * HOUR:
        raise DataError(
            f"{arguments.input} is {export.age() // HOUR} hours old: anyone who ended the news since then is still in "
            "it. Download it again at the desk."
        )
    texts.check_languages(person.language for person in export.subscribers)
    with open_journal(arguments.texts / "journal", identity) as journal:
        yield Run(arguments, Mailing(texts, sender), export, journal, urls)


async def _send_test(run: Run) -> int:
    """Each text to one mailbox, with a link that ends nobody's news."""
    address = _ask_address()
    site, codes = run.export.subscribers[0].site, run.texts.languages()
    async with _sender(run) as sender:
        await sender.send_test([Subscriber(address, f"{site}/{code}/unsubscribe/test", code) for code in codes])
    run.journal.write_tested(run.texts.digest())
    print(f"{len(codes)} emails are on their way to you. Read each on a phone; then run this without --test.")
    return 0


def _ask_address() -> str:
    """Not an argument: those are in the history of the shell."""
    if sys.stdin.isatty():
        print("Your own email address: ", end="", file=sys.stderr, flush=True)
    address = exact_form(sys.stdin.buffer.readline(_MAX_LINE).decode("utf-8", "replace"))
    if address is None:
        raise DataError("This is not an email address.")
    return address


async def _send(run: Run) -> int:
    reason, left = "", ""
    if (folder := run.arguments.returned) and not run.arguments.dry_run:
        print(f"Of the emails that came back, {returned.mark_gone(run, folder)} are from mailboxes that do not exist.")
    if run.waiting():
        run.check_may_begin()
        if not await confirmation.ask_to_go_on(run.arguments, "send", run.plan):
            return 0
        run.journal.write_text(run.texts.digest())
        reason, left = await _send_waiting(run)
    if run.arguments.end_gone and not run.arguments.dry_run:
        _end_gone(run)
    return report.print_result(run, reason, left)


async def _send_waiting(run: Run) -> tuple[str, str]:
    """Why it ended before everybody had their turn, and what was said of those who are left; empty if nothing."""
    waiting = run.waiting()
    async with _sender(run) as sender:
        with progress_bar("email", len(waiting)) as bar:
            try:
                await sender.send_all(waiting, run.is_too_old, bar.update)
            except (Stopped, DataError) as end:
                return str(end), sender.refusals()
        return "", sender.refusals()


@asynccontextmanager
async def _sender(run: Run) -> AsyncIterator[Sender]:
    sender = Sender(run.mailing, run.journal, run.urls, run.arguments.per_hour)
    try:
        yield sender
    finally:
        await sender.close()


def _end_gone(run: Run) -> None:
    gone = run.in_state(State.GONE)
    for person in progress_bar("link", len(gone), gone):
        if one_click.press(person.link):
            run.journal.write_state(person.address, State.ENDED)
