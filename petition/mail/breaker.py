"""A circuit breaker for a relay in trouble: it gets nothing but a probe now and then, so no email is lost there."""

from dataclasses import dataclass

from petition.core import clock
from petition.mail.replies import Phase, Reply, Verdict

PROBE_SECONDS = (2, 5, 10, 20, 30)  # between two probes; then always the last
MAX_DOMAINS = 3  # that refuse one after the other, for a reason that may be ours
_SUSPECT = (Verdict.PROVIDER, Verdict.UNCLEAR)
_OURS = (Verdict.RELAY, Verdict.LOST)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Since when (epoch seconds) a relay takes no email, and what it said."""

    since: int
    phase: Phase
    status: str


class Breaker:
    """Of one relay, shared by all deliverers of a process. While there is trouble, it is open."""

    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        self._suspects: set[str] = set()  # domains that refused since the relay last took an email
        self._probes, self._next_probe_at = 0, 0

    def wait_seconds(self) -> int:
        """Until an email may be tried; 0 if one may be tried now."""
        return max(0, self._next_probe_at - clock.epoch()) if self.trouble else 0

    def begin_probe(self) -> None:
        """One deliverer tries the relay. The others wait, and so does the next probe."""
        pause = PROBE_SECONDS[min(self._probes, len(PROBE_SECONDS) - 1)]
        self._probes, self._next_probe_at = self._probes + 1, clock.epoch() + pause

    def failed(self, domain: str, reply: Reply) -> None:
        """Opens for trouble of the relay, and for refusals that several domains have in common."""
        if reply.verdict in _SUSPECT:
            self._suspects.add(domain)
        if reply.verdict in _OURS or (reply.verdict in _SUSPECT and len(self._suspects) >= MAX_DOMAINS):
            if self.trouble is None:
                self.begin_probe()
            self.trouble = Trouble(self.trouble.since if self.trouble else clock.epoch(), reply.phase, reply.status)
        elif reply.verdict in _SUSPECT:
            self.trouble = None  # it answers again; what is wrong with this email is not known yet
        else:
            self.worked()

    def had_no_connection(self) -> bool:
        """Whether the trouble is over as soon as the relay answers."""
        return self.trouble is not None and self.trouble.phase is Phase.CONNECT

    def worked(self) -> None:
        """The relay took an email, or said something about one mailbox."""
        self.trouble, self._suspects, self._probes = None, set(), 0
