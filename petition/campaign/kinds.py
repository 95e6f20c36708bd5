"""What the values of campaign.toml must be."""

import re

from petition.core.languages import SOURCE_LANGUAGE, Language
from petition.core.toml_tables import COUNTRY, TEXT, TEXT_BY_NAME, WHOLE_NUMBER, Kind

KEY_URI: Kind[str] = Kind(
    "the address of a key, https://…, dns:… or openpgp4fpr:…",
    lambda value: TEXT.fits(value) and bool(re.fullmatch(r"(https://|dns:|openpgp4fpr:)[!-~]+", value)),
)
WAIT: Kind[int] = Kind("a number of days from 1 to 365", lambda v: WHOLE_NUMBER.fits(v) and 0 < v < 366)
PAGE: Kind[str] = Kind(
    "the address of a page, https://…",
    lambda value: TEXT.fits(value) and bool(re.fullmatch(r"https://[!-~]+", value)),
)
ISO_COUNTRY: Kind[str] = Kind(
    "the code of a country such as PL (ISO 3166)",
    lambda value: COUNTRY.fits(value) and Language(SOURCE_LANGUAGE, {}).has_country(value),
)
NAMES: Kind[dict[str, str]] = Kind("a table of names", lambda value: TEXT_BY_NAME.fits(value) and value != {})
