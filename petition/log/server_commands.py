"""Verbs of the server: petition log begin, adopt, audit."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from petition import features
from petition.commands.confirmation import add_options, ask_to_go_on
from petition.commands.verbs import Arguments, add_verb, print_result
from petition.core import clock
from petition.core.database.connection import Connection
from petition.core.settings import Settings
from petition.log import adopting, heads, store
from petition.log.errors import LogError
from petition.log.folder import Folder
from petition.log.keeper import read_own_note
from petition.log.store import New
from petition.organisers import activity_log, last_checks
from petition.site import open_site


def register(verbs: Any) -> None:
    """`verbs`: those of `petition log`."""
    starting = add_verb(
        verbs, "begin", begin, "begins the log of a new site, or another one after its key was lost for good"
    )
    starting.add_argument("--lost-key", action="store_true", help="there is a log, and nobody has its key any more")
    add_options(starting)
    taking = add_verb(verbs, "adopt", adopt, "brings back published entries that the database has lost")
    taking.add_argument(
        "source",
        nargs="?",
        default="",
        metavar="FOLDER|URL",
        help="a mirror or a copy; this machine's files by default",
    )
    taking.add_argument("--none", action="store_true", help="after a restore: nobody has a newer log than the backup")
    add_options(taking)
    add_verb(verbs, "audit", audit, "recounts every number, as `petition audit`, and logs the result for everybody")


async def begin(settings: Settings, arguments: Arguments) -> None:
    store.read_keys(settings)
    async with open_site(settings) as site:
        async with site.database.reading() as c:
            names = await store.list_names(c)
            await read_own_note(c, Folder(settings.var))
            await heads.refuse_restored(c)  # a log may have begun after the backup
        if names and not arguments.lost_key:
            raise LogError(
                f"There is a log already, {names[-1]}: only if nobody has its key any more, begin another one with a "
                "key of another name and --lost-key."
            )
        if (names or arguments.dry_run) and not await ask_to_go_on(arguments, "lost-key", partial(_plan_begin, names)):
            return
        name = await site.database.own_transaction(partial(_begin, settings=settings))
    print(f"The log {name} begins: the server writes to it from now on, and signs after ten minutes.")


async def _plan_begin(names: Sequence[str]) -> list[str]:
    if not names:
        return ["The log of this site begins."]
    return [
        f"The log {names[-1]} ends for ever: nothing is added to it any more, and it stays at /log/before/.",
        "Another one begins. Everybody who watches needs its new public key.",
    ]


async def _begin(c: Connection, *, settings: Settings) -> str:
    name = await store.begin(c, settings)
    await activity_log.append(c, activity_log.SERVER, "began the public log", name)
    return name


async def adopt(settings: Settings, arguments: Arguments) -> None:
    async with open_site(settings) as site:
        plan = _plan_none if arguments.none else _plan_adopt
        if (arguments.none or arguments.dry_run) and not await ask_to_go_on(arguments, "none", plan):
            return
        if arguments.none:
            await site.database.own_transaction(adopting.adopt_nothing)
            print("The log continues from the backup.")
            return
        source = adopting.find_source(settings, arguments.source)
        n = await adopting.adopt(site.database, settings, source)
    print(f"{n} entries brought back." if n else "Nothing was missing: the database has all that was published there.")


async def _plan_adopt() -> list[str]:
    return ["Entries that were published there, and that the database lacks, are brought back. Nothing else changes."]


async def _plan_none() -> list[str]:
    return [
        "The log continues from the backup, and other entries come to the places after it.",
        "If anybody has a newer checkpoint, they have the proof that the log was changed, and it cannot be repaired.",
    ]


async def audit(settings: Settings, _: Arguments) -> int:
    async with open_site(settings) as site:
        async with site.database.reading() as c:
            await read_own_note(
                c, Folder(settings.var)
            )  # else the entry would take the place of one that was published
        sentences = await last_checks.audit_and_record(site.database, partial(features.audit, site=site))
        async with site.database.reading() as c:
            log = await store.read_log(c)
        if log is None:
            raise LogError("Nothing is logged here yet: `petition log begin` begins the log.")
        entry = {"kind": "audit", "day": clock.today().isoformat(), "ok": not sentences}
        job = partial(store.append, news=[New(entry)], after=log.first + log.size)
        while not await site.database.own_transaction(job):
            async with site.database.reading() as c:
                job = partial(store.append, news=[New(entry)], after=int((await store.read_ends(c))["entries"]))
    return print_result(sentences, "All numbers agree, and the log says so.")
