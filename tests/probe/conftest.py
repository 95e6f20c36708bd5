"""A real `petition serve`, and a relay that delivers into a Maildir, as the Postfix of the handbook does."""

import mailbox
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosmtpd.smtp import Envelope

from tests import relay
from tests.relay import ACCEPTED, Relay
from tests.shell import Shell, serving

ADDRESS = "k3xq7v2m@petition.example"  # nobody's: RFC 2606


@dataclass
class Probed:
    """`refused`: emails that the relay did not take."""

    shell: Shell
    smtp: Relay
    maildir: Path
    address: str = ""
    away: bool = False
    rewrite: tuple[bytes, bytes] = (b"", b"")
    refused: list[str] = field(default_factory=list)

    def deliver(self, envelope: Envelope) -> str:
        if self.away:
            self.refused.append("")
            return "451 4.3.0 the disk is full"
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        if envelope.rcpt_tos[0].endswith(ADDRESS[8:]):  # also other mailboxes of its domain
            mailbox.Maildir(self.maildir).add(content.replace(*self.rewrite) if self.rewrite[0] else content)
        return ACCEPTED

    def emails(self) -> int:
        return len(mailbox.Maildir(self.maildir))


@contextmanager
def probed(folder: Path, **settings: str) -> Iterator[Probed]:
    """A site that is not served yet."""
    with relay.running() as smtp:
        maildir = folder / "probe"
        mailbox.Maildir(maildir)
        given = {"PETITION_PROBE_EMAIL": ADDRESS, "PETITION_PROBE_MAILDIR": str(maildir)}
        found = Probed(Shell(folder, PETITION_SMTP_URL=smtp.url, **given, **settings), smtp, maildir)
        smtp.data = found.deliver
        yield found


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[Probed]:
    with probed(folder, **settings) as found, serving(found.shell) as (found.address, _):
        yield found


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probed]:
    with served(tmp_path_factory.mktemp("probed")) as found:
        yield found
