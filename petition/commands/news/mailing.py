"""Sends the emails of a mailing one after the other: at a pace, each written down before and after it leaves."""

import asyncio
import secrets
import signal
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from petition.commands.news import texts
from petition.commands.news.journal import Journal, State
from petition.commands.news.subscribers import Subscriber
from petition.commands.news.texts import Texts
from petition.core import clock
from petition.core.errors import PetitionError
from petition.mail.backoff import ProviderBackoff
from petition.mail.breaker import Breaker
from petition.mail.compose import RenderedEmail, render_news
from petition.mail.relays import Relay, Relays
from petition.mail.replies import Reply, Verdict
from petition.mail.smtp import NotSent, SmtpTransport

RETRY_SECONDS = (60, 300, 900)  # after the first, second and third time that a mailbox takes nothing for now
MAX_REFUSALS = 8  # one after the other, of a provider: about an hour with its pauses; the rest is for the next run
PATIENCE = 900  # seconds that a relay may take nothing before the run ends


@dataclass(frozen=True, slots=True)
class Mailing:
    """What all emails of a mailing have in common."""

    texts: Texts
    sender: str

    def render(self, person: Subscriber, reference: str) -> RenderedEmail:
        code = self.texts.choose(person.language)
        text = self.texts[code]
        foot = texts.language(code).render("mail/news/foot.txt", unsubscribe=person.link)
        body = f"{text.body}\n\n{foot.strip()}\n"
        return render_news(code, text.subject, body, person.address, self.sender, reference, person.link)


@dataclass(slots=True)
class _Turn:
    """Somebody who waits for the news."""

    person: Subscriber
    due: int = 0
    refusals: int = 0


class Stopped(PetitionError):
    """The run ended before everybody had their turn; str() says why."""


class Sender:
    """The connection of one run."""

    def __init__(self, mailing: Mailing, journal: Journal, urls: Sequence[str], per_hour: int) -> None:
        self._mailing, self._journal = mailing, journal
        self._breakers = [Breaker() for _ in urls]
        self._relays = Relays([Relay(SmtpTransport(url), b) for url, b in zip(urls, self._breakers, strict=True)])
        self._backoff, self._pause, self._next_at = ProviderBackoff(), 3600 / per_hour, 0.0
        self._stopping = asyncio.Event()
        self._refused: Counter[str] = Counter()  # by status code: people who are left for the next run
        self._refusals: dict[str, list[str]] = {}  # by provider: status codes since it last took an email

    async def send_all(
        self, people: list[Subscriber], is_too_old: Callable[[], bool], on_done: Callable[[], object]
    ) -> None:
        """In a random order. Raises Stopped."""
        secrets.SystemRandom().shuffle(people)
        queue = deque(map(_Turn, people))
        await self._require_relay()
        with self._stop_on_signals():
            while queue:
                if is_too_old():
                    raise Stopped("The file is too old by now: download it again at the desk.")
                self._check_may_continue()
                if turn := self._next_turn(queue):
                    done = await self._try(turn)
                    on_done() if done else queue.append(turn)
                else:
                    await self._sleep(1)

    def _next_turn(self, queue: deque[_Turn]) -> _Turn | None:
        """None if everybody has to wait."""
        for _ in range(0 if self._relays.wait_seconds() else len(queue)):
            turn = queue.popleft()
            if turn.due <= clock.epoch() and not self._backoff.remaining(turn.person.domain):
                return turn
            queue.append(turn)
        return None

    def refusals(self) -> str:
        """The status codes that ended the tries of those who are left, and how often each came."""
        return ", ".join(f"{n} with {status}" for status, n in self._refused.most_common())

    async def send_test(self, people: list[Subscriber]) -> None:
        """Raises Stopped if the relay takes one of them not."""
        await self._require_relay()
        for person in people:
            try:
                await self._relays.send(self._mailing.render(person, secrets.token_hex(16)))
            except NotSent as failure:
                raise Stopped(f"The relay did not take the test ({failure}).") from None

    async def close(self) -> None:
        await self._relays.close()

    def stop(self) -> None:
        """The email that is leaving is finished. A second signal ends it in its middle."""
        self._stopping.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    async def _require_relay(self) -> None:
        try:
            await self._relays.connect()
        except NotSent as failure:
            raise Stopped(f"The relay of PETITION_SMTP_URL takes no email ({failure}).") from None

    def _check_may_continue(self) -> None:
        if self._stopping.is_set():
            raise Stopped("Stopped.")
        troubles = [breaker.trouble for breaker in self._breakers if breaker.trouble]
        if len(troubles) == len(self._breakers) and clock.epoch() - troubles[-1].since > PATIENCE:
            raise Stopped(f"The relay takes no email any more ({troubles[-1].phase}: {troubles[-1].status}).")

    async def _try(self, turn: _Turn) -> bool:
        """True once nothing more can be done for somebody in this run."""
        refusals = self._refusals.get(turn.person.domain, [])
        if len(refusals) >= MAX_REFUSALS:
            return self._leave(refusals[-1])
        await self._keep_pace()
        if self._stopping.is_set():
            return False
        with suppress(NotSent):  # tried again, until _check_may_continue() ends the run and says why
            await self._relays.connect()  # before a line is written: without a relay nothing begins
            return await self._send(turn)
        return False

    async def _send(self, turn: _Turn) -> bool:
        address = turn.person.address
        self._journal.write_state(address, State.BEGUN)
        try:
            await self._relays.send(self._mailing.render(turn.person, self._journal.reference(address)))
        except NotSent as failure:
            return self._record_failure(turn, failure.reply)
        self._journal.write_state(address, State.SENT)
        self._backoff.accepted(turn.person.domain)
        self._refusals.pop(turn.person.domain, None)
        return True

    def _record_failure(self, turn: _Turn, reply: Reply) -> bool:
        outcomes = {Verdict.MAILBOX: State.GONE, Verdict.LOST: State.UNSURE}
        outcome = outcomes.get(reply.verdict, State.FREE)
        self._journal.write_state(turn.person.address, outcome)
        if outcome is not State.FREE:
            return True
        if reply.verdict is Verdict.RELAY:
            return False
        if reply.verdict is Verdict.PROVIDER:
            self._backoff.limited(turn.person.domain)
            self._refusals.setdefault(turn.person.domain, []).append(reply.status)
        if reply.status.startswith("5") or turn.refusals == len(RETRY_SECONDS):
            return self._leave(reply.status)
        turn.due = clock.epoch() + RETRY_SECONDS[turn.refusals]
        turn.refusals += 1
        return False

    def _leave(self, status: str) -> bool:
        self._refused[status] += 1
        return True

    async def _keep_pace(self) -> None:
        """After a long wait nothing is caught up: the pace is a limit, not an average."""
        loop = asyncio.get_running_loop()
        await self._sleep(self._next_at - loop.time())
        self._next_at = loop.time() + self._pause

    async def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            with suppress(TimeoutError):  # nobody has stopped it
                await asyncio.wait_for(self._stopping.wait(), seconds)

    @contextmanager
    def _stop_on_signals(self) -> Iterator[None]:
        """Ctrl-C, a closed terminal and a machine that shuts down end the run after the email that is leaving."""
        loop, signals = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for number in signals:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)
