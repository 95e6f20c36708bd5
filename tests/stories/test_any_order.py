"""Everything that people and operators can do, in any order: what must hold after each step, on both databases."""

import asyncio
import secrets
import shutil
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from petition.core import tokens
from petition.core.email_addresses import EmailAddress
from petition.core.encryption import LinkKeys
from petition.core.errors import ClosedError, DataError, LinkError
from petition.mail import outbox
from petition.mail.bounce_reports import BOUNCED, COMPLAINT, OTHER, BounceReport
from petition.mail.outbox import ClaimedEmail
from petition.protection.rate_limits import NORMAL
from petition.retention import backup, close
from petition.signing import manage, quarantine, signatures, submissions
from petition.signing.submissions import PreparedSubmission, SigningRequest
from petition.site import Site, open_site
from petition.tally import audit
from tests import EXAMPLES
from tests.conftest import IDENTITY, Clock, administer, make_settings
from tests.web.tools import all_rows

T = TypeVar("T")
# Two spellings of each mailbox. The part before the @ of one is found in no other text.
PEOPLE = (
    ("qanna.q@gmail.com", "qannaq+x@googlemail.com"),
    ("qboris@example.org", "QBoris@Example.org"),
    ("q-celina@proton.me", "qcelina@pm.me"),
)
QUOTAS = {"confirm": (3, 6), "manage": (2, 6)}  # in 24 hours, in 14 days
HASHED = ("signatures", "names", "contacts", "submissions", "links", "email_counts", "never_write", "outbox")
people, spellings = st.sampled_from(range(len(PEOPLE))), st.sampled_from((0, 1))


class AnyOrder(RuleBasedStateMachine):
    """The site, its clock, and what the people have in their mailboxes."""

    folder: ClassVar[Path]
    fresh_database: ClassVar[Callable[[Path], str]]
    time: ClassVar[Clock]
    emails = Bundle("emails")
    backups = Bundle("backups")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.home = self.folder / secrets.token_hex(4)
        self.home.mkdir()
        self.sent: dict[tuple[int, str], list[float]] = defaultdict(list)  # (person, kind): when
        self.silent: set[int] = set()  # want no email
        self.closed = False
        self.settings = make_settings(type(self).fresh_database(self.home), self.home)
        self._start()

    def _start(self) -> None:
        self._open = AsyncExitStack()
        self.site: Site = self._run(self._open.enter_async_context(open_site(self.settings)))

    def _run(self, job: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await job

        return self.runner.run(awaited())

    def _write(self, job: Callable[..., Awaitable[T]], **arguments: Any) -> T:
        return self._run(self.site.database.write(partial(job, **arguments)))

    @rule(
        target=emails,
        person=people,
        spelling=spellings,
        named=st.booleans(),
        country=st.sampled_from(("PL", "LT", "ZZ")),
        times=st.integers(1, 4),
    )
    def sign(self, person: int, spelling: int, named: bool, country: str, times: int) -> Any:
        email = self._address(person, spelling)
        name = f"Zqname {person}" if named and country != "ZZ" else None
        request = SigningRequest(email, country, name, named, "test", "en")
        for _ in range(times):
            form = submissions.prepare_submission(self.site.server_keys, request, NORMAL)
            self._unless_closed(partial(self._store, form))
        return self.deliver()

    @rule(target=emails, person=people, spelling=spellings, times=st.integers(1, 3))
    def ask_for_a_link(self, person: int, spelling: int, times: int) -> Any:
        email, keys = self._address(person, spelling), self.site.server_keys
        ask = partial(manage.request_manage_link, server_keys=keys, email=email, language="en", admission=NORMAL)
        for _ in range(times):
            self._unless_closed(lambda: self._write(ask))
        return self.deliver()

    def _store(self, form: PreparedSubmission) -> None:
        self._run(self.site.database.join(submissions.sign, form))

    def _address(self, person: int, spelling: int) -> EmailAddress:
        email = self.site.email_providers.parse(PEOPLE[person][spelling])
        assert email is not None
        return email

    def _unless_closed(self, act: Callable[[], object]) -> None:
        try:
            act()
            assert not self.closed
        except ClosedError:
            assert self.closed

    def deliver(self) -> Any:
        """Everything that is due reaches the mailboxes."""
        come: list[ClaimedEmail] = []
        while batch := self._write(outbox.claim_batch, server_keys=self.site.server_keys):
            come += [email for email in batch if not email.is_decoy]
            for email in batch:
                self._run(self.site.database.join(outbox.mark_sent, email.id))
        for email in come:
            person = self._person(email)
            assert person not in self.silent, "who wants no email gets none"
            self.sent[person, email.template].append(self.time.seconds())
        return multiple(*come)

    def _link(self, email: ClaimedEmail) -> LinkKeys:
        return self.site.server_keys.link_keys(email.secret)

    def _person(self, email: ClaimedEmail) -> int:
        return next(n for n, both in enumerate(PEOPLE) if email.to in {text.lower() for text in both})

    @rule(email=emails)
    def confirm(self, email: ClaimedEmail) -> None:
        before = self._count()
        try:
            self._run(self.site.database.join(signatures.confirm, self._link(email)))
            assert email.template == "confirm"
            assert self._count() in (before, before + 1)
        except LinkError:
            assert self._count() == before

    @rule(email=emails, act=st.sampled_from((manage.withdraw, manage.unname, manage.stop_updates)))
    def change(self, email: ClaimedEmail, act: Callable[..., Awaitable[bool]]) -> None:
        before = self._count()
        try:
            done = self._write(act, link_id=self._link(email).row_id)
            assert self._count() == before - (done and act is manage.withdraw)
        except LinkError:
            assert self._count() == before

    @rule(email=emails, act=st.sampled_from((manage.never_write, manage.withdraw_never)))
    def be_left_alone(self, email: ClaimedEmail, act: Callable[..., Awaitable[bool]]) -> None:
        try:
            self._write(act, link_id=self._link(email).row_id)
            self.silent.add(self._person(email))
        except LinkError:
            return

    @rule(email=emails)
    def take_that_back(self, email: ClaimedEmail) -> None:
        self._write(manage.write_again, link_id=self._link(email).row_id)
        never = {row["mailbox"] for row in self._rows("never_write") if row["reason"] == "never"}
        silent = {n for n in self.silent if self.site.server_keys.email_hashes(self._address(n, 0))[0] in never}
        assert self.silent - silent <= {self._person(email)}, "and nobody else's wish"
        self.silent = silent

    @rule(email=emails, reason=st.sampled_from((BOUNCED, COMPLAINT, OTHER)))
    def bounce(self, email: ClaimedEmail, reason: str) -> None:
        before = self._count()
        report = BounceReport(tokens.message_reference(email.secret), reason)
        self._write(quarantine.apply_report, server_keys=self.site.server_keys, report=report)
        assert self._count() == before, "a signature that was confirmed stays"

    @rule()
    def release_what_is_held(self) -> None:
        for reason in (BOUNCED, COMPLAINT):
            self._write(quarantine.release_submissions, reason=reason)

    @rule(target=emails, hours=st.sampled_from((1, 7, 25, 24 * 8, 24 * 15)))
    def let_time_pass(self, hours: int) -> Any:
        self.time.moment += timedelta(hours=hours)
        self._run(self.site.take_snapshot())
        return self.deliver()

    @rule()
    def prune(self) -> None:
        self._run(self.site.prune())

    @rule()
    def kill(self) -> None:
        """Another process continues with what is on disk: emails that were claimed, keys, the database."""
        self._write(outbox.claim_batch, server_keys=self.site.server_keys)
        self._run(self._open.aclose())
        self._start()

    @rule(target=backups)
    def back_up(self) -> Path:
        file = self.home / secrets.token_hex(4)
        self._run(backup.write_backup(self.site.database, self.site.settings, file))
        return file

    @rule(file=backups)
    def restore(self, file: Path) -> None:
        """Only in the first week: a backup lives no longer, and nor does the memory of withdrawals."""
        never = {row["mailbox"] for row in self._rows("never_write")}
        try:
            self._run(backup.restore_backup(self.site.database, self.site.settings, [IDENTITY], file))
            assert not self.closed
            assert never <= {row["mailbox"] for row in self._rows("never_write")}
            self.sent.clear()  # the counts of emails are those of the backup
        except DataError:
            assert self.closed

    @precondition(lambda machine: not machine.closed)
    @rule(sure=st.integers(0, 9))
    def end_signing(self, sure: int) -> None:
        if sure:
            return  # one time in ten: nothing much happens afterwards
        self._run(close.close_signing(self.site.database, self.site.server_keys, None))
        self.closed = True
        self.silent.clear()  # nobody's mailbox is known any more

    def _rows(self, table: str) -> list[dict[str, Any]]:
        async def read() -> list[dict[str, Any]]:
            async with self.site.database.reading() as c:
                return await c.execute(f"select * from {table}")

        return self._run(read())

    def _count(self) -> int:
        return len(self._rows("signatures"))

    @invariant()
    def one_mailbox_has_one_signature_and_the_audit_agrees(self) -> None:
        async def recount() -> list[str]:
            async with self.site.database.reading() as c:
                return await audit.find_disagreements(c)

        assert self._count() <= len(PEOPLE)
        assert self._run(recount()) == []

    @invariant()
    def nobody_gets_more_email_than_the_quota(self) -> None:
        for (_, kind), times in self.sent.items():
            per_day, per_fortnight = QUOTAS[kind]
            for most, span in ((per_day, 24 * 3600), (per_fortnight, 14 * 24 * 3600)):
                assert all(later - earlier >= span for earlier, later in zip(times, times[most:], strict=False))

    @invariant()
    def nothing_is_readable_that_should_not_be(self) -> None:
        tables = self._run(all_rows(self.site))
        text = str({name: rows for name, rows in tables.items() if name != "names"}).lower()
        assert not [word for word in ("qanna", "qboris", "celina", "zqname", "example.org") if word in text]
        if self.closed:
            assert [name for name in HASHED if tables[name]] == []

    def teardown(self) -> None:
        self._run(self._open.aclose())
        self.runner.close()


@pytest.fixture
def fresh(request: pytest.FixtureRequest) -> Iterator[Callable[[Path], str]]:
    """Makes a migrated database for each run of the machine."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        yield lambda folder: f"sqlite:///{shutil.copy(template, folder / 'petition.db')}"
        return
    server: str = request.getfixturevalue("postgresql_server")
    made: list[str] = []

    def make(_: Path) -> str:
        made.append(f"order_{secrets.token_hex(6)}")
        asyncio.run(administer(server, f"create database {made[-1]} template template_petition"))
        return f"{server}/{made[-1]}"

    yield make
    for name in made:
        asyncio.run(administer(server, f"drop database {name} with (force)"))


@pytest.mark.parametrize("fresh", ["sqlite", "postgresql"], indirect=True)
def test_whatever_happens_in_any_order(fresh: Callable[[Path], str], tmp_path: Path, time: Clock) -> None:
    class Machine(AnyOrder):
        pass

    begun = time.moment

    def database(folder: Path) -> str:
        time.moment = begun
        return fresh(folder)

    Machine.folder, Machine.fresh_database, Machine.time = tmp_path, staticmethod(database), time
    run_state_machine_as_test(
        Machine,
        settings=examples(
            max_examples=EXAMPLES // 5, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
