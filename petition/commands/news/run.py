"""One run of a mailing: what was read, who still waits, whether it may begin, and what is said before it does."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from petition.commands.news.journal import Journal, State
from petition.commands.news.mailing import Mailing
from petition.commands.news.subscribers import Export, Subscriber
from petition.commands.news.texts import Texts
from petition.commands.verbs import Arguments
from petition.core.clock import HOUR
from petition.core.errors import DataError


@dataclass(frozen=True)
class Run:
    arguments: Arguments
    mailing: Mailing
    export: Export
    journal: Journal
    urls: Sequence[str]  # of the relays

    @property
    def texts(self) -> Texts:
        return self.mailing.texts

    def waiting(self) -> list[Subscriber]:
        """Those to whom nothing was sent; anyone of whom that is not sure is not among them."""
        return [*self.in_state(None), *self.in_state(State.FREE)]

    def in_state(self, state: State | None) -> list[Subscriber]:
        return [person for person in self.export.subscribers if self.journal.state(person.address) is state]

    def is_too_old(self) -> bool:
        """Whether the file is: anyone who ended the news since then is still in it."""
        return self.export.age() > int(self.arguments.max_age) * HOUR

    def check_may_begin(self) -> None:
        """Raises DataError."""
        digest, folder = self.texts.digest(), self.arguments.texts
        if self.journal.text not in ("", digest) and not self.arguments.corrected:
            raise DataError(
                f"The texts in {folder} have changed since this mailing began. For other news make a new folder; to "
                "continue with a corrected text, add --corrected."
            )
        if not self.journal.was_tested(digest) and not self.arguments.dry_run:
            raise DataError("These texts were not tested yet: run this with --test first, and read what comes.")

    async def plan(self) -> list[str]:
        waiting, per_hour = self.waiting(), self.arguments.per_hour
        hosts = ", ".join(sorted({f"{urlsplit(url).hostname}" for url in self.urls}))
        sites = ", ".join(sorted({person.site for person in self.export.subscribers}))
        minutes = -(-len(waiting) * 60 // per_hour)
        return [
            f"From {self.mailing.sender}, through {hosts}. The links that end the news lead to {sites}.",
            *self._texts_of(waiting),
            *self._left_out(),
            f"{len(waiting)} emails, {per_hour} an hour at most: {minutes} minutes or more.",
            "A subject is read on locked screens: no word of the campaign should be in it.",
        ]

    def _texts_of(self, people: list[Subscriber]) -> list[str]:
        """How many people get which text, and under which subject."""
        return [
            f"{code}.txt, “{self.texts[code].subject}”: {n}"
            for code, n in sorted(Counter(self.texts.choose(person.language) for person in people).items())
        ]

    def _left_out(self) -> list[str]:
        counts = self.journal.counts()
        unsure = counts[State.BEGUN] + counts[State.UNSURE]
        said = {
            "have it already": counts[State.SENT],
            "may have it, and get it no second time": unsure,
            "are sealed to other keys: only those open them": self.export.foreign,
            "have no link to end the news, or an address that no email can go to": self.export.unusable,
        }
        return [f"Left out: {n} {text}." for text, n in said.items() if n]
