"""Exponential back-off for each provider: after a temporary refusal it gets no email for a while."""

from petition.core import clock

FIRST_PAUSE, MAX_PAUSE = 30, 1800  # seconds: the pause after a first refusal, and the longest


class ProviderBackoff:
    """The providers that get no email for now, by the domain of their mailboxes. One provider's limit delays no other.

    Kept in memory only: after a restart each provider is tried once.
    """

    def __init__(self) -> None:
        self._pauses: dict[str, tuple[int, int]] = {}

    def remaining(self, domain: str) -> int:
        """Seconds until an email may be sent to this domain again."""
        until, _ = self._pauses.get(domain, (0, 0))
        return max(0, until - clock.epoch())

    def limited(self, domain: str) -> None:
        """Starts a pause, twice as long as the last one: the provider takes nothing for now."""
        if not self.remaining(domain):  # several deliverers may be refused at once: one pause
            _, last = self._pauses.get(domain, (0, 0))
            pause = min(last * 2 or FIRST_PAUSE, MAX_PAUSE)
            self._pauses[domain] = clock.epoch() + pause, pause

    def accepted(self, domain: str) -> None:
        """The provider took an email: its next pause is short again."""
        self._pauses.pop(domain, None)

    def forget_pauses(self) -> None:
        """The relay was the reason."""
        self._pauses.clear()
