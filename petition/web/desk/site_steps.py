"""What to do next about the site itself: keys, second factors, backups, email, machines."""

from petition.core import clock
from petition.core.database.connection import Connection
from petition.core.languages import N_
from petition.core.sentences import Sentence, join, ngettext
from petition.mail import machines, relay_watch, report_counts
from petition.organisers import activity_log, failed_units, public_keys, second_factor, switches
from petition.organisers.accounts import Organiser
from petition.retention import destruction_day
from petition.site import Site
from petition.tally.rounding import show_magnitude
from petition.web.desk.next_steps import Look, Step, Urgency

BACKUP_DAYS = 3  # then it is too old, as `petition doctor` says
EMAIL_PART, OPERATIONS = "/organisers/#email", "/organisers/operations"


async def changed_keys(c: Connection, site: Site, organiser: Organiser) -> Step | None:
    if not await public_keys.unacknowledged(c, organiser.nickname, site.settings.recipients):
        return None
    sentence = Sentence(N_("The public keys that addresses are sealed to are new to you: are they your group’s?"))
    return Step(sentence, "/organisers/keys", Urgency.NOW)


async def own_factor(c: Connection, site: Site, organiser: Organiser) -> Step | None:
    """Only a demo lets anyone in without one."""
    if not site.settings.demo or await second_factor.list_factors(c, organiser.nickname):
        return None
    sentence = Sentence(N_("You have no second factor: only this demo lets you in without one."))
    return Step(sentence, "/organisers/factors", Urgency.LATER)


async def forgotten_switches(look: Look) -> Step | None:
    sentences = await switches.forgotten(look.c)
    return Step(join(sentences), "/organisers/switches", Urgency.NOW) if sentences else None


async def missing_factors(look: Look) -> Step | None:
    """In a demo each is told of their own."""
    nicknames = await second_factor.without_factor(look.c)
    if not nicknames or look.site.settings.demo:
        return None
    sentence = ngettext(
        "%(num)s organiser has no second factor: %(nicknames)s.",
        "%(num)s organisers have no second factor: %(nicknames)s.",
        len(nicknames),
        nicknames=", ".join(nicknames),
    )
    return Step(sentence, "/organisers/people", Urgency.SOON)


async def old_backup(look: Look) -> Step | None:
    """Of a demo nobody needs one."""
    last = None if look.site.settings.demo else await activity_log.last_backup(look.c)
    days = (clock.now() - clock.parse_iso(last)).days if last else None
    if look.site.settings.demo or (days is not None and days < BACKUP_DAYS):
        return None
    if days is None:
        return Step(Sentence(N_("There has never been a backup.")), OPERATIONS, Urgency.NOW)
    sentence = ngettext("The last backup is %(num)s day old.", "The last backup is %(num)s days old.", days)
    return Step(sentence, OPERATIONS, Urgency.NOW)


async def relay_trouble(look: Look) -> Step | None:
    troubles = await relay_watch.current_troubles(look.c)
    sentences = [relay_watch.describe(name, trouble) for name, trouble in troubles.items()]
    return Step(join(sentences), EMAIL_PART, Urgency.NOW) if sentences else None


async def away_machines(look: Look) -> Step | None:
    sentences = [machine.describe(show_magnitude) for machine in await machines.away_machines(look.c)]
    return Step(join(sentences), OPERATIONS, Urgency.NOW) if sentences else None


async def units_that_failed(look: Look) -> Step | None:
    sentences = await failed_units.describe(look.c)
    return Step(join(sentences), OPERATIONS, Urgency.NOW) if sentences else None


async def unknown_reports(look: Look) -> Step | None:
    if not await report_counts.none_recognised(look.c):
        return None
    what = Sentence(report_counts.NONE_RECOGNISED)
    return Step(Sentence(N_("For the operator: %(what)s."), what=what), EMAIL_PART, Urgency.SOON)


async def destruction_trouble(look: Look) -> Step | None:
    sentence = await destruction_day.say_trouble(look.c, look.site.appeal.campaign)
    return Step(sentence, "/organisers/switches", Urgency.NOW) if sentence else None
