"""Exponential back-off by provider: who refuses for now is left alone for a while."""

from petition.core import clock

FIRST_PAUSE, MAX_PAUSE = 30, 1800  # seconds a provider is left alone after its first refusal in a row, and at most


class ProviderBackoff:
    """Which providers want to be left alone, by the domain of their mailboxes; so that one's limits hold no other.

    Kept in memory alone: after a restart each is asked again once.
    """

    def __init__(self) -> None:
        self._pauses: dict[str, tuple[int, int]] = {}

    def remaining(self, domain: str) -> int:
        """Seconds left in which nothing is sent there."""
        until, _ = self._pauses.get(domain, (0, 0))
        return max(0, until - clock.epoch())

    def limited(self, domain: str) -> None:
        """The provider takes nothing for now: twice as long a pause as the last one."""
        if not self.remaining(domain):  # deliverers side by side learn of it together
            _, last = self._pauses.get(domain, (0, 0))
            pause = min(last * 2 or FIRST_PAUSE, MAX_PAUSE)
            self._pauses[domain] = clock.epoch() + pause, pause

    def accepted(self, domain: str) -> None:
        """It has taken an email: the next pause is short again."""
        self._pauses.pop(domain, None)
