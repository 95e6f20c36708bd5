"""Which forms are accepted, and how: the rules for each field, and what network, proof of work and provider change."""

import hmac
import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial

from petition.core.database.database import Database
from petition.core.email_addresses import MAX_EMAIL_LENGTH, EmailAddress, EmailProviders, MailboxClass
from petition.core.encryption import ServerKeys
from petition.core.errors import ProofReused
from petition.core.form import Form
from petition.core.languages import N_, Language
from petition.core.pasted_addresses import clean_address
from petition.mail.outbox import ClaimedEmail
from petition.protection.proof_of_work import ProofMode
from petition.protection.rate_limits import DOMAIN_LIMIT, PROBE, PROVIDER_LIMIT, Admission, RateLimiter
from petition.signing import probes, submissions
from petition.signing.submissions import SigningRequest
from petition.tally.rounding import UNSTATED_COUNTRY

# The version of the text above the button. It is kept with each signature: change both at once.
CONSENT_VERSION = "2026-12-01"
MAX_NAME_LENGTH = 100
PROOF_OF_WORK_FIELD = "altcha"  # as ALTCHA's clients call it
TRAP_FIELD = "website"  # people do not see this field
# Unicode categories that no name needs: control, surrogate, private use, unassigned, line separators.
_FORBIDDEN_CATEGORIES = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
_READABLE_MAILBOX = N_("Please use another mailbox: authorities who may punish people for signing can read this one.")
# Persian and Indic names need these two; every other format character may deceive the eye.
_ALLOWED_FORMAT_CHARACTERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Intake:
    """How a checked form becomes a submission, no matter if it came from a page, a command or a program."""

    database: Database
    server_keys: ServerKeys
    mailboxes: EmailProviders
    rate_limiter: RateLimiter
    base_url: str
    probe_email: str = ""

    async def accept(self, request: SigningRequest, host: str | None, mode: ProofMode, form: Form) -> Admission:
        """Stores it, as its network may sign now. Raises RateLimited, SigningPaused or ClosedError."""
        if self._is_probe(request.email) and await self.rate_limiter.admits_probe():
            return await self._join(probes.without_choices(request), PROBE)
        admit = partial(self.rate_limiter.admit_form, host, mode=mode, trapped=trap_is_filled(form))
        try:
            return await self._store(request, await admit(solution=form.values.get(PROOF_OF_WORK_FIELD, "")), mode)
        except ProofReused:  # a proof that was used before counts as no proof
            return await self._store(request, await admit(solution=""), mode)

    async def _store(self, request: SigningRequest, admission: Admission, mode: ProofMode) -> Admission:
        mailbox_class = self.mailboxes.mailbox_class(request.email)
        tag = await self.rate_limiter.tag_domain(request.email.domain)  # also if it is not kept: equal work
        unknown = mailbox_class is MailboxClass.UNKNOWN and request.country != UNSTATED_COUNTRY
        delay = 0 if admission.low_priority else await self.mail_delay(request.email, mode)
        domain = tag if unknown else None
        admission = replace(admission, mail_delay=delay, mailbox_class=mailbox_class, domain=domain)
        return await self._join(request, admission)

    async def _join(self, request: SigningRequest, admission: Admission) -> Admission:
        prepared = submissions.prepare_submission(self.server_keys, request, admission, self.base_url)
        await self.database.join(submissions.sign, prepared)
        return admission

    def _is_probe(self, email: EmailAddress) -> bool:
        """Over its own limit, a form with this address is a form like all others."""
        return self.probe_email != "" and hmac.compare_digest(email.exact.encode(), self.probe_email.encode())

    async def admit_manage_form(self, email: EmailAddress, host: str | None, mode: ProofMode) -> Admission:
        """While everybody is asked for a proof of work, low priority: this form has none. Raises RateLimited."""
        await self.rate_limiter.limit_action("manage", host)
        if mode is not ProofMode.OFF:
            await self.rate_limiter.flood.count_form()
        if mode is ProofMode.ON:
            return Admission(low_priority=True)
        return Admission(mail_delay=await self.mail_delay(email, mode))

    async def mail_delay(self, email: EmailAddress, mode: ProofMode) -> int:
        """Seconds until an email may leave to a provider that gets many emails now.

        A reviewed provider has such a limit only while everybody is asked for a proof of work. Emails with low priority
        take nothing of it: they wait for may_send().
        """
        provider = self.mailboxes.reviewed_provider(email.domain)
        if provider is None:
            return await self.rate_limiter.delay_mail(DOMAIN_LIMIT, email.domain)
        return await self.rate_limiter.delay_mail(PROVIDER_LIMIT, provider) if mode is ProofMode.ON else 0

    async def may_send(self, email: ClaimedEmail) -> bool:
        """Whether a deliverer may send it now: emails with low priority leave at a pace, for each provider."""
        if not email.low_priority:
            return True
        provider = self.mailboxes.reviewed_provider(email.domain) or email.domain
        return await self.rate_limiter.may_send_low_priority(provider)


def check_signing(
    form: Form,
    language: Language,
    mailboxes: EmailProviders,
    unsafe: Collection[str],
    can_print: Callable[[str], bool],
    *,
    warn_only: bool = False,
) -> SigningRequest | None:
    """The request, or None and the errors in the form. An unsafe country becomes "not said"."""
    email = _check_signing_email(form, mailboxes, warn_only=warn_only)
    country = form.values.get("country", "")
    country = UNSTATED_COUNTRY if country in unsafe else country
    name = _normalise_name(form.values.get("name", "")) if form.is_checked("named") else ""
    if country != UNSTATED_COUNTRY and not language.has_country(country):
        form.add_error("country", N_("Please choose the country you live in."))
    if not form.is_checked("consent"):
        form.add_error("consent", N_("We are not allowed to count your signature without your consent."))
    if form.is_checked("named") and (name_error := _name_error(name, country, can_print)):
        form.add_error("name", name_error)
    if form.errors or email is None:
        return None
    return SigningRequest(email, country, name or None, form.is_checked("updates"), CONSENT_VERSION, language.code)


def check_manage_email(form: Form, mailboxes: EmailProviders, *, warn_only: bool) -> EmailAddress | None:
    """The address for a manage link. A mailbox that nobody may sign with gets no email from here either."""
    email = check_email(form, mailboxes)
    if email and mailboxes.readable_provider(email) and not warn_only:
        form.add_error("email", _READABLE_MAILBOX)
    elif email:
        form.insists = _insists(form, email, mailboxes)
        _ask_if_mistyped(form, email, mailboxes, warn_only=warn_only)
    return None if form.errors else email


def trap_is_filled(form: Form) -> bool:
    """Whether the field that people do not see is filled in: a sign of a robot, but never enough alone."""
    return form.typed.get(TRAP_FIELD, "") != ""


def check_email(form: Form, mailboxes: EmailProviders) -> EmailAddress | None:
    """The address, which is shown again as it was cleaned, or None and its error in the form.

    A suggested address that the person pressed takes the place of the typed one.
    """
    text = form.values.get("suggestion") or form.values.get("email", "")
    if (email := mailboxes.parse(text)) is None:
        text = clean_address(text)
        email = mailboxes.parse(text)
    if email is None:
        form.add_error("email", _address_error(text))
    else:
        form.put("email", text)
    return email


def _address_error(text: str) -> str:
    """What is wrong with a text that is no address, although it was cleaned."""
    if not text.strip():
        return N_("Please enter your email address.")
    if len(text) > MAX_EMAIL_LENGTH:
        return N_("This is too long for an email address.")
    if text.count("@") > 1:
        return N_("This is not an email address we can write to: it has more than one @. Please enter one address.")
    if "@" not in text:
        return N_("This is not an email address we can write to: it has no @.")
    if " " in text:
        return N_("This is not an email address we can write to: there is a space in it.")
    return N_("This is not an email address we can write to.")


def _check_signing_email(form: Form, mailboxes: EmailProviders, *, warn_only: bool) -> EmailAddress | None:
    """The address to sign with. It is an error if authorities can read the mailbox, or if it looks mistyped.

    An address on which the person insists is never taken for mistyped; with warn_only it also passes although
    authorities can read it.
    """
    if (email := check_email(form, mailboxes)) is None:
        return None
    provider = mailboxes.readable_provider(email)
    form.insists = _insists(form, email, mailboxes) and (warn_only or not provider)
    if provider and not form.insists:
        form.readable_mailbox, form.can_insist = provider, warn_only
        form.add_error("email", _READABLE_MAILBOX)
    _ask_if_mistyped(form, email, mailboxes, warn_only=warn_only)
    return email


def _insists(form: Form, email: EmailAddress, mailboxes: EmailProviders) -> bool:
    """Whether the person has pressed the button that says that this very address is right, now or before."""
    return (sure := form.values.get("sure", "")) != "" and mailboxes.parse(sure) == email


def _ask_if_mistyped(form: Form, email: EmailAddress, mailboxes: EmailProviders, *, warn_only: bool) -> None:
    if form.insists or (suggestion := mailboxes.suggestion(email)) is None:
        return
    form.suggested_email, form.can_insist = suggestion, True
    form.readable_mailbox = mailboxes.readable_domain(suggestion.rpartition("@")[2])
    form.can_use_suggested = warn_only or not form.readable_mailbox
    form.add_error("email", N_("Is this address right?"))


def _name_error(name: str, country: str, can_print: Callable[[str], bool]) -> str | None:
    if country == UNSTATED_COUNTRY:
        return N_("To protect people, no name is printed with this choice of country. Please untick the box.")
    if not name:
        return N_("Please enter the name to be printed, or untick the box.")
    if len(name) > MAX_NAME_LENGTH:
        return N_("Please shorten the name to 100 characters.")
    if not _is_printable(name):
        return N_("This name has characters that cannot be printed.")
    if not can_print(name):
        return N_(
            "Please write the name in Latin, Greek or Cyrillic letters, as in a passport: the others cannot be printed."
        )
    return None


def _is_printable(name: str) -> bool:
    categories = [(c, unicodedata.category(c)) for c in name]
    bad = any(
        k in _FORBIDDEN_CATEGORIES or (k == "Cf" and c not in _ALLOWED_FORMAT_CHARACTERS) or c == "\ufffd"
        for c, k in categories
    )
    return not bad and any(k.startswith("L") for _, k in categories)


def _normalise_name(text: str) -> str:
    """One space between words, composed letters (NFC). Control characters stay: they are refused later."""
    return re.sub(r"[ \u00a0]+", " ", unicodedata.normalize("NFC", text)).strip(" ")
