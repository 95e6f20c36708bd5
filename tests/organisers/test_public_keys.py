"""Fingerprints of the recipients' keys: everybody computes the same; a change is announced until it was seen."""

import hashlib
from functools import partial

from petition.organisers import activity_log, public_keys
from petition.site import Site
from tests.conftest import Clock, add_organiser

OLD, NEW = ("age1old", "age1both"), ("age1both", "age1new")


async def _start(site: Site, keys: tuple[str, ...]) -> list[str]:
    """The announcements of one server start."""
    async with site.database.reading() as c:
        before = len(await activity_log.list_lines(c))
    await site.database.write(partial(public_keys.log_changes, recipients=keys))
    async with site.database.reading() as c:
        rows = await activity_log.list_lines(c)
    return [f"{row['nickname']} {row['action']} {row['detail']}" for row in rows[: len(rows) - before]]


def test_a_fingerprint_is_what_sha256sum_prints() -> None:
    assert public_keys.fingerprint("age1old") == hashlib.sha256(b"age1old").hexdigest()[:16]
    assert public_keys.fingerprints(OLD) == public_keys.fingerprints((*OLD[::-1], "age1old"))


async def test_a_change_is_announced_once(site: Site, time: Clock) -> None:
    assert [line[:21] for line in await _start(site, OLD)] == ["the server seals to +"]
    assert await _start(site, OLD[::-1]) == []
    (line,) = await _start(site, NEW)
    new, old = public_keys.fingerprint("age1new"), public_keys.fingerprint("age1old")
    assert line == f"the server seals to other keys +{new} -{old}"
    assert await _start(site, NEW) == []


async def test_each_organiser_is_told_until_they_say_so(site: Site, time: Clock) -> None:
    for nickname in ("marta", "anna"):
        await add_organiser(site, nickname)

    async def unseen(nickname: str, keys: tuple[str, ...]) -> bool:
        async with site.database.reading() as c:
            return await public_keys.unacknowledged(c, nickname, keys)

    assert await unseen("marta", OLD)
    await site.database.write(partial(public_keys.acknowledge, nickname="marta", recipients=OLD))
    assert [await unseen(nickname, OLD) for nickname in ("marta", "anna")] == [False, True]
    assert await unseen("marta", NEW)
    assert not await unseen("nobody", NEW)
