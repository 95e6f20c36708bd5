"""Forged, cut and changed backups: each is refused with one sentence, and nothing is changed."""

import tracemalloc
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyrage
import pytest
from hypothesis import strategies as st
from pyrage import x25519

from petition.core.database import migrations
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.errors import DataError, KeysError, PetitionError
from petition.retention import backup, backup_file
from petition.site import Site
from tests.conftest import IDENTITY
from tests.retention import forging
from tests.retention.forging import END, HEAD, OTHER_KEY, SERVER_KEY, Chunk, packed, signed
from tests.web.tools import all_rows, for_all, on_sqlite

Lines = list[bytes]
FOREIGN = "was not made by this server, nor by one with the same PETITION_DESK_KEY"
CHANGED = "was changed after it was made: a line is damaged, missing or not in its place"
INJECTION = "site_state(name,value) select 'injected', ? --"
MALLORY: Row = {"nickname": "mallory", "email_hash": "x", "role": "admin", "added_on": "2026-11-22"}
MALLORY |= {"failed_codes": 0, "locked_until": 0, "acknowledged_keys": ""}
SESSION: Row = {"id": "s", "nickname": "mallory", "created_at": 0, "last_used_at": 2**31, "expires_at": 2**31}
SESSION |= {"authenticated": 1, "challenge": ""}
SIGNATURE: Row = {"mailbox": "m", "email_hash": "m", "country": "PL", "confirmed_on": "2026-11-22", "consent": "1"}
SIGNATURE |= {"named": 0, "updates": 0}
FORM: Row = dict.fromkeys(("id", "mailbox", "email_hash", "quota", "country", "consent", "state"), "x")
FORM |= {"disposable": 0, "expires_at": 1}
EDITION = {"number": 1, "issued_at": "2026-11-01T00:00:00Z", "nickname": "mallory", "basis": "{}"}
LINE = {"n": 1, "logged_at": "2026-11-22T12:00:00Z", "nickname": "alice", "action": "logged in", "detail": ""}
NEWER = {"name": "schema", "value": str(migrations.latest_version() + 1)}


def _refusals(n: object) -> tuple[str, list[Row]]:
    return "refusals", [{"day": "2026-11-22", "code": "5.1.1", "n": n}]


def _signature(**other: object) -> tuple[str, list[Row]]:
    return "signatures", [SIGNATURE | other]


# What is planted, and the sentence if even the MAC is right: a server that makes such a file has gone wrong.
PLANTED: dict[str, tuple[Any, str]] = {
    "a session": (("sessions", [SESSION]), "names a table that no backup has: 'sessions'"),
    "SQL in the name of a table": ((INJECTION, [{"x": "y"}]), 'names a table that no backup has: "site_state(name'),
    "SQL in the name of a column": (
        ("refusals", [{"day) select 'x' --": "y"}]),
        "names a column that refusals does not have: \"day) select 'x' --\"",
    ),
    "an unknown table": (("house", [{"name": "x"}]), "names a table that no backup has: 'house'"),
    "a table of no backup": (("outbox", [{"id": "x"}]), "names a table that no backup has: 'outbox'"),
    "a table of the database itself": (("sqlite_master", []), "names a table that no backup has: 'sqlite_master'"),
    "an unknown column": (_signature(age=3), "names a column that signatures does not have: 'age'"),
    "a column of no backup": (("submissions", [{"network": "x"}]), "that submissions does not have: 'network'"),
    "a column too few": (("signatures", [{"mailbox": "m"}]), "row of signatures whose email_hash is missing or no str"),
    "rows that differ": (("submissions", [FORM, FORM | {"name": "y"}]), "rows of submissions with different columns"),
    "a text for a number": (_refusals("9"), "n is missing or no int"),
    "a truth value for a number": (_refusals(True), "n is missing or no int"),
    "a fraction": (_refusals(1.5), "n is missing or no int"),
    "a number too large": (_refusals(2**63), "n is missing or no int"),
    "nothing for a text": (_signature(mailbox=None), "mailbox is missing or no str"),
    "a list for a text": (_signature(mailbox=["m"]), "mailbox is missing or no str"),
    "a text that no database stores": (_signature(mailbox="a\0b"), "mailbox is missing or no str"),
    "half a character": (_signature(mailbox="\ud800"), "mailbox is missing or no str"),
    "another activity log": (("actions", [LINE]), "has another line of the activity log 1 than this database"),
    "another edition": (("editions", [EDITION]), "has another edition 1 than this database"),
    "a newer schema": (("site_state", [NEWER]), "was made by a newer version of Petition: update this one"),
    "no rows": (("signatures", "rows"), "is not a backup"),
    "no table": (([1], []), "is not a backup"),
    "a row that is none": (("signatures", ["row"]), "is not a backup"),
    "more rows than a line has": (("refusals", [{}] * (backup_file.MAX_ROWS + 1)), "with more rows than any line"),
}


async def _restore(site: Site, file: Path, **options: Any) -> backup.Restored:
    return await backup.restore_backup(site.database, site.settings, [IDENTITY], file, **options)


async def _refusal(site: Site, file: Path) -> str:
    """The one sentence of a restore that must be refused and change nothing."""
    before = await all_rows(site)
    with pytest.raises((DataError, KeysError)) as refused:
        await _restore(site, file, organisers=True)
    assert await all_rows(site) == before
    sentence = str(refused.value)
    assert sentence.startswith(str(file))
    assert sentence.endswith(".")
    assert sentence.isprintable()
    return sentence


async def _whole(site: Site, file: Path) -> list[Chunk]:
    await backup.write_backup(site.database, site.settings, file)
    return forging.read_chunks(file)


@pytest.mark.parametrize("what", PLANTED)
async def test_what_a_holder_of_the_public_keys_plants_is_refused(what: str, full_site: Site, tmp_path: Path) -> None:
    planted, _ = PLANTED[what]
    for chunks in ([HEAD, planted, END], [*(await _whole(full_site, tmp_path / "true"))[:-1], planted, END]):
        forging.write_chunks(tmp_path / "forged", chunks, OTHER_KEY)
        assert FOREIGN in await _refusal(full_site, tmp_path / "forged")


@pytest.mark.parametrize("what", PLANTED)
async def test_what_does_not_fit_is_refused_even_with_the_right_key(
    what: str, full_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted, sentence = PLANTED[what]
    inserted: list[str] = []
    monkeypatch.setattr(Connection, "insert_rows", lambda _, table, rows: inserted.append(table))
    forging.write_chunks(tmp_path / "forged", [HEAD, planted, END], SERVER_KEY)
    assert sentence in await _refusal(full_site, tmp_path / "forged")
    assert inserted == [], "no name of the file reaches SQL"


async def test_a_planted_admin_opens_no_desk(full_site: Site, tmp_path: Path) -> None:
    chunks = await _whole(full_site, tmp_path / "true")
    for planted in ([("organisers", [MALLORY])], [("organisers", [MALLORY]), ("sessions", [SESSION])]):
        forging.write_chunks(tmp_path / "forged", [*chunks[:-1], *planted, END], OTHER_KEY)
        assert FOREIGN in await _refusal(full_site, tmp_path / "forged")


@pytest.mark.parametrize("key", [OTHER_KEY, b"", bytes(32)], ids=["another server", "empty", "zeros"])
async def test_signatures_at_will_are_refused(key: bytes, full_site: Site, tmp_path: Path) -> None:
    chunks = await _whole(full_site, tmp_path / "true")
    more = [SIGNATURE | {"mailbox": f"m{n}", "email_hash": f"m{n}"} for n in range(1000)]
    forging.write_chunks(tmp_path / "forged", [*chunks[:-1], ("signatures", more), END], key)
    assert FOREIGN in await _refusal(full_site, tmp_path / "forged")


# Lines of two true backups of the same server, put together in another way, and the sentence.
MIXED: dict[str, tuple[Callable[[Lines, Lines], Lines], str]] = {
    "without the end": (lambda a, _: a[:-1], "is cut: its end is missing"),
    "the head alone": (lambda a, _: a[:1], "is cut: its end is missing"),
    "without the beginning": (lambda a, _: a[1:], "or its beginning is missing"),
    "without a line": (lambda a, _: [*a[:2], *a[3:]], CHANGED),
    "two lines swapped": (lambda a, _: [*a[:2], a[3], a[2], *a[4:]], CHANGED),
    "the other way round": (lambda a, _: a[::-1], "or its beginning is missing"),
    "a line twice": (lambda a, _: [*a[:3], *a[2:]], CHANGED),
    "the end too early": (lambda a, _: [*a[:3], a[-1]], CHANGED),
    "a line after the end": (lambda a, _: [*a, a[1]], CHANGED),
    "the tail of an older one": (lambda a, b: [*a[:3], *b[3:]], CHANGED),
    "a line of an older one": (lambda a, b: [*a[:3], b[3], *a[4:]], CHANGED),
    "one after the other": (lambda a, b: [*a, *b], CHANGED),
    "an empty line": (lambda a, _: [*a[:3], b"", *a[3:]], CHANGED),
    "half a line": (lambda a, _: [*a[:3], a[3][:-40], *a[4:]], CHANGED),
    "nothing": (lambda *_: [], "is not a backup"),
    "words": (lambda *_: [b"hello"], "is not a backup"),
    "base64 of words": (lambda *_: [b64encode(b"hello")], "is not a backup"),
}


@pytest.mark.parametrize("how", MIXED)
async def test_lines_of_true_backups_can_neither_be_cut_nor_moved_nor_mixed(
    how: str, full_site: Site, tmp_path: Path
) -> None:
    mix, sentence = MIXED[how]
    files = [tmp_path / name for name in ("newer", "older")]
    for file in files:
        await backup.write_backup(full_site.database, full_site.settings, file)
    (tmp_path / "forged").write_bytes(b"\n".join(mix(*(file.read_bytes().splitlines() for file in files))) + b"\n")
    assert sentence in await _refusal(full_site, tmp_path / "forged")


# What somebody puts into the encryption who has the contents of a true backup, and no key of the server.
INSIDE: dict[str, Callable[[Lines], Lines]] = {
    "no MAC": lambda lines: [line[32:] for line in lines],
    "a MAC of zeros": lambda lines: [bytes(32) + line[32:] for line in lines],
    "the MACs of the true one": lambda lines: [line[:32] + packed(("sessions", [SESSION])) for line in lines],
    "each MAC for its line alone": lambda lines: [signed([line[32:]], OTHER_KEY)[0] for line in lines],
    "sealed twice": lambda lines: [pyrage.encrypt(line, [IDENTITY.to_public()]) for line in lines],
    "empty": lambda lines: [b"" for _ in lines],
}


@pytest.mark.parametrize("what", INSIDE)
async def test_who_reseals_without_the_key_of_the_server_cannot_change_it(
    what: str, full_site: Site, tmp_path: Path
) -> None:
    await _whole(full_site, tmp_path / "true")
    forging.seal(tmp_path / "forged", INSIDE[what](forging.contents(tmp_path / "true")))
    assert FOREIGN in await _refusal(full_site, tmp_path / "forged")


@on_sqlite
async def test_a_bomb_is_not_inflated(full_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    press = zlib.compressobj()
    bomb = b"".join(press.compress(b" " * 2**20) for _ in range(400)) + press.flush()
    for key, sentence in ((SERVER_KEY, "inflates to more than any line of a backup"), (OTHER_KEY, FOREIGN)):
        forging.seal(tmp_path / "forged", signed([packed(HEAD), bomb, packed(END)], key))
        tracemalloc.start()
        assert sentence in await _refusal(full_site, tmp_path / "forged")
        assert tracemalloc.get_traced_memory()[1] < 4 * backup_file.MAX_CONTENT
        tracemalloc.stop()
    monkeypatch.setattr(zlib, "decompressobj", None)
    assert FOREIGN in await _refusal(full_site, tmp_path / "forged"), "without a MAC nothing is inflated at all"


@on_sqlite
async def test_a_gigabyte_without_a_line_is_not_read(full_site: Site, tmp_path: Path) -> None:
    with (tmp_path / "forged").open("wb") as out:
        out.truncate(2**30)
    tracemalloc.start()
    assert "has a line that is longer than any line of a backup" in await _refusal(full_site, tmp_path / "forged")
    assert tracemalloc.get_traced_memory()[1] < 4 * backup_file.MAX_LINE
    tracemalloc.stop()


@on_sqlite
async def test_what_could_not_be_restored_is_not_written(
    full_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_file, "MAX_CONTENT", 500)
    with pytest.raises(DataError, match="is too large for a backup"):
        await backup.write_backup(full_site.database, full_site.settings, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


async def test_a_file_that_is_replaced_during_the_restore_changes_nothing(
    full_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = await _whole(full_site, tmp_path / "backup")
    own_transaction = Database.own_transaction

    async def late(database: Database, job: Any) -> Any:
        forging.write_chunks(tmp_path / "backup", [*chunks[:-1], ("names", []), END], OTHER_KEY)
        return await own_transaction(database, job)

    monkeypatch.setattr(Database, "own_transaction", late)
    assert FOREIGN in await _refusal(full_site, tmp_path / "backup")


async def test_an_older_key_that_is_still_listed_is_believed(full_site: Site, tmp_path: Path) -> None:
    await _whole(full_site, tmp_path / "backup")
    new = "a-new-desk-key-of-thirty-two-characters!"
    rotated = replace(full_site, settings=replace(full_site.settings, desk_keys=(new, forging.DESK_KEY)))
    assert (await _restore(rotated, tmp_path / "backup")).rows
    seized = replace(full_site, settings=replace(full_site.settings, desk_keys=(new,)))
    assert FOREIGN in await _refusal(seized, tmp_path / "backup")


@st.composite
def _changes(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """A change of a file's bytes, lines, or of what is inside the encryption of a line."""
    kind = draw(st.sampled_from(("byte", "cut", "insert", "line", "inside", "none")))
    at, other, value = draw(st.integers(0, 10**6)), draw(st.integers(0, 10**6)), draw(st.integers(0, 255))

    def change(content: bytes) -> bytes:
        lines, place = content.splitlines(keepends=True), at % len(content)
        n, m = at % len(lines), other % len(lines)
        if kind == "byte":
            return content[:place] + bytes([value]) + content[place + 1 :]
        if kind == "cut":
            return content[:place] + content[place + other % 200 :]
        if kind == "insert":
            return content[:place] + bytes([value]) * (other % 50) + content[place:]
        if kind == "line":
            lines[n], lines[m] = lines[m], lines[n] if value % 2 else b""
        if kind == "inside":
            inside = bytearray(pyrage.decrypt(b64decode(lines[n]), [IDENTITY]))
            inside[other % len(inside)] ^= value
            lines[n] = b64encode(pyrage.encrypt(bytes(inside), [IDENTITY.to_public()])) + b"\n"
        return b"".join(lines)

    return change


async def _rows_of_a_restore(site: Site) -> dict[str, list[str]]:
    """Without what tells that there was a restore, or how many."""
    found = {table: rows for table, rows in (await all_rows(site)).items() if table != "actions"}
    return found | {"site_state": [row for row in found["site_state"] if "'timeline'" not in row]}


async def test_a_changed_file_is_refused_or_gives_the_same_database(full_site: Site, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    await _whole(full_site, file)
    true = file.read_bytes()
    await _restore(full_site, file)
    same = await _rows_of_a_restore(full_site)
    accepted: list[object] = []

    async def check(change: Callable[[bytes], bytes]) -> None:
        file.write_bytes(change(true))
        with suppress(PetitionError):  # anything else is a fault
            await _restore(full_site, file)
            accepted.append(change)
        assert await _rows_of_a_restore(full_site) == same

    await for_all(_changes(), check, most=150)
    assert accepted, "a change that changes nothing is among them"


@on_sqlite
async def test_what_an_organiser_reseals_opens_with_the_new_key_alone(full_site: Site, tmp_path: Path) -> None:
    await _whole(full_site, tmp_path / "backup")
    key = x25519.Identity.generate()
    backup_file.reseal(tmp_path / "backup", IDENTITY, key.to_public(), tmp_path / "resealed")
    with pytest.raises(KeysError, match="does not open with this key"):
        await _restore(full_site, tmp_path / "resealed")
    assert (await backup.restore_backup(full_site.database, full_site.settings, [key], tmp_path / "resealed")).rows
    with pytest.raises(DataError, match="exists already"):
        backup_file.reseal(tmp_path / "backup", IDENTITY, key.to_public(), tmp_path / "resealed")
    with pytest.raises(KeysError, match="does not open with this key"):
        backup_file.reseal(tmp_path / "resealed", IDENTITY, key.to_public(), tmp_path / "again")
    assert not (tmp_path / "again").exists()
