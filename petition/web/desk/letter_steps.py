"""What to do next about letters, answers and names to be printed."""

from datetime import date, timedelta

from petition.core import clock
from petition.core.languages import N_
from petition.core.sentences import Sentence, ngettext
from petition.letters import correspondence
from petition.letters.editions import editions, source_checks
from petition.letters.writing import texts
from petition.signing import printed_names
from petition.tally.rounding import magnitude, show_magnitude
from petition.web.desk.next_steps import Look, Step, Urgency

URGENT_DAYS = 30  # before the deadline: a letter that is not sent by then may not be answered in time
_LETTERS, _EDITIONS = "/organisers/letters", "/organisers/editions"


async def unsent_letters(look: Look) -> Step | None:
    codes = {addressee.code for addressee in look.book.addressees}
    unsent = [code for code in codes if (entry := look.state.entries.get(code)) is None or entry.sent is None]
    if not unsent or not look.state.campaign_state.allows_letters:
        return None
    urgency = Urgency.NOW if _is_deadline_near(look) else Urgency.SOON
    message = N_("%(unsent)s of %(letters)s letters are not marked as sent.")
    return Step(Sentence(message, unsent=len(unsent), letters=len(codes)), _LETTERS, urgency)


def _is_deadline_near(look: Look) -> bool:
    deadline = look.site.appeal.campaign.deadline
    return isinstance(deadline, date) and deadline - look.state.today <= timedelta(URGENT_DAYS)


async def silent_governments(look: Look) -> Step | None:
    days = look.site.appeal.campaign.reminder_after_days
    n = len(correspondence.unanswered(look.state.entries, clock.today(), days))
    sentence = ngettext(
        "%(num)s addressee has not answered for %(days)s days or more: send a reminder.",
        "%(num)s addressees have not answered for %(days)s days or more: send a reminder.",
        n,
        days=days,
    )
    return Step(sentence, "/organisers/reminders", Urgency.SOON) if n else None


async def answers_without_summary(look: Look) -> Step | None:
    codes = sorted(code for code, entry in look.state.entries.items() if entry.answered and not entry.summaries)
    if not codes:
        return None
    sentence = ngettext(
        "%(num)s answer has no summary on the public page yet: %(codes)s.",
        "%(num)s answers have no summary on the public page yet: %(codes)s.",
        len(codes),
        codes=", ".join(codes),
    )
    return Step(sentence, f"/organisers/answers/{codes[0]}", Urgency.SOON)


async def old_edition(look: Look) -> Step | None:
    """No edition, or the newest has at most two thirds of the signatures of today."""
    if not look.state.campaign_state.allows_letters:
        return None
    newest, confirmed = await editions.newest(look.c), look.state.status.snapshot.confirmed
    if newest is None:
        sentence = Sentence(N_("No letters have been drawn up for sending: make the first edition."))
        return Step(sentence, _EDITIONS, Urgency.SOON)
    said = int(newest.basis["confirmed"])
    if confirmed * 2 < said * 3 or confirmed == said:
        return None
    message = N_("The letters of edition %(edition)s say %(said)s signatures; now there are %(confirmed)s.")
    return Step(Sentence(message, edition=newest.number, said=said, confirmed=confirmed), _EDITIONS, Urgency.LATER)


async def doubtful_sources(look: Look) -> Step | None:
    """What the next edition will ask about."""
    if look.doubtful is None or not look.state.campaign_state.allows_letters:
        return None
    n = len(look.doubtful - await source_checks.valid_checks(look.c))
    sentence = ngettext(
        "%(num)s fact or address is old or doubtful: check before the next edition.",
        "%(num)s facts and addresses are old or doubtful: check before the next edition.",
        n,
    )
    return Step(sentence, _EDITIONS, Urgency.SOON) if n else None


async def unreviewed_texts(look: Look) -> Step | None:
    folders = [folder / "letters" for folder in look.site.appeal.text_folders]
    languages = {addressee.language for addressee in look.book.addressees}
    letters = sum(text is None or text.reviewed == "no" for text in (texts.find_text(folders, n) for n in languages))
    pages = sum(not language.reviewed for language in look.site.languages)
    if not letters and not pages:
        return None
    message = N_("No native speaker has checked the letters in %(letters)s languages and the pages in %(pages)s.")
    return Step(Sentence(message, letters=letters, pages=pages), _LETTERS, Urgency.LATER)


async def new_names(look: Look) -> Step | None:
    n = await printed_names.count_new(look.c)
    sentence = Sentence(N_("%(names)s names wait until somebody has looked at them."), names=show_magnitude(n))
    return Step(sentence, "/organisers/names", Urgency.SOON) if magnitude(n) else None
