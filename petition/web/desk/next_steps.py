"""What to do next: each source is a function that says one thing to be done, or nothing.

The list of all sources is in overview_steps; this module has what they need, so that any page of the desk can have one.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from petition.core.database.connection import Connection
from petition.core.sentences import Sentence
from petition.letters.addressees.address_book import AddressBook
from petition.organisers.accounts import Organiser, Role
from petition.site import Site
from petition.web.http.public_state import PublicState


class Urgency(IntEnum):
    NOW = 1
    SOON = 2  # this week
    LATER = 3


@dataclass(frozen=True, slots=True)
class Step:
    """`sentence`: whole, with its count; `link`: where one does it; `hidden_from`: a nickname that is not shown it.

    Counts of forms, emails, names and signatures are powers of ten, and no step appears with the first of them.
    """

    sentence: Sentence
    link: str
    urgency: Urgency
    hidden_from: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What a source may look at. `book`: with corrections; `doubtful`: ids of sources, None before they are known."""

    c: Connection
    site: Site
    state: PublicState
    book: AddressBook
    doubtful: frozenset[str] | None


SharedSource = Callable[[Look], Awaitable[Step | None]]
PersonalSource = Callable[[Connection, Site, Organiser], Awaitable[Step | None]]
# The lowest role that sees it, and the source.
SharedSources = Sequence[tuple[Role, SharedSource]]
PersonalSources = Sequence[tuple[Role, PersonalSource]]


async def find_shared(sources: SharedSources, look: Look) -> list[tuple[Role, Step]]:
    found = [(role, await source(look)) for role, source in sources]
    return [(role, step) for role, step in found if step]


async def find_personal(sources: PersonalSources, c: Connection, site: Site, organiser: Organiser) -> list[Step]:
    found = [await source(c, site, organiser) for role, source in sources if organiser.may(role)]
    return [step for step in found if step]


def for_organiser(shared: Sequence[tuple[Role, Step]], personal: Sequence[Step], organiser: Organiser) -> list[Step]:
    """The most urgent first; among equals their own, then in the order of the list."""
    theirs = [step for role, step in shared if organiser.may(role) and step.hidden_from != organiser.nickname]
    return sorted([*personal, *theirs], key=lambda step: step.urgency)
