"""The verb `letters`: previews; or of an edition all files, the annexes of names, or letters to members."""

from pathlib import Path
from typing import Any

from petition import features
from petition.commands.verbs import Arguments, add_verb, log_action, progress_bar
from petition.core.csv_tables import to_csv
from petition.core.errors import DataError
from petition.core.settings import Settings
from petition.letters.editions import annexes, drafts, editions, files, members, time_stamps
from petition.letters.editions.editions import Edition, IssuedLetter
from petition.letters.formats import pdf
from petition.organisers import activity_log
from petition.site import Site, open_site
from petition.tally import rounding


def register(verbs: Any) -> None:
    parser = add_verb(verbs, "letters", letters, "letters as PDF, without a browser")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--edition", metavar="N", help="all files of an edition, by its number or `latest`, no previews"
    )
    parser.add_argument("--names", action="store_true", help="the lists of names that go with an edition")
    parser.add_argument(
        "--members",
        type=Path,
        metavar="FILE",
        help="the letter to the Members of the European Parliament, to each of a list",
    )
    parser.add_argument("keys", nargs="*", metavar="KEY", help="PL, BE-nl, eu-commission …; all without any")


async def letters(settings: Settings, arguments: Arguments) -> None:
    async with open_site(settings) as site:
        if arguments.edition:
            await _edition(site, arguments)
        elif arguments.names or arguments.members:
            raise DataError("Names and letters to members go with an edition: say which by --edition.")
        else:
            await _previews(site, arguments)


async def _previews(site: Site, arguments: Arguments) -> None:
    keys = arguments.keys or [a.key for a in site.address_book.addressees]
    addressees = [site.address_book.find(key) for key in keys]
    await site.take_snapshot()
    async with site.database.reading() as c:
        draft = await site.current_draft(c)
        names = await drafts.get_annex_names(c, draft, addressees)
    await log_action(
        site, "drew letters", f"{len(addressees)}, names: {rounding.show_magnitude(sum(map(len, names.values())))}"
    )
    for name, content in progress_bar("letter", len(addressees), drafts.render_files(draft, addressees, names)):
        _save(arguments.output, name, content)


async def _edition(site: Site, arguments: Arguments) -> None:
    edition, listed = await files.find_edition(site.database, arguments.edition)
    if arguments.names:
        await _names(site, edition, arguments)
        return
    if arguments.keys:
        raise DataError("An edition is taken whole: name no KEY beside --edition.")
    if arguments.members:
        await _members(site, edition, listed, arguments)
        return
    await log_action(site, "took all letters", f"edition {edition.number}")
    async with site.database.reading() as c:
        stamp = await time_stamps.find_stamp(c, edition.number)
    with progress_bar(" files", files.count_files(listed, site.index_signer, stamp)) as bar:
        proofs = features.letter_files(site.settings)
        async for name, content in files.render_files(site.database, edition, listed, site.index_signer, proofs):
            _save(arguments.output, name, content)
            bar.update()


async def _names(site: Site, edition: Edition, arguments: Arguments) -> None:
    async with site.database.reading() as c:
        draft = await site.current_draft(c)
    keys = arguments.keys or edition.basis["annexes"]
    if not keys:
        raise DataError(f"No letter of edition {edition.number} speaks of names.")
    for key in progress_bar("annex", len(keys), keys):
        addressee = site.address_book.find(key)
        for reference, content in await annexes.make_annex(
            site.database, draft, edition, addressee, activity_log.SERVER
        ):
            _save(arguments.output, f"{reference}.pdf", content)


async def _members(site: Site, edition: Edition, listed: list[IssuedLetter], arguments: Arguments) -> None:
    """A letter to each member, and a list of who gets which."""
    async with site.database.reading() as c:
        found = [await editions.find_letter(c, issued.reference) for issued in listed if issued.key == members.KEY]
    versions = {match[1].language: match[1] for match in found if match}
    people = members.read_members(arguments.members, versions)
    await log_action(site, "drew letters to members", f"{edition.number}: {rounding.show_magnitude(len(people))}")
    files_of = {f"{members.KEY}-{edition.number}-{n:03}.pdf": member for n, member in enumerate(people, start=1)}
    rows = [(name, member.name) for name, member in files_of.items()]
    _save(arguments.output, "members.csv", to_csv([("file", "name"), *rows]).encode())
    contents = pdf.render_all(members.address_to(member, versions) for member in people)
    for name, content in progress_bar("letter", len(people), zip(files_of, contents, strict=True)):
        _save(arguments.output, name, content)


def _save(folder: Path, name: str, content: bytes) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    except OSError as error:
        raise DataError(f"{folder / name} cannot be written: {error.strerror}.") from None
