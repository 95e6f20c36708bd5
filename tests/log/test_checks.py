"""What the doctor, the desk and the operator are told of the log: it stands still, nobody signs, its key lies open."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from petition import features
from petition.commands.doctor.finding import Finding
from petition.core.log_keys import make_log_key
from petition.core.settings import Mode, Settings
from petition.log import checks, store
from petition.log.keeper import COPY_STANDS
from petition.site import open_site
from tests.conftest import LOG_KEY
from tests.log.conftest import Forget, Kept
from tests.relay import Relay, plain
from tests.tally.publishing import start_production

WELL, HALF_AN_HOUR = "ok    public log", 1800
OPERATOR, OTHER_KEY = "operator@example.org", make_log_key("demo.localhost/log2")
DAMAGED = "x\n\n— y eA==\n"
ENTRY = {"kind": "rule", "name": "another", "value": "1"}
UNSIGNED = (
    "warn  public log: nothing was signed for half an hour, though entries wait: strangers see an old log."
    " To fix it: start the service on the machine that has PETITION_LOG_KEY"
)


async def _doctor(kept: Kept | Settings) -> str:
    """Its line."""
    return (await checks.check_log(kept.site.settings if isinstance(kept, Kept) else kept)).as_line()


async def _warnings(kept: Kept) -> list[str]:
    """What the desk and /readyz say."""
    async with kept.site.database.reading() as c:
        return await features.list_warnings(c, kept.site)


async def test_a_machine_without_the_key_says_why_its_files_stand_still(
    kept: Kept, tmp_path: Path, smtp: Relay
) -> None:
    """The machine with the key signs on, and does not say that the other one is well."""
    await kept.grow(1)
    made = replace(kept.site.settings, var=tmp_path / "other", log_keys=(), alerts_to=OPERATOR)
    copy = Kept(replace(kept.site, settings=made), kept.time)
    await copy.work()
    before = copy.checkpoint()
    assert (before, await _doctor(kept)) == (kept.checkpoint(), WELL)
    (copy.folder / "checkpoint").write_text(DAMAGED)
    for _ in range(2):
        await kept.grow(1)
        await copy.work()
        problem = await kept.stands(COPY_STANDS)
        assert problem
    assert (copy.checkpoint(), await copy.stands(), smtp.to(OPERATOR)) == (DAMAGED, "", [])
    assert await _warnings(kept) == [f"The public log stands still. {problem}"]
    line = f"fix   public log: it stands still ({problem.rstrip('.')}): people sign as before."
    assert await _doctor(kept) == await _doctor(copy) == line
    (copy.folder / "checkpoint").unlink()
    await copy.work()
    assert copy.checkpoint() == kept.checkpoint() != before
    assert (await copy.stands(COPY_STANDS), await _warnings(copy), await _doctor(copy)) == ("", [], WELL)


async def test_two_machines_stand_still_for_reasons_of_their_own(
    kept: Kept, tmp_path: Path, smtp: Relay, forget: Forget
) -> None:
    await kept.grow()
    made = replace(kept.site.settings, alerts_to=OPERATOR)
    kept = Kept(replace(kept.site, settings=made), kept.time)
    copy = Kept(replace(kept.site, settings=replace(made, var=tmp_path / "other", log_keys=())), kept.time)
    await copy.work()
    await forget("log_heads", "below > 8")
    await forget("log_entries", "n > 7")
    await kept.work()
    assert await kept.stands(COPY_STANDS) == ""
    (copy.folder / "checkpoint").write_text(DAMAGED)
    await copy.work()
    ours, theirs = await kept.stands(), await kept.stands(COPY_STANDS)
    assert "run `petition log adopt`" in ours
    assert theirs not in ("", ours)
    (mail,) = smtp.to(OPERATOR)
    assert ours in " ".join(plain(mail).split())


async def test_nothing_was_signed_for_half_an_hour(kept: Kept) -> None:
    """Of a log that nobody has signed yet, and of one that was."""
    await kept.work()
    for _ in range(2):
        assert await _doctor(kept) == WELL
        kept.time.advance(seconds=HALF_AN_HOUR)
        assert await _doctor(kept) == WELL
        kept.time.advance(seconds=1)
        assert await _doctor(kept) == UNSIGNED
        await kept.work()
        assert await _doctor(kept) == WELL
        await kept.append(ENTRY)


async def test_of_a_second_log_too_it_is_said_that_nobody_signs(kept: Kept) -> None:
    await kept.grow(1)
    other = kept.restarted(OTHER_KEY)
    await other.site.database.own_transaction(partial(store.begin, settings=other.site.settings))
    assert await _doctor(other) == WELL
    kept.time.advance(seconds=HALF_AN_HOUR + 1)
    assert await _doctor(other) == UNSIGNED
    await other.work()
    assert await _doctor(other) == WELL


async def test_a_real_site_without_a_log_is_told_how_to_begin_one(settings: Settings) -> None:
    real = replace(settings, mode=Mode.PRODUCTION)
    async with open_site(settings) as site:
        await start_production(site.database)
    keyless = await _doctor(replace(real, log_keys=()))
    assert keyless.startswith("warn  public log: PETITION_LOG_KEY is empty: ")
    assert keyless.endswith(" To fix it: petition log key NAME (see the handbook)")
    assert (await _doctor(real)).endswith(" To fix it: petition log begin")


async def test_a_demo_and_a_database_that_cannot_be_used_are_no_findings(settings: Settings) -> None:
    assert await _doctor(settings) == WELL
    assert await _doctor(replace(settings, mode=Mode.PRODUCTION)) == WELL
    assert await _doctor(replace(settings, database_url="postgresql://127.0.0.1:1/away")) == WELL


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o444, 0o601])
def test_the_key_of_the_log_is_for_its_owner_alone(settings: Settings, tmp_path: Path, mode: int) -> None:
    file, well = tmp_path / "log_key", Finding("file of the log key")
    made = replace(settings, log_key_file=file)
    assert checks.check_log_key(replace(settings, log_key_file=None)) == checks.check_log_key(made) == well
    file.write_text(LOG_KEY)
    file.chmod(mode)
    found = checks.check_log_key(made)
    assert (found.fix, found.command) == (f"others may read {file}", f"chmod 600 {file}")
    file.chmod(0o600)
    assert checks.check_log_key(made) == well
