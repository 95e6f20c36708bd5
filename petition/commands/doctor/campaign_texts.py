"""Checks campaign.toml, the texts and the letters."""

from petition.campaign.appeal import Appeal
from petition.campaign.campaign import Campaign
from petition.campaign.edits import LiveAppeal
from petition.commands import preflight
from petition.commands.doctor.finding import Finding
from petition.core.database.database import open_database
from petition.core.email_addresses import exact_form
from petition.core.errors import PetitionError
from petition.core.settings import Settings


def check_campaign(settings: Settings) -> Finding:
    try:
        campaign = Appeal(settings.campaign).campaign
    except PetitionError as error:
        return Finding("campaign", str(error))
    if fault := campaign.why_not_ready() or _wrong_value(campaign):
        return Finding("campaign", fault)
    warning = "campaign.toml names no key (organiser.encryption) for those who report a weakness"
    return Finding("campaign", warning="" if campaign.encryption or settings.demo else warning)


async def check_edits(settings: Settings) -> Finding:
    """Whether what was edited at the desk still fits the files; a database that cannot be read is found elsewhere."""
    subject = "texts of the desk"
    try:
        files = Appeal(settings.campaign)
        async with open_database(settings.database_url) as database, database.reading() as c:
            unfit = (await LiveAppeal(files).read(c)).unfit
    except PetitionError:
        return Finding(subject)
    return Finding(
        subject,
        warning=next(iter(unfit.values()), ""),
        why="the files of the campaign were changed, and hold instead",
        command="at the desk, under Texts and facts, save it again or undo it",
    )


def check_demand(settings: Settings) -> Finding:
    """Who stands by each definition of the demand; a campaign that cannot be read is found by check_campaign()."""
    subject = "words of the demand"
    try:
        demand = Appeal(settings.campaign).campaign.demand
    except PetitionError:
        return Finding(subject)
    unconfirmed = ", ".join(f"{d.name} (“{d.means}”)" for d in demand if not d.confirmed)
    if settings.demo or not unconfirmed:
        return Finding(subject)
    return Finding(
        subject,
        warning=f"nobody stands by {unconfirmed}",
        why="a government will ask who decided that",
        command="in campaign.toml, below each in [demand], add confirmed = “name, day”",
    )


def check_letterhead(settings: Settings) -> Finding:
    """None of it stops a letter; a campaign that cannot be read is what another check says."""
    try:
        missing = Appeal(settings.campaign).campaign.letterhead.missing()
    except PetitionError:
        missing = []
    return Finding(
        "letterhead",
        warning=f"it lacks {', '.join(missing)}" if missing and not settings.demo else "",
        why="letters go out without",
        command="fill in [correspondence] in campaign.toml",
    )


def _wrong_value(campaign: Campaign) -> str:
    if isinstance(campaign.goal, int) and campaign.goal < 1:
        return (
            f"goal in campaign.toml is {campaign.goal}: pages would say that it is reached. Set how many you hope for"
        )
    if exact_form(campaign.contact) is None:
        return "contact in campaign.toml is no email address: nobody could ask about their data. Set one that is read"
    return ""


def check_texts(settings: Settings) -> Finding:
    try:
        appeal = Appeal(settings.campaign)
        preflight.check_texts(appeal)
        missing = preflight.missing_letters(appeal)
    except PetitionError as error:
        return Finding("texts and letters", str(error))
    return Finding("texts and letters", f"no letter is written for {', '.join(missing)}" if missing else "")
