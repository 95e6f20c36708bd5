"""The command line: each verb a few lines that call the job. Every failure is one sentence and a non-zero exit."""

import argparse
import asyncio
import csv
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from petition import __version__, audit, backup, doctor, editions, organisers, retention, sample, sealing, settings
from petition.errors import DataError, OrganiserError, PetitionError
from petition.organisers import Role
from petition.settings import Settings
from petition.site import opened
from petition.tokens import Purpose

Arguments = argparse.Namespace
Verb = Callable[[Settings, Arguments], Coroutine[Any, Any, int | None]]


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; its exit code."""
    os.umask(0o077)  # what we write is for nobody else's eyes
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    given = _parser().parse_args(arguments)
    try:
        if given.verb in (serve, unseal):
            return int(given.verb(given))
        verb: Verb = given.verb
        return asyncio.run(verb(settings.read(os.environ), given)) or 0
    except PetitionError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1


def serve(arguments: Arguments) -> int:
    """Web server and, unless told otherwise, mail delivery."""
    from petition.server import run  # noqa: PLC0415 (only this verb needs a web server)

    os.environ.setdefault("PETITION_BASE_URL", "")
    if os.environ.get("PETITION_MODE", "demo") == "demo" and not os.environ["PETITION_BASE_URL"]:
        os.environ["PETITION_BASE_URL"] = f"http://127.0.0.1:{arguments.port}"
    given = settings.read(os.environ)
    return run(given, arguments.host, arguments.port, arguments.workers, deliver=not arguments.no_deliver)


async def deliver(given: Settings, _: Arguments) -> None:
    """Mail delivery alone, until it is told to stop."""
    async with opened(given) as site:
        deliverer = site.deliverer()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, lambda: loop.create_task(deliverer.stop()))
        await deliverer.run()


async def migrate(given: Settings, _: Arguments) -> None:
    """The database to the current schema."""
    async with opened(given, migrate=True):
        print("The database has the current schema.")


async def organiser_add(given: Settings, arguments: Arguments) -> None:
    """A new organiser."""
    async with opened(given) as site:
        if (address := site.mailboxes.read(arguments.email)) is None:
            raise OrganiserError("This is not an email address.")
        role = Role[arguments.role.upper()]
        add = partial(organisers.add, vault=site.vault, nickname=arguments.nickname, address=address, role=role)
        await site.database.write(add)


async def organiser_list(given: Settings, _: Arguments) -> None:
    """Who they are, by nickname."""
    async with opened(given) as site, site.database.reading() as c:
        for row in await organisers.listed(c):
            print(f"{row['nickname']}\t{row['role']}\tsince {row['since']}")


async def organiser_remove(given: Settings, arguments: Arguments) -> None:
    """Ends what an organiser may do."""
    async with opened(given) as site:
        await site.database.write(partial(organisers.remove, nickname=arguments.nickname))


async def organiser_link(given: Settings, arguments: Arguments) -> None:
    """A login link that works once."""
    async with opened(given) as site:
        number = await site.database.write(partial(organisers.link, nickname=arguments.nickname))
        print(f"{given.base_url}/organisers/login/{site.signer.make(Purpose.LOGIN, number)}")


async def letters(given: Settings, arguments: Arguments) -> None:
    """Letters as PDF into a folder."""
    async with opened(given) as site:
        keys = arguments.keys or [a.key for a in site.book.addressees]
        addressees = [site.book.find(key) for key in keys]
        await site.publish()
        async with site.database.reading() as c:
            edition = await editions.draw_up(c, site.appeal, site.book, given.base_url)
            names = await editions.names(c, addressees)
        for name, content in _progress(editions.files(edition, addressees, names), "letter", len(addressees)):
            _save(arguments.output, name, content)


def _save(folder: Path, name: str, content: bytes) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    except OSError as error:
        raise DataError(f"{folder / name} cannot be written: {error.strerror}.") from None


def unseal(arguments: Arguments) -> int:
    """On the organisers' machine: the addresses of those who want updates, one per line."""
    try:
        key = sealing.identity(arguments.identity.read_text("utf-8"))
        with arguments.input.open(encoding="utf-8", newline="") if arguments.input else sys.stdin as lines:
            sealed = [row["sealed_address"] for row in csv.DictReader(lines) if row.get("sealed_address")]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"A file cannot be read: {getattr(error, 'strerror', 'it is not text')}.") from None
    for text in _progress(sealed, "address", len(sealed)):
        print(sealing.unseal_contact(key, text))
    return 0


async def close(given: Settings, _: Arguments) -> int:
    """Ends signing for good; asks once more when a person is at the keyboard."""
    question = "This ends signing for good and destroys every keyed hash. Type close if that is meant: "
    if sys.stdin.isatty() and await asyncio.to_thread(input, question) != "close":
        print("Nothing was changed.", file=sys.stderr)
        return 1
    async with opened(given) as site:
        await retention.close(site.database, site.vault, given.email_key_file)
    print("Signing has ended. Keyed hashes, names and contacts are gone; numbers and answers stay.")
    if given.email_key_file is None:
        print("PETITION_EMAIL_KEY stands in the environment: put a new random value there, and destroy the old one.")
    return 0


async def recount(given: Settings, _: Arguments) -> int:
    """Recounts every number."""
    async with opened(given) as site, site.database.reading() as c:
        found = await audit.disagreements(c)
    for sentence in found:
        print(sentence, file=sys.stderr)
    if not found:
        print("All numbers agree.")
    return 1 if found else 0


async def back_up(given: Settings, arguments: Arguments) -> None:
    """A backup, sealed to the recipients."""
    async with opened(given) as site:
        rows = await backup.backup(site.database, given.recipients, arguments.file)
    print(f"{rows} rows, sealed to {len(given.recipients)} recipients.")


async def restore(given: Settings, arguments: Arguments) -> None:
    """A backup in the place of what is there."""
    file = arguments.identity or (given.var / "secrets" / "organisers_identity" if given.demo else None)
    if file is None:
        raise DataError("A restore needs --identity FILE: the secret key of one of the recipients.")
    try:
        identity = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise DataError(f"{file} cannot be read.") from None
    async with opened(given, migrate=True) as site:
        rows = await backup.restore(site.database, given.mode, identity, arguments.file)
    print(f"{rows} rows restored; the never-write list is applied.")


async def prune(given: Settings, _: Arguments) -> None:
    """The retention rules, now."""
    async with opened(given) as site:
        await site.prune()


async def demo(given: Settings, arguments: Arguments) -> None:
    """Fills an empty database."""
    if not given.demo:
        raise DataError("Demo signatures go into a demo database only: set PETITION_MODE=demo.")
    async with opened(given, migrate=True) as site:
        with tqdm(total=arguments.signatures, unit="signature", disable=None) as bar:
            await sample.fill(site.database, arguments.signatures, bar.update)
        await site.publish()


async def examine(given: Settings, _: Arguments) -> int:
    """One line for each thing that is well or to be mended."""
    found = [finding async for finding in doctor.findings(given)]
    for finding in found:
        print(f"mend  {finding.what}: {finding.mend.rstrip('.')}." if finding.mend else f"well  {finding.what}")
    return 1 if any(finding.mend for finding in found) else 0


def _progress(things: Any, unit: str, total: int) -> Any:
    return tqdm(things, unit=unit, total=total, disable=None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("petition", description="Sign a collective ultimatum; make governments answer.")
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    _serving(verbs)
    _organising(verbs)
    _keeping(verbs)
    return parser


def _verb(verbs: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    parser.set_defaults(verb=run)
    return parser


def _serving(verbs: Any) -> None:
    server = _verb(verbs, "serve", serve, "web server and mail delivery; migrates first")
    server.add_argument("--host", default="127.0.0.1")
    server.add_argument("--port", type=int, default=8000)
    server.add_argument("--workers", type=int, default=1)
    server.add_argument("--no-deliver", action="store_true", help="leave the mail to `petition deliver`")
    _verb(verbs, "deliver", deliver, "mail delivery alone, as many processes as wanted")
    _verb(verbs, "migrate", migrate, "brings the database to the current schema")
    filling = _verb(verbs, "demo", demo, "fills an empty database with plausible signatures")
    filling.add_argument("--signatures", type=_positive, required=True, metavar="N")
    _verb(verbs, "doctor", examine, "checks settings, database, SMTP and keys")


def _organising(verbs: Any) -> None:
    acts = verbs.add_parser("organiser", help="adds, lists and removes organisers").add_subparsers(required=True)
    adding = _verb(acts, "add", organiser_add, "a new organiser")
    adding.add_argument("nickname")
    adding.add_argument("email")
    adding.add_argument("--role", choices=[role.name.lower() for role in Role], default="organiser")
    _verb(acts, "list", organiser_list, "who they are")
    _verb(acts, "remove", organiser_remove, "ends what an organiser may do").add_argument("nickname")
    _verb(acts, "link", organiser_link, "a login link that works once").add_argument("nickname")
    writing = _verb(verbs, "letters", letters, "letters as PDF, without a browser")
    writing.add_argument("--output", type=Path, required=True, metavar="DIR")
    writing.add_argument("keys", nargs="*", metavar="KEY", help="PL, BE-nl, eu-commission …; all without any")
    opening = _verb(verbs, "unseal", unseal, "opens sealed addresses on the organisers' own machine")
    opening.add_argument("--identity", type=Path, required=True, metavar="FILE")
    opening.add_argument("input", type=Path, nargs="?", metavar="INPUT", help="signatures.csv; else standard input")


def _keeping(verbs: Any) -> None:
    _verb(verbs, "audit", recount, "recounts every number; exit 0 only if all agree")
    _verb(verbs, "prune", prune, "applies the retention rules now")
    _verb(verbs, "close", close, "ends signing for good; keyed hashes and their key are destroyed")
    _verb(verbs, "backup", back_up, "a backup, sealed to the recipients").add_argument("file", type=Path)
    restoring = _verb(verbs, "restore", restore, "a backup in the place of what is there")
    restoring.add_argument("file", type=Path)
    restoring.add_argument("--identity", type=Path, metavar="FILE", help="the secret key of one of the recipients")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("N is a whole number above zero")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
