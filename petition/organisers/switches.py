"""The switches of the desk in words: what each does, to whom, how it is undone, and when it is forgotten."""

from dataclasses import dataclass, replace

from petition.core import clock
from petition.core.clock import DAY
from petition.core.database import switches
from petition.core.database.connection import Connection
from petition.core.database.switches import PAUSED, Switch
from petition.core.errors import SwitchError
from petition.core.languages import N_
from petition.core.sentences import Sentence, join
from petition.mail import messages
from petition.organisers import activity_log, forgotten_switches
from petition.protection.proof_of_work import ProofMode
from petition.tally import freeze
from petition.tally.freeze import FROZEN, MAX_FREEZE

WARN = "warn"
_RIVAL = N_("Somebody has turned this switch since you opened the page. Nothing was changed by you.")


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a switch: `button` gives it this value, `done` says so in the activity log, `state` on the page."""

    button: str
    done: str
    state: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A switch. The option "" is how all is while nobody turns it.

    `sure`: what is asked before it is turned on, if that strikes people who sign. `forgotten_after`: days; 0: never.
    """

    name: str
    title: str
    does: str
    options: dict[str, Option]
    sure: str = ""
    forgotten_after: int = 0


_MAX_HOURS = MAX_FREEZE // 3600
_FREEZE = N_(
    "“Freeze” keeps every number, map, picture and letter as it is published now, for example while a newspaper "
    "prints it. People continue to sign. It ends by itself after %(hours)s hours, because signatures that were "
    "withdrawn are still in a frozen number. Then, or after “Unfreeze”, the numbers catch up together at the next "
    "of 0:00, 6:00, 12:00 and 18:00 UTC."
)
_EMAILS_LATER = Sentence(
    N_(
        "They wait here, and leave when you press “Send them again”. What has waited for 14 days is dropped, because "
        "its link no longer works: the people may then ask for another one."
    )
)
_ALL = (
    Kind(
        switches.SIGNING,
        N_("Signing"),
        N_(
            "“Pause signing” takes the form off every page: visitors read that they may come back later. Links that "
            "were already sent still confirm, and letters continue. “Resume signing” brings the form back at once."
        ),
        {
            "": Option(N_("Resume signing"), N_("resumed signing"), N_("Open.")),
            PAUSED: Option(N_("Pause signing"), N_("paused signing"), N_("Paused.")),
        },
        N_("Nobody can sign until an admin presses “Resume signing”."),
        1,
    ),
    Kind(
        switches.FIGURES,
        N_("Published numbers"),
        Sentence(_FREEZE, hours=_MAX_HOURS),
        {
            "": Option(
                N_("Unfreeze"), N_("unfroze the published numbers"), N_("They are published at their usual times.")
            ),
            FROZEN: Option(N_("Freeze"), N_("froze the published numbers"), N_("Frozen.")),
        },
        forgotten_after=1,
    ),
    Kind(
        messages.CONFIRM.template,
        N_("Emails to confirm a signature"),
        join([Sentence(N_("“Pause” keeps the emails with which people confirm that they sign.")), _EMAILS_LATER]),
        {
            "": Option(N_("Send them again"), N_("sends emails to confirm again"), N_("They are sent.")),
            PAUSED: Option(N_("Pause"), N_("paused the emails to confirm"), N_("Paused.")),
        },
        N_("People who sign get no email, and are not counted, until an admin presses “Send them again”."),
        1,
    ),
    Kind(
        messages.MANAGE.template,
        N_("Emails to change or withdraw a signature"),
        join(
            [
                Sentence(N_("“Pause” keeps the emails with which people see, change or withdraw their signature.")),
                _EMAILS_LATER,
                Sentence(N_("Emails to log in at this desk are never paused.")),
            ]
        ),
        {
            "": Option(N_("Send them again"), N_("sends emails to manage again"), N_("They are sent.")),
            PAUSED: Option(N_("Pause"), N_("paused the emails to manage"), N_("Paused.")),
        },
        N_(
            "Nobody can withdraw until an admin presses “Send them again”. The law lets people withdraw at any time: "
            "pause for hours, not for days."
        ),
        1,
    ),
    Kind(
        switches.NEWS,
        N_("News"),
        N_(
            "“Pause” keeps the file of addresses for news from all organisers: nobody who asked for news gets any. A "
            "file that was downloaded before still works. “Allow again” undoes it."
        ),
        {
            "": Option(N_("Allow again"), N_("allowed news again"), N_("Organisers may send news.")),
            PAUSED: Option(N_("Pause"), N_("paused news"), N_("Paused.")),
        },
        forgotten_after=7,
    ),
    Kind(
        switches.PROOF,
        N_("Proof of work"),
        N_(
            "Before a form is sent, the browser of a person who signs computes for about a second. That slows down "
            "floods. A form without it is taken too, but its email leaves last. “Decide by itself” undoes your choice."
        ),
        {
            "": Option(
                N_("Decide by itself"),
                N_("let the site decide on proofs of work"),
                N_("The site asks networks that have sent very many forms, and everybody during a flood."),
            ),
            ProofMode.ON: Option(
                N_("Ask everybody"), N_("asked everybody for a proof of work"), N_("Everybody is asked.")
            ),
            ProofMode.OFF: Option(N_("Ask nobody"), N_("asked nobody for a proof of work"), N_("Nobody is asked.")),
        },
        forgotten_after=7,
    ),
    Kind(
        switches.MAILBOXES,
        N_("Mailboxes that authorities can read"),
        N_(
            "Some mailboxes can be read by authorities who may punish people for signing. Nobody can sign with them. "
            "With “Only warn”, people read a warning and can sign all the same. “Refuse” undoes it."
        ),
        {
            "": Option(N_("Refuse"), N_("refused readable mailboxes again"), N_("They are refused.")),
            WARN: Option(N_("Only warn"), N_("only warned of readable mailboxes"), N_("People are only warned.")),
        },
        N_("People can sign with a mailbox that these authorities read. They may find our email there."),
    ),
    Kind(
        switches.DESTRUCTION,
        N_("Destruction day"),
        N_(
            "On this day signing ends for good, and everything that leads to a person is erased. You may choose an "
            "earlier day, nine days from now or later, because it must be announced for a week. A later day than that "
            "of the campaign file is not possible: people who signed were told that day. “Back to the campaign file” "
            "undoes it, while that day is nine days away."
        ),
        {"": Option(N_("Back to the campaign file"), N_("went back to the destruction day of the campaign file"), "")},
        N_("On that day signing ends for good, and names, addresses and hashes are erased. Nothing brings them back."),
    ),
)
KINDS = {kind.name: kind for kind in _ALL}


async def turn(c: Connection, kind: Kind, value: str, *, version: int, nickname: str, reason: str) -> None:
    """Raises SwitchError if somebody has turned it since it was shown with this version."""
    if not await switches.change(c, Switch(kind.name, version=version), value, nickname, reason):
        raise SwitchError(_RIVAL)


async def current(c: Connection) -> list[tuple[Kind, Switch]]:
    """All switches as they work: a freeze that has ended by itself is over."""
    turned = await switches.get_all(c)
    pairs = [(kind, turned.get(kind.name, Switch(kind.name))) for kind in _ALL]
    return [(kind, replace(switch, value="") if _is_over(switch) else switch) for kind, switch in pairs]


def _is_over(switch: Switch) -> bool:
    return switch.value == FROZEN and not freeze.is_on(switch)


async def end_freeze(c: Connection) -> None:
    """Writes down that a freeze has ended by itself."""
    switch = await switches.get(c, switches.FIGURES)
    if _is_over(switch) and await switches.change(c, switch, "", activity_log.SERVER):
        await activity_log.append(c, activity_log.SERVER, KINDS[switches.FIGURES].options[""].done, "it was time")


async def forgotten(c: Connection) -> list[Sentence]:
    """A sentence for each switch that has been on for longer than it usually should be."""
    sentences = []
    for kind, switch in await current(c):
        days = (clock.epoch() - switch.changed_at) // DAY
        if switch.value and kind.forgotten_after and days >= kind.forgotten_after:
            known_days = days if switch.changed_at else None
            sentences.append(forgotten_switches.describe(kind.name, switch.value, known_days))
    return sentences
