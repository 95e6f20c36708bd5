"""What to do next about the numbers: what waits for a second yes, what was counted again."""

from petition import features
from petition.core import clock
from petition.core.languages import N_
from petition.core.sentences import Sentence, ngettext
from petition.organisers import last_checks
from petition.signing import batches
from petition.web.desk.next_steps import Look, Step, Urgency

SET_ASIDE, OPERATIONS = "/organisers/set-aside", "/organisers/operations"


async def proposed_batches(look: Look) -> Step | None:
    """Who has proposed one is told only after a day: then they may agree themselves, if they are alone."""
    waiting = [batch for batch in await batches.list_batches(look.c) if batch.state == batches.PROPOSED]
    if not waiting:
        return None
    proposers = {
        batch.proposed_by if clock.epoch() - batch.proposed_at < batches.ALONE_SECONDS else "" for batch in waiting
    }
    hidden_from = proposers.pop() if len(proposers) == 1 else ""
    sentence = ngettext(
        "%(num)s proposal to set signatures aside: a second yes is needed, or a no.",
        "%(num)s proposals to set signatures aside: a second yes is needed, or a no.",
        len(waiting),
    )
    return Step(sentence, SET_ASIDE, Urgency.NOW, hidden_from)


async def wrong_numbers(look: Look) -> Step | None:
    audit = await last_checks.last_audit(look.c)
    if audit is None or audit.all_agree:
        return None
    message = N_("Numbers were counted again, and some do not agree: publish and send none until that is fixed.")
    return Step(Sentence(message), OPERATIONS, Urgency.NOW)


async def warnings(look: Look) -> Step | None:
    """Such as that the public log stands still."""
    found = await features.list_warnings(look.c, look.site)
    message = N_("For the operator: %(what)s.")
    return Step(Sentence(message, what=found[0].rstrip(".")), OPERATIONS, Urgency.NOW) if found else None


async def old_audit(look: Look) -> Step | None:
    """Of a demo nobody needs one."""
    audit = await last_checks.last_audit(look.c)
    if look.site.settings.demo or (audit and not audit.is_old):
        return None
    never = Sentence(N_("Nobody has counted the numbers again yet: ask for `petition audit`."))
    since = N_("Nobody has counted the numbers again since %(day)s: ask for `petition audit`.")
    return Step(Sentence(since, day=audit.day) if audit else never, OPERATIONS, Urgency.SOON)


async def doctor_findings(look: Look) -> Step | None:
    doctor = await last_checks.last_doctor(look.c)
    to_fix = doctor.named("fix") if doctor else []
    message = N_("The last check of the server found what must be fixed: %(checks)s.")
    return Step(Sentence(message, checks=", ".join(to_fix)), OPERATIONS, Urgency.SOON) if to_fix else None
