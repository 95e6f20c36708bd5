"""What campaign.toml says for newspapers: whom to call, who we are, what to quote, the licence of the data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from petition.core.toml_tables import EMAIL, TEXT, TEXT_BY_NAME, Kind, Table, one_of

# Licence -> its address.
LICENCES = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
LICENCE: Kind[str] = one_of(*LICENCES)
DEFAULT_LICENCE = "CC-BY-4.0"


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence that newspapers may print. `text`: by language; `who`: the person, with their office."""

    who: str
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Press:
    """`about`: who asks, by language. Each text is empty if it is not said."""

    name: str = ""
    phone: str = ""
    email: str = ""
    about: Mapping[str, str] = field(default_factory=dict)
    quotes: tuple[Quote, ...] = ()


def read_press(press: Table) -> Press:
    """`[press]` of campaign.toml, with its `[[press.quotes]]`. Raises DataError."""
    return Press(
        press.optional("name", TEXT, ""),
        press.optional("phone", TEXT, ""),
        press.optional("email", EMAIL, ""),
        press.optional("about", TEXT_BY_NAME, {}),
        tuple(_quotes(press)),
    )


def _quotes(press: Table) -> Iterator[Quote]:
    for quote in press.tables("quotes", needed=False):
        yield Quote(quote.text("who"), quote.read("text", TEXT_BY_NAME))
