"""The chart of a letter: published figures by country, and what a European Citizens' Initiative needs, once reached."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from petition.campaign.appeal import Appeal
from petition.core import collation, toml_tables
from petition.core.toml_tables import DAY, WHOLE_NUMBER
from petition.letters.addressees.address_book import Addressee, Source
from petition.letters.writing.document import Bar, Chart, Figures, Note
from petition.letters.writing.formatting import Formatter
from petition.letters.writing.texts import LetterText

MAX_COUNTRIES = 6  # with more, most letters would need a third page


@dataclass(frozen=True, slots=True)
class Seats:
    """Members of the European Parliament by country, and in total; `source` says where the numbers are from."""

    by_country: dict[str, int]
    total: int
    source: Source


@cache
def read_seats(file: Path) -> Seats:
    """The seats of one term. Raises DataError for a bad file, or if the numbers do not add up."""
    table = toml_tables.load(file)
    states, members = table.table("seats"), table.read("members", WHOLE_NUMBER)
    by_country = {code: states.read(code, WHOLE_NUMBER) for code in states.values}
    if sum(by_country.values()) != members:
        raise table.fault(f"the seats do not add up to {members}")
    as_of = table.read("as_of", DAY).isoformat()
    return Seats(by_country, members, Source(table.text("publisher"), as_of, table.text("source")))


def build_chart(
    appeal: Appeal, addressee: Addressee, figures: Figures, text: LetterText, formatter: Formatter, note_number: int
) -> tuple[Chart | None, tuple[Note, ...]]:
    """The chart for one addressee, and the note that it cites, which gets `note_number`.

    There is no chart until figures are published, and no comparison until the addressee's country has as many as a
    European Citizens' Initiative needs there: a number not reached would only tell against the letter.
    """
    if not figures.confirmed:
        return None, ()
    parliament = read_seats(appeal.data_file("parliament.toml"))
    seats = parliament.by_country.get(addressee.country or "", 0)
    threshold = seats * parliament.total
    reached = 0 < threshold <= (figures.country or 0)
    values = {"threshold": formatter.number(threshold), "seats": formatter.number(seats)}
    labels, publisher = text.figures, text.publishers.get(parliament.source.publisher, parliament.source.publisher)
    chart = Chart(
        caption=labels["caption"],
        head=(labels["country"], labels["signatures"]),
        bars=tuple(_bars(addressee, figures, formatter, labels["other"])),
        total=(labels["total"], formatter.number(figures.confirmed)),
        comparison=f"{labels['eci'].format(**values)}\u00a0[{note_number}]" if reached else "",
    )
    note = Note(note_number, f"{publisher}, {formatter.source_dates(parliament.source)}", parliament.source.url)
    return chart, (note,) if reached else ()


def _bars(addressee: Addressee, figures: Figures, formatter: Formatter, other: str) -> Iterator[Bar]:
    """The largest countries and the addressee's own; the last bar is all others together."""
    sort_key = collation.sort_key(formatter.locale.language)
    counts = [(n, str(formatter.locale.territories.get(code, code)), code) for code, n in figures.countries.items()]
    ranked = sorted(counts, key=lambda bar: (-bar[0], sort_key(bar[1])))
    shown = sorted(ranked, key=lambda bar: bar[2] != addressee.country)[:MAX_COUNTRIES]
    for n, name, code in filter(shown.__contains__, ranked):
        yield Bar(name, n, formatter.number(n), own=code == addressee.country)
    if rest := figures.confirmed - sum(n for n, _, _ in shown):
        yield Bar(other, rest, formatter.number(rest), rest=True)
