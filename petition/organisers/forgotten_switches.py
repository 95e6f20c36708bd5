"""What is said of a switch that has been on for longer than it usually should be: a whole sentence for each."""

from collections.abc import Callable

from petition.core.database import switches
from petition.core.database.switches import PAUSED
from petition.core.languages import N_
from petition.core.sentences import Sentence, ngettext
from petition.mail import messages
from petition.protection.proof_of_work import ProofMode
from petition.tally.freeze import FROZEN

# By name and value; of days.
_SENTENCES: dict[tuple[str, str], Callable[[int], Sentence]] = {
    (switches.SIGNING, PAUSED): lambda n: ngettext(
        "Signing: paused for %(num)s day.", "Signing: paused for %(num)s days.", n
    ),
    (switches.FIGURES, FROZEN): lambda n: ngettext(
        "Published numbers: frozen for %(num)s day.", "Published numbers: frozen for %(num)s days.", n
    ),
    (messages.CONFIRM.template, PAUSED): lambda n: ngettext(
        "Emails to confirm a signature: paused for %(num)s day.",
        "Emails to confirm a signature: paused for %(num)s days.",
        n,
    ),
    (messages.MANAGE.template, PAUSED): lambda n: ngettext(
        "Emails to change or withdraw a signature: paused for %(num)s day.",
        "Emails to change or withdraw a signature: paused for %(num)s days.",
        n,
    ),
    (switches.NEWS, PAUSED): lambda n: ngettext("News: paused for %(num)s day.", "News: paused for %(num)s days.", n),
    (switches.PROOF, ProofMode.ON): lambda n: ngettext(
        "Proof of work: asked of everybody for %(num)s day.", "Proof of work: asked of everybody for %(num)s days.", n
    ),
    (switches.PROOF, ProofMode.OFF): lambda n: ngettext(
        "Proof of work: asked of nobody for %(num)s day.", "Proof of work: asked of nobody for %(num)s days.", n
    ),
}
# Turned before there was a desk: nobody knows when.
_LONG_AGO = {
    ProofMode.ON: N_("Proof of work: asked of everybody for a long time."),
    ProofMode.OFF: N_("Proof of work: asked of nobody for a long time."),
}


def describe(name: str, value: str, days: int | None) -> Sentence:
    return Sentence(_LONG_AGO[ProofMode(value)]) if days is None else _SENTENCES[name, value](days)
