"""The sender of the letters: where an answer goes, who signs, and the day by which an answer is asked for."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from petition.core.errors import DataError
from petition.core.toml_tables import DAY, EMAIL, TEXT, WHOLE_NUMBER, Kind, Table, list_of

_WEB_ADDRESS = re.compile(r"https?:|www\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The table `correspondence` of campaign.toml. A value is empty if the table does not have it.

    `address`: the lines of a postal address, without the sender's name. `email`: where answers are read.
    """

    address: tuple[str, ...] = ()
    email: str = ""
    phone: str = ""
    signatory: str = ""
    function: str = ""
    place: str = ""
    register: str = ""
    answer_by: date | None = None
    answer_days: int = 0

    def answer_day(self, today: date) -> date | None:
        """The day by which a letter of `today` asks for an answer; None if there is none, or it is over."""
        if self.answer_days:
            return today + timedelta(self.answer_days)
        return self.answer_by if self.answer_by and self.answer_by > today else None

    def missing(self) -> list[str]:
        """What a letter lacks, by the names in campaign.toml. A register is no duty everywhere."""
        wanted = ("address", "email", "phone", "signatory", "function", "place")
        answer = [] if self.answer_by or self.answer_days else ["answer_by"]
        return [*(name for name in wanted if not getattr(self, name)), *answer]


def read_letterhead(table: Table, contact: str) -> Letterhead:
    """`contact` is the mailbox for questions about personal data. Raises DataError: one sentence."""
    letterhead = Letterhead(
        address=tuple(table.optional("address", _ADDRESS, [])),
        **{name: table.optional(name, kind, "") for name, kind in _TEXT_KINDS.items()},
        answer_by=table.optional("answer_by", DAY, None),
        answer_days=table.optional("answer_days", _DAYS, 0),
    )
    if fault := _contradiction(letterhead, contact):
        raise DataError(f"{table.where}: {fault}.")
    return letterhead


def _contradiction(letterhead: Letterhead, contact: str) -> str:
    if letterhead.email and letterhead.email.lower() == contact.strip().lower():
        return "email is the contact for questions about personal data, and answers need a mailbox of their own"
    if letterhead.function and not letterhead.signatory:
        return "function is there and signatory is not, so nobody would have that function"
    if letterhead.answer_by and letterhead.answer_days:
        return "answer_by and answer_days are both there, and a letter can ask for one day only"
    return ""


def _line_of(length: int) -> Kind[str]:
    return Kind(
        f"a text of one line, {length} characters at most",
        lambda value: TEXT.fits(value) and value.isprintable() and 0 < len(value.strip()) <= len(value) <= length,
    )


_SHORT_LINE, _LINE = _line_of(45), _line_of(60)  # beside the sender's name, and below the signature
_ADDRESS: Kind[list[str]] = Kind(
    "a list of one to four lines of a postal address, 45 characters at most in each, without a web address",
    lambda value: (
        list_of(_SHORT_LINE, "").fits(value) and 0 < len(value) < 5 and not any(map(_WEB_ADDRESS.search, value))
    ),
)
_PHONE: Kind[str] = Kind(
    "a telephone number that begins with + and the code of the country",
    lambda value: TEXT.fits(value) and bool(re.fullmatch(r"\+[0-9][0-9 ()/-]{5,28}", value)),
)
_DAYS: Kind[int] = Kind("a number of days from 1 to 365", lambda v: WHOLE_NUMBER.fits(v) and 0 < v < 366)
_TEXT_KINDS: dict[str, Kind[str]] = {
    "email": EMAIL,
    "phone": _PHONE,
    "signatory": _LINE,
    "function": _LINE,
    "place": _SHORT_LINE,
    "register": _SHORT_LINE,
}
