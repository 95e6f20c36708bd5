"""How else than by post an addressee can be written to: email, web form."""

import re

from petition.core.toml_tables import EMAIL, TEXT, WHOLE_NUMBER, Kind, Table
from petition.letters.addressees.address_book import Channels

_FORM: Kind[str] = Kind(
    "a web address, which begins with https:// or http://",
    lambda value: TEXT.fits(value) and bool(re.fullmatch(r"https?://[!-~]{1,500}", value)),
)
_CHARACTERS: Kind[int] = Kind("a number of characters", lambda value: WHOLE_NUMBER.fits(value) and value > 0)


def read_channels(table: Table) -> Channels:
    """The table `channels` of a state or an institution; none of its ways is there without its source."""
    channels = table.table("channels", needed=False)
    if not channels.values:
        return Channels()
    if "form_limit" in channels.values and "form" not in channels.values:
        raise channels.fault("form_limit is the limit of a form, and there is none")
    return Channels(
        email=channels.optional("email", EMAIL, ""),
        form=channels.optional("form", _FORM, ""),
        form_limit=channels.optional("form_limit", _CHARACTERS, 0),
        source=channels.text("source"),
        checked=channels.text("checked"),
    )
