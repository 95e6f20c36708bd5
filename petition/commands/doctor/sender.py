"""Checks the sender of the emails: who may write in its name, and what a glance at a phone tells."""

import re
from email.utils import parseaddr

from babel.core import UnknownLocaleError

from petition.campaign.appeal import Appeal
from petition.commands.doctor.finding import Finding
from petition.core.email_addresses import EmailProviders
from petition.core.errors import PetitionError
from petition.core.languages import Language
from petition.core.settings import Settings

# Beside the words of the campaign's own title: what they search phones for at a border.
_TELLING = {"belarus", "petition", "sign", "signature", "appeal", "ultimatum", "protest", "freedom", "prisoner"}
_LEAST_LETTERS = 4  # of a word of the title that says something


def check_sender_domain(settings: Settings) -> Finding:
    """Providers publish a DMARC policy for their domains: an email from another server that says it is theirs dies."""
    subject, domain = "domain of the sender", parseaddr(settings.mail_from)[1].rpartition("@")[2].lower()
    try:
        provider = EmailProviders(Appeal(settings.campaign).data_file("mailboxes.toml")).reviewed_provider(domain)
    except PetitionError:
        return Finding(subject)  # another check names the file
    if settings.demo or provider is None:
        return Finding(subject)
    why = f"the rules of {domain} (DMARC) let every other provider refuse what a server of yours sends in its name"
    command = "set PETITION_MAIL_FROM to an address in the domain of PETITION_BASE_URL"
    return Finding(subject, f"PETITION_MAIL_FROM is at the provider {domain}", why=why, command=command)


def check_sender_words(settings: Settings) -> Finding:
    """The domain is in every link anyway; the name and the part before the @ are a choice."""
    subject, (name, address) = "words of the sender", parseaddr(settings.mail_from)
    shown = _words(f"{name} {address.rpartition('@')[0]}")
    telling = _TELLING | _title_words(settings)
    told = sorted(word for word in shown if word in telling or word.rstrip("s") in telling)
    if settings.demo or not told:
        return Finding(subject)
    what = f"PETITION_MAIL_FROM says {', '.join(told)}"
    why = "it is on the screen of a phone before anything is opened, also at a border"
    return Finding(subject, what, why=why, command='set PETITION_MAIL_FROM, for example to "Links <links@DOMAIN>"')


def _title_words(settings: Settings) -> set[str]:
    """Of the appeal's title in each language, and of the organiser's names."""
    try:
        appeal = Appeal(settings.campaign)
        texts = [*appeal.campaign.organiser.values()]
        texts += [appeal.get_text(Language(code, {})).title for code in appeal.languages()]
    except (PetitionError, ValueError, UnknownLocaleError):
        return set()  # another check names the file
    return {word for text in texts for word in _words(text) if len(word) >= _LEAST_LETTERS}


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+", text.casefold()))
