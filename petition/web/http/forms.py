"""Forms: what arrives in a body becomes a checked Signing or address, or one sentence per field."""

import asyncio
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from petition.core.email_addresses import LONGEST, Address, Mailboxes
from petition.core.languages import N_, Language
from petition.signing.signatures import Signing
from petition.tally.rounding import UNSTATED_COUNTRY

CONSENT = "2026-11-22"  # the version of the wording above the button, kept with each signature; change both at once
LONGEST_NAME = 100
WORK = "altcha"  # the field of a proof of work, as ALTCHA's clients call it
TRAP = "website"  # the field that nobody sees
FIELDS = 200  # each fact and address of an edition is one
PATIENCE = 15  # seconds for a body of a few hundred bytes; a slow phone needs five, and a stopping server waits for it
_FORM = "application/x-www-form-urlencoded"
# Categories of Unicode that no name needs: control, surrogate, private, unassigned, separators of lines.
_NO_LETTERS = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
_READABLE = N_("Please use another mailbox: authorities who may punish people for signing can read this one.")
_THROTTLED = N_(
    "Very many forms have come from your network. Please try again in a few minutes, or from another network."
)
_JOINERS = "\u200c\u200d"  # Persian and Indic names need them; every other format character may deceive the eye


@dataclass(frozen=True)
class Form:
    """What was typed, field by field, and what is wrong with it."""

    typed: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    meant: str | None = None  # the address that was perhaps meant
    readable: dict[str, Any] | None = None  # what is known of a mailbox that authorities can read
    refused: str = ""  # why it is not taken now, though nothing in it is wrong

    def on(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self.typed.get(name) == "on"


EMPTY = Form({})


async def read(request: Request) -> Form:
    """The fields of a body. 415 for another kind of body; a field sent twice counts as garbled."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", _FORM):
        raise HTTPException(415)
    body = await _body(request)
    if body and not kind:  # nothing at all is an empty form
        raise HTTPException(415)
    typed: dict[str, str] = {}
    try:
        for name, value in parse_qsl(body, keep_blank_values=True, max_num_fields=FIELDS):
            typed[name] = f"{typed[name]}\N{REPLACEMENT CHARACTER}{value}" if name in typed else value
    except ValueError:
        raise HTTPException(400) from None
    return Form(typed)


async def _body(request: Request) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            return (await request.body()).decode("utf-8", "replace")
    except TimeoutError:
        raise HTTPException(408, headers={"Connection": "close"}) from None


def signing(
    form: Form, language: Language, mailboxes: Mailboxes, unsafe: Collection[str], *, warn_only: bool = False
) -> tuple[Signing | None, Form]:
    """The checked form, or None and the same form with its errors. An unsafe country becomes "not said"."""
    address, email = _email(form, mailboxes, warn_only=warn_only)
    country = form.typed.get("country", "")
    country = UNSTATED_COUNTRY if country in unsafe else country
    name = _squeezed(form.typed.get("name", "")) if form.on("named") else ""
    errors = dict(email.errors)
    if country != UNSTATED_COUNTRY and not language.has_country(country):
        errors["country"] = N_("Please choose the country you live in.")
    if not form.on("consent"):
        errors["consent"] = N_("Without your consent we may not count your signature.")
    if form.on("named") and (wrong := _name_error(name, country)):
        errors["name"] = wrong
    checked = Form(form.typed, errors, email.meant, email.readable)
    if errors or address is None:
        return None, checked
    return Signing(address, country, name or None, form.on("updates"), CONSENT, language.code), checked


def manageable(form: Form, mailboxes: Mailboxes, *, warn_only: bool) -> tuple[Address | None, Form]:
    """Only an address, for a link to manage; a mailbox nobody can sign with gets no mail from here either."""
    found, checked = address(form, mailboxes)
    if found and mailboxes.readable(found) and not warn_only:
        return None, Form(form.typed, {"email": _READABLE})
    return found, checked


def day(text: str, today: date) -> date | None:
    """A day as forms send it (ISO 8601); None for anything else, and for one that has not come yet."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found <= today else None


def throttled(form: Form) -> Form:
    """The form as it was typed, with a sentence for whoever comes from a network that had its share."""
    return replace(form, refused=_THROTTLED)


def trapped(form: Form) -> bool:
    """Whether something filled in the field that nobody sees: a sign of a robot, and never the only one."""
    return form.typed.get(TRAP, "") != ""


def address(form: Form, mailboxes: Mailboxes) -> tuple[Address | None, Form]:
    """Only an address; None and the same form with its error for anything else."""
    text = form.typed.get("email", "")
    if not text.strip():
        return None, Form(form.typed, {"email": N_("Please enter your email address.")})
    if len(text) > LONGEST:
        return None, Form(form.typed, {"email": N_("This is too long for an email address.")})
    if (found := mailboxes.read(text)) is None:
        return None, Form(form.typed, {"email": N_("This is not an email address we can write to.")})
    return found, form


def _email(form: Form, mailboxes: Mailboxes, *, warn_only: bool) -> tuple[Address | None, Form]:
    """The address to sign with: not one that authorities read, and not one that looks mistyped, unless insisted."""
    found, checked = address(form, mailboxes)
    if found is None:
        return None, checked
    sure = form.typed.get("sure", "")
    insisted = sure != "" and mailboxes.read(sure) == found
    if (entry := mailboxes.readable(found)) and not (warn_only and insisted):
        return None, Form(form.typed, {"email": _READABLE}, found.exact if warn_only else None, entry)
    if not entry and not insisted and (meant := mailboxes.meant(found)):
        return None, Form(form.typed, {"email": N_("Is this address right?")}, meant)
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
