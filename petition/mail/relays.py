"""The relays of PETITION_SMTP_URL: the first one that works gets an email, the second one when the first says no."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from petition.mail.breaker import Breaker
from petition.mail.compose import RenderedEmail
from petition.mail.replies import Phase, Reply, Verdict
from petition.mail.smtp import NotSent, SmtpTransport

# With these verdicts another relay may have more luck. An email without a reply may have been taken.
_TRY_NEXT = (Verdict.RELAY, Verdict.PROVIDER, Verdict.UNCLEAR)
_ALL_DOWN = Reply(Phase.CONNECT, Verdict.RELAY, "no relay takes email")


@dataclass
class Relay:
    """One connection of one deliverer. The breaker is the process's."""

    transport: SmtpTransport
    breaker: Breaker
    is_probing: bool = False

    def may_try(self) -> bool:
        """Whether it works, or the next probe is ours."""
        if self.breaker.trouble and not self.is_probing and not self.breaker.wait_seconds():
            self.breaker.begin_probe()
            self.is_probing = True
        return self.breaker.trouble is None or self.is_probing

    def worked(self) -> None:
        self.is_probing = False
        self.breaker.worked()

    def failed(self, domain: str, reply: Reply) -> None:
        self.is_probing = False
        self.breaker.failed(domain, reply)


class Relays:
    """A transport (see smtp.Transport) over one relay or two."""

    def __init__(self, relays: list[Relay]) -> None:
        self._relays = relays

    @property
    def is_down(self) -> bool:
        """No relay takes email, as far as this process knows."""
        return all(relay.breaker.trouble for relay in self._relays)

    def wait_seconds(self) -> int:
        return min(relay.breaker.wait_seconds() for relay in self._relays)

    async def send(self, message: RenderedEmail) -> None:
        """Raises NotSent with the reply of the last relay that was tried."""
        await self._try_each(message.to.rpartition("@")[2], lambda transport: transport.send(message))

    async def connect(self) -> None:
        """Raises NotSent if no relay answers."""
        await self._try_each("", lambda transport: transport.connect())

    def passed_decoy(self) -> None:
        """A decoy counts as an email that was taken, so that nobody sees a difference in what follows."""
        for relay in self._relays:
            if relay.is_probing:
                relay.worked()

    async def cut(self) -> Reply:
        """Ends a dialogue that takes too long: a late answer must not be taken for the next one's."""
        (relay,) = [relay for relay in self._relays if relay.transport.phase] or self._relays[:1]
        reply = relay.transport.too_slow()
        relay.failed("", reply)
        await self.close()
        return reply

    async def close(self) -> None:
        for relay in self._relays:
            await relay.transport.close()

    async def _try_each(self, domain: str, step: Callable[[SmtpTransport], Awaitable[None]]) -> None:
        """`domain` is empty if no email is sent."""
        failure = NotSent(_ALL_DOWN)
        for relay in self._relays:
            if not relay.may_try():
                continue
            try:
                await step(relay.transport)
            except NotSent as error:
                failure = error
                relay.failed(domain, error.reply)
                if error.reply.verdict not in _TRY_NEXT:
                    break
            else:
                if domain or relay.breaker.had_no_connection():
                    relay.worked()
                return
        raise failure
