"""How many people live in each country (data/populations.toml): for signatures per million."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from petition.core import toml_tables
from petition.core.toml_tables import COUNTRY, WHOLE_NUMBER, Kind

_THOUSANDS: Kind[dict[str, int]] = Kind(
    "a table of whole numbers by the codes of countries",
    lambda value: (
        isinstance(value, dict)
        and all(COUNTRY.fits(code) and WHOLE_NUMBER.fits(n) and n > 0 for code, n in value.items())
    ),
)


@dataclass(frozen=True, slots=True)
class Populations:
    """`thousands`: by the code of the country."""

    year: int
    publisher: str
    source: str
    thousands: Mapping[str, int]

    def per_million(self, counts: Mapping[str, int]) -> dict[str, float]:
        """Of the countries whose population is known."""
        return {code: n * 1000 / self.thousands[code] for code, n in counts.items() if code in self.thousands}


def load_populations(file: Path) -> Populations:
    """Raises DataError, which names what is missing or wrong."""
    table = toml_tables.load(file)
    return Populations(
        table.read("year", WHOLE_NUMBER),
        table.text("publisher"),
        table.text("source"),
        table.read("thousands", _THOUSANDS),
    )
