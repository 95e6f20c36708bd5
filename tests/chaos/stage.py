"""A complete site for a story: web server, deliverer, relay and people, over one database and one folder."""

import socket
from pathlib import Path

from tests.chaos.crowd import Crowd, until
from tests.chaos.machines import Machine, Web, email_key
from tests.chaos.reckoning import Reckoning, ask, reckon
from tests.relay import Relay
from tests.shell import Shell


class Stage:
    """Makes all parts; start() starts them. The words in `under` come before the web server's command, and `held` is
    the socket that somebody holds for it.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        smtp: Relay,
        workers: int = 1,
        under: tuple[str, ...] = (),
        held: socket.socket | None = None,
        **environment: str,
    ) -> None:
        self.url, self.smtp, self.dialect = url, smtp, url.partition(":")[0]
        more = {"PETITION_DATABASE_URL": url, "PETITION_SMTP_URL": smtp.url, **environment}
        self.shell = Shell(folder, **more)
        self.web = Web(self.shell, "--no-deliver", "--workers", str(workers), under=under, held=held)
        self.deliverer = Machine(self.shell, "deliver")
        self.crowd = Crowd(smtp, self.web.address)

    def start(self) -> None:
        """Returns when the site is up and delivers."""
        self.web.start()
        self.deliverer.start()

    def recovered(self) -> None:
        """Waits until a person can sign again and an email arrives."""
        signed, mails = len(self.crowd.signed), len(self.smtp.mails)
        until(lambda: len(self.crowd.signed) > signed, "signing again")
        until(lambda: len(self.smtp.mails) > mails, "mail again")

    def settle(self) -> None:
        """Waits until nobody signs, no claim of a killed deliverer is left, and each email was sent and answered."""
        self.crowd.rest()
        self.later()
        until(lambda: self.waiting() == 0, "the last mail")
        until(lambda: not self.crowd.busy, "the last button")

    def later(self) -> None:
        """Lets hours pass for the emails that wait: each back-off and each claim of a killed deliverer is over."""
        self.deliverer.stop()
        ask(self.url, "update outbox set due_at = 0, claim_expires_at = 0")
        self.deliverer.start()

    def waiting(self) -> int:
        """The number of emails that wait."""
        return len(ask(self.url, "select id from outbox"))

    def reckoning(self, refused: frozenset[str] = frozenset()) -> Reckoning:
        """Stops all without a kill and compares. In every story no answer was strange and all numbers agree."""
        self.deliverer.stop()
        self.web.stop()
        assert self.crowd.strange == []
        said = self.web.said() + self.deliverer.said()
        assert said.count("Traceback") == said.count("Application startup failed"), "of a worker that found no database"
        assert "All numbers agree." in self.shell.fine("audit")
        found = reckon(self.url, email_key(self.shell), self.crowd, self.smtp, refused)
        assert (found.lost, found.doubled) == ([], [])
        assert found.signatures > 0
        return found

    def close(self) -> None:
        """Kills what is left, also after a failure."""
        self.web.kill()
        self.deliverer.kill()
