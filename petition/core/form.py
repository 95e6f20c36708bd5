"""A submitted form: its values, and an error for each wrong field.

No field is read that is longer than its limit: Unicode normalisation, for one, takes quadratic time.
"""

import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date

from petition.core import clock
from petition.core.email_addresses import Operator
from petition.core.languages import N_

MAX_LENGTH = 500  # characters of a field
# Fields that may be longer. Of summary-pl, the part before the hyphen counts.
_MAX_LENGTHS = {"altcha": 2000, "keys": 10_000, "lines": 2000, "note": 1000, "passkey": 20_000, "remove": 2000}
_MAX_LENGTHS |= {"body": 9000, "shown": 10_000, "summary": 4000, "undo": 2000}
_TOO_LONG = {
    "email": N_("This is too long for an email address."),
    "name": N_("Please shorten the name to 100 characters."),
}


@dataclass
class Form:
    """What was typed, by the name of the field. A method that reads a field adds its error if it is wrong.

    `typed` is whole, to be shown again. In `values` a field that is too long is empty, and has its error.
    """

    typed: dict[str, str]
    values: dict[str, str] = field(init=False)
    errors: dict[str, str] = field(default_factory=dict)  # one sentence for each field that is wrong
    suggested_email: str | None = None  # the address that the person probably meant
    can_use_suggested: bool = False  # whether one press may put it in
    readable_mailbox: Operator | None = None  # who runs the mailbox, or the suggested one, if authorities can read it
    can_insist: bool = False  # whether one press may confirm the address as it is
    insists: bool = False  # whether the person has confirmed the address as it is, in the field "sure"
    refusal: str = ""  # why the form is not taken now, although no field is wrong

    def __post_init__(self) -> None:
        # No limit is less than MAX_LENGTH, so most fields need no look at the list.
        too_long = [
            name for name, text in self.typed.items() if len(text) > MAX_LENGTH and len(text) > max_length(name)
        ]
        self.values = self.typed | dict.fromkeys(too_long, "")
        for name in too_long:
            self.add_error(name, _TOO_LONG.get(name, N_("The text is too long for this form.")))

    def put(self, name: str, text: str) -> None:
        """The text takes the place of what was typed, also where it is shown again."""
        self.typed[name] = self.values[name] = text

    def add_error(self, name: str, error: str) -> None:
        """The first error of a field stays."""
        self.errors.setdefault(name, error)

    def is_checked(self, name: str) -> bool:
        return self.values.get(name) == "on"

    def text(self, name: str, pattern: re.Pattern[str], error: str) -> str:
        """A text without space around it, lines end in LF; may be empty. The pattern says how long it may be."""
        text = self.values.get(name, "").replace("\r\n", "\n").strip()
        if text and not pattern.fullmatch(text):
            self.add_error(name, error)
        return text

    def day(self, name: str, error: str, *, required: bool = False) -> date | None:
        """A day as forms send it (ISO 8601), today at the latest; None for an empty field and for a wrong one."""
        text = self.values.get(name, "").strip()
        with suppress(ValueError):  # no day: the field gets its error below
            if (day := date.fromisoformat(text)) <= clock.today():
                return day
        if text or required:
            self.add_error(name, error)
        return None

    def choice(self, name: str, options: Collection[str], error: str) -> str:
        """One of the options, or an empty text."""
        value = self.values.get(name, "")
        if not value or value in options:
            return value
        self.add_error(name, error)
        return ""


def max_length(name: str) -> int:
    """Characters that a field of this name may have."""
    return _MAX_LENGTHS.get(name.partition("-")[0], MAX_LENGTH)


EMPTY_FORM = Form({})  # to render; all requests share it, so nothing may be read into it
