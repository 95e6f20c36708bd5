"""The table of a letter: the published figures by country, and what a European Citizens' Initiative would need."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from petition.campaign.appeal import Appeal
from petition.core import collation, toml_tables
from petition.core.toml_tables import DAY, WHOLE_NUMBER
from petition.letters.addressees.directory import Addressee, Source
from petition.letters.writing.document import Bar, Chart, Figures, Note
from petition.letters.writing.formatting import Words
from petition.letters.writing.texts import Text

LINES = 6  # of countries; with more, most letters would need a third page


@dataclass(frozen=True, slots=True)
class Parliament:
    """Members of the European Parliament by state, and in all; whose number that is."""

    seats: dict[str, int]
    members: int
    source: Source


@cache
def parliament(file: Path) -> Parliament:
    """The seats of a term. Raises DataError for a file that cannot be used, or whose numbers do not add up."""
    table = toml_tables.load(file)
    states, members = table.table("seats"), table.read("members", WHOLE_NUMBER)
    seats = {code: states.read(code, WHOLE_NUMBER) for code in states.values}
    if sum(seats.values()) != members:
        raise table.fault(f"the seats do not add up to {members}")
    as_of = table.read("as_of", DAY).isoformat()
    return Parliament(seats, members, Source(table.text("publisher"), as_of, table.text("source")))


def draw(
    appeal: Appeal, addressee: Addressee, figures: Figures, text: Text, words: Words, number: int
) -> tuple[Chart | None, tuple[Note, ...]]:
    """The chart for one addressee, none while nothing is published; and the note it cites, which gets this number."""
    if not figures.confirmed:
        return None, ()
    house = parliament(appeal.file("parliament.toml"))
    seats = house.seats.get(addressee.country or "", 0)
    told = {"threshold": words.number(seats * house.members), "seats": words.number(seats)}
    labels, publisher = text.figures, text.publishers.get(house.source.publisher, house.source.publisher)
    drawn = Chart(
        caption=labels["caption"],
        head=(labels["country"], labels["signatures"]),
        bars=tuple(_bars(addressee, figures, words, labels["other"])),
        total=(labels["total"], words.number(figures.confirmed)),
        yardstick=f"{labels['eci'].format(**told)}\u00a0[{number}]" if seats else "",
    )
    note = Note(number, f"{publisher}, {words.when(house.source)}", house.source.url)
    return drawn, (note,) if seats else ()


def _bars(addressee: Addressee, figures: Figures, words: Words, other: str) -> Iterator[Bar]:
    """The largest countries and the addressee's own; whoever is not shown is in the last line."""
    in_order = collation.sort_key(words.locale.language)
    bars = [(n, str(words.locale.territories.get(code, code)), code) for code, n in figures.countries.items()]
    ranked = sorted(bars, key=lambda bar: (-bar[0], in_order(bar[1])))
    shown = sorted(ranked, key=lambda bar: bar[2] != addressee.country)[:LINES]
    for n, name, code in filter(shown.__contains__, ranked):
        yield Bar(name, n, words.number(n), own=code == addressee.country)
    if rest := figures.confirmed - sum(n for n, _, _ in shown):
        yield Bar(other, rest, words.number(rest), rest=True)
