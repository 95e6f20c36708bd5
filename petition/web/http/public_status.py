"""The public status: what every visitor sees of the database, the published numbers and the rules of the form."""

from dataclasses import dataclass

from petition.core.database import state, switches
from petition.core.database.connection import Connection
from petition.protection import proof_of_work
from petition.protection.proof_of_work import ProofMode
from petition.signing import signatures
from petition.tally import freeze
from petition.tally.last_published import LastPublished
from petition.tally.tally import Snapshot


@dataclass(frozen=True, slots=True)
class PublicStatus:
    snapshot: Snapshot
    signing_closed: bool  # signing has ended for good
    paused: frozenset[str]  # what an admin has paused: signing, kinds of email
    frozen: bool  # an admin keeps the figures as they are, for a while
    warn_only: bool  # a mailbox that authorities can read gets a warning, not a refusal
    proof_mode: ProofMode  # who needs a proof of work

    @property
    def signing_paused(self) -> bool:
        return switches.SIGNING in self.paused


async def read_public_status(c: Connection, last_published: LastPublished) -> PublicStatus:
    return PublicStatus(
        snapshot=await last_published.get_snapshot(c),
        signing_closed=await state.is_closed(c),
        paused=await switches.paused(c),
        frozen=await freeze.is_frozen(c),
        warn_only=await signatures.get_warn_only(c),
        proof_mode=await proof_of_work.effective_mode(c),
    )
