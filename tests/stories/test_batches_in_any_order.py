"""Signing, withdrawing, keeping, setting aside, undoing, kills and time, in any order: all numbers agree each time."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from petition.core.errors import BatchError, LinkError
from petition.signing import batch_rules, batches, printed_names, set_aside, signatures
from petition.signing.batch_rules import COUNTRY_AND_DAY, DISPOSABLE, NETWORK, Rule
from petition.site import Site, open_site
from petition.tally import audit
from tests import EXAMPLES
from tests.conftest import Clock, make_settings
from tests.signing.crowds import crowd, kept
from tests.stories.test_any_order import fresh

__all__ = ["fresh"]
T = TypeVar("T")
words = st.sampled_from(("qa", "qb", "qc"))


class InAnyOrder(RuleBasedStateMachine):
    folder: ClassVar[Path]
    fresh_database: ClassVar[Callable[[Path], str]]
    time: ClassVar[Clock]
    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        home = self.folder / secrets.token_hex(4)
        home.mkdir()
        self.settings = make_settings(type(self).fresh_database(home), home)
        self._start()

    def _start(self) -> None:
        self._open = AsyncExitStack()
        self.site: Site = self._run(self._open.enter_async_context(open_site(self.settings)))

    def _run(self, job: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await job

        return self.runner.run(awaited())

    def _decide(self, act: Callable[..., Awaitable[None]], **values: Any) -> None:
        try:
            self._run(self.site.database.write(partial(act, **values)))
        except BatchError:
            return  # not now

    @rule(word=words, n=st.integers(1, 5), country=st.sampled_from(("DE", "PL", "ZZ")), mark=st.booleans())
    def sign(self, word: str, n: int, country: str, mark: bool) -> None:
        with suppress(LinkError):  # over the limit on emails to a mailbox, its link is nobody's
            self._run(crowd(self.site, word, n, country, network="tag" if mark else "x", disposable=mark, named=mark))

    @rule(word=words)
    def withdraw(self, word: str) -> None:
        email = self.site.email_providers.parse(f"{word}0@example.net")
        assert email is not None
        mailbox, _ = self.site.server_keys.email_hashes(email)
        remove = partial(signatures.remove_signature, mailbox=mailbox, reason="withdrawn")
        self._run(self.site.database.write(remove))

    @rule(
        target=made,
        mark=st.sampled_from(
            (Rule(DISPOSABLE), Rule(DISPOSABLE, country="DE"), Rule(NETWORK, "tag"), Rule(COUNTRY_AND_DAY, "", "PL"))
        ),
    )
    def keep(self, mark: Rule) -> str:
        self.time.moment += timedelta(minutes=1)
        try:
            return self._run(kept(self.site, mark))
        except BatchError:
            return ""

    @rule(batch=made)
    def propose(self, batch: str) -> None:
        self._decide(batches.propose, batch=batch, nickname="ada", reason="machine")

    @rule(batch=made)
    def agree(self, batch: str) -> None:
        self._decide(batches.agree, batch=batch, nickname="ben", alone=False)

    @rule(batch=made, seen=st.sampled_from(("kept", "proposed")))
    def dismiss(self, batch: str, seen: str) -> None:
        self._decide(batches.dismiss, batch=batch, seen=seen)

    @rule(batch=made)
    def undo(self, batch: str) -> None:
        self._decide(batches.undo, batch=batch)

    @rule(parts=st.integers(0, 3))
    def work_until_a_kill(self, parts: int) -> None:
        """So many parts are committed; then another process continues."""
        real, left = set_aside._do_part, [parts]

        async def killed(*values: Any, **named: Any) -> Any:
            result = await real(*values, **named)
            left[0] -= 1
            if left[0] < 0:
                raise RuntimeError
            return result

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(set_aside, "_do_part", killed)
            try:
                self._run(set_aside.work(self.site.database))
            except RuntimeError:
                self._run(self._open.aclose())
                self._start()

    @rule()
    def work(self) -> None:
        self._run(self.site.set_aside())
        assert self._rows("select working from batches where working <> ''") == []

    @rule(hours=st.sampled_from((1, 7, 25, 24 * 16, 24 * 31)))
    def let_time_pass(self, hours: int) -> None:
        self.time.moment += timedelta(hours=hours)
        self._run(self.site.take_snapshot())
        self._run(self.site.prune())

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        async def read() -> list[dict[str, Any]]:
            async with self.site.database.reading() as c:
                return await c.execute(sql)

        return self._run(read())

    @invariant()
    def every_number_agrees(self) -> None:
        async def recount() -> list[str]:
            async with self.site.database.reading() as c:
                return await audit.find_disagreements(c)

        assert self._run(recount()) == []

    @invariant()
    def nobody_who_is_set_aside_is_in_a_list(self) -> None:
        async def listed() -> int:
            async with self.site.database.reading() as c:
                return len(await printed_names.list_named_or_contactable(c))

        (row,) = self._rows("select count(*) as n from signatures where named = 1 and set_aside = 0")
        assert self._run(listed()) == row["n"]

    @invariant()
    def a_mark_belongs_to_a_batch_that_needs_it(self) -> None:
        wrong = self._rows(
            "select s.batch from signatures s left join batches b on b.id = s.batch where s.batch is not null and "
            "(b.id is null or b.working = '' and b.state not in ('choosing', 'kept', 'proposed', 'aside')) "
            "or s.set_aside = 1 and s.batch is null"
        )
        assert wrong == []

    def teardown(self) -> None:
        self._run(self._open.aclose())
        self.runner.close()


@pytest.mark.parametrize("fresh", ["sqlite", "postgresql"], indirect=True)
def test_whatever_is_decided_in_any_order(
    fresh: Callable[[Path], str], tmp_path: Path, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (batches, batch_rules):
        monkeypatch.setattr(module, "LEAST", 2)
        monkeypatch.setattr(module, "show_count", lambda keys, subject, n: n)
    monkeypatch.setattr(set_aside, "CHUNK", 2)
    begun = time.moment

    class Machine(InAnyOrder):
        pass

    def database(folder: Path) -> str:
        time.moment = begun
        return fresh(folder)

    Machine.folder, Machine.fresh_database, Machine.time = tmp_path, staticmethod(database), time
    run_state_machine_as_test(
        Machine,
        settings=examples(
            max_examples=EXAMPLES * 3 // 20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
