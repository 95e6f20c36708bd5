"""Which forms are taken, and how: the rules for each field, and what network, proof and provider mean for it."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial

from petition.core.database.database import Database
from petition.core.email_addresses import MAX_EMAIL_LENGTH, EmailAddress, EmailProviders
from petition.core.encryption import ServerKeys
from petition.core.errors import ProofReused
from petition.core.form import Form
from petition.core.languages import N_, Language
from petition.protection.proof_of_work import ProofMode
from petition.protection.rate_limits import Admission, RateLimiter
from petition.signing import submissions
from petition.signing.submissions import Signing
from petition.tally.rounding import UNSTATED_COUNTRY

CONSENT = "2026-11-22"  # the version of the wording above the button, kept with each signature; change both at once
LONGEST_NAME = 100
WORK = "altcha"  # the field of a proof of work, as ALTCHA's clients call it
TRAP = "website"  # the field that nobody sees
# Categories of Unicode that no name needs: control, surrogate, private, unassigned, separators of lines.
_NO_LETTERS = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
_READABLE = N_("Please use another mailbox: authorities who may punish people for signing can read this one.")
_JOINERS = "\u200c\u200d"  # Persian and Indic names need them; every other format character may deceive the eye


@dataclass(frozen=True, slots=True)
class Intake:
    """How a checked form becomes a submission, whether it came from a page, a command or a program."""

    database: Database
    vault: ServerKeys
    mailboxes: EmailProviders
    doors: RateLimiter
    base_url: str

    async def accept(self, signing: Signing, host: str | None, mode: ProofMode, form: Form) -> Admission:
        """Stores it as its network may sign now. Raises RateLimited, or ClosedError once signing has ended."""
        delay = await self.mail_delay(signing.address)
        admit = partial(self.doors.admit_form, host, mode=mode, trapped=trapped(form))
        try:
            return await self._store(signing, await admit(solution=form.values.get(WORK, "")), delay)
        except ProofReused:  # a proof that was used before counts for none
            return await self._store(signing, await admit(solution=""), delay)

    async def _store(self, signing: Signing, admission: Admission, delay: int) -> Admission:
        disposable = self.mailboxes.is_disposable(signing.address)
        admission = replace(admission, mail_delay=delay, disposable=disposable)
        ready = submissions.submitted(self.vault, signing, admission, self.base_url)
        await self.database.join(submissions.sign, ready)
        return admission

    async def mail_delay(self, address: EmailAddress) -> int:
        """Seconds before an email may leave to a provider that nobody has reviewed and that gets much now."""
        return 0 if self.mailboxes.is_reviewed(address) else await self.doors.delay_for_domain(address.domain)


def signing(
    form: Form, language: Language, mailboxes: EmailProviders, unsafe: Collection[str], *, warn_only: bool = False
) -> tuple[Signing | None, Form]:
    """The checked form, or None and the same form with its errors. An unsafe country becomes "not said"."""
    address, email = _email(form, mailboxes, warn_only=warn_only)
    country = form.values.get("country", "")
    country = UNSTATED_COUNTRY if country in unsafe else country
    name = _squeezed(form.values.get("name", "")) if form.is_checked("named") else ""
    errors = dict(email.errors)
    if country != UNSTATED_COUNTRY and not language.has_country(country):
        errors["country"] = N_("Please choose the country you live in.")
    if not form.is_checked("consent"):
        errors["consent"] = N_("Without your consent we may not count your signature.")
    if form.is_checked("named") and (wrong := _name_error(name, country)):
        errors["name"] = wrong
    checked = Form(form.values, errors, email.suggested_email, email.readable_mailbox)
    if errors or address is None:
        return None, checked
    return Signing(address, country, name or None, form.is_checked("updates"), CONSENT, language.code), checked


def manageable(form: Form, mailboxes: EmailProviders, *, warn_only: bool) -> tuple[EmailAddress | None, Form]:
    """Only an address, for a link to manage; a mailbox nobody can sign with gets no mail from here either."""
    found, checked = address(form, mailboxes)
    if found and mailboxes.readable_provider(found) and not warn_only:
        return None, Form(form.values, {"email": _READABLE})
    return found, checked


def trapped(form: Form) -> bool:
    """Whether something filled in the field that nobody sees: a sign of a robot, and never the only one."""
    return form.values.get(TRAP, "") != ""


def address(form: Form, mailboxes: EmailProviders) -> tuple[EmailAddress | None, Form]:
    """Only an address; None and the same form with its error for anything else."""
    text = form.values.get("email", "")
    if not text.strip():
        return None, Form(form.values, {"email": N_("Please enter your email address.")})
    if len(text) > MAX_EMAIL_LENGTH:
        return None, Form(form.values, {"email": N_("This is too long for an email address.")})
    if (found := mailboxes.parse(text)) is None:
        return None, Form(form.values, {"email": N_("This is not an email address we can write to.")})
    return found, form


def _email(form: Form, mailboxes: EmailProviders, *, warn_only: bool) -> tuple[EmailAddress | None, Form]:
    """The address to sign with: not one that authorities read, and not one that looks mistyped, unless insisted."""
    found, checked = address(form, mailboxes)
    if found is None:
        return None, checked
    sure = form.values.get("sure", "")
    insisted = sure != "" and mailboxes.parse(sure) == found
    if (entry := mailboxes.readable_provider(found)) and not (warn_only and insisted):
        return None, Form(form.values, {"email": _READABLE}, found.exact if warn_only else None, entry)
    if not entry and not insisted and (meant := mailboxes.suggestion(found)):
        return None, Form(form.values, {"email": N_("Is this address right?")}, meant)
    return found, form


def _name_error(name: str, country: str) -> str | None:
    if country == UNSTATED_COUNTRY:
        return N_("To protect people, no name is printed with this choice of country. Please untick the box.")
    if not name:
        return N_("Please enter the name to be printed, or untick the box.")
    if len(name) > LONGEST_NAME:
        return N_("Please shorten the name to 100 characters.")
    if not _readable(name):
        return N_("This name has characters that cannot be printed.")
    return None


def _readable(name: str) -> bool:
    kinds = [(c, unicodedata.category(c)) for c in name]
    bad = any(k in _NO_LETTERS or (k == "Cf" and c not in _JOINERS) or c == "\ufffd" for c, k in kinds)
    return not bad and any(k.startswith("L") for _, k in kinds)


def _squeezed(text: str) -> str:
    """One space between words, composed letters; control characters stay, to be refused."""
    return re.sub(r"[ \u00a0]+", " ", unicodedata.normalize("NFC", text)).strip(" ")
