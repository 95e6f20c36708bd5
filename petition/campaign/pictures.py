"""Pictures of people, on the appeal: only those that a campaign supplies, each with the consent of who is on it.

They lie in the folder `pictures` of the campaign folder; `pictures/pictures.toml` says of each:

    [[picture]]
    file = "anna.jpg"       JPEG, PNG, WebP or AVIF of 300 kB at most
    width = 600             in pixels, so that nothing moves while it loads
    height = 800
    caption = "Anna N."
    licence = "CC BY 4.0, photo: B. K."
    consent = "her sister, in writing, 2026-11-02"    who agreed and when: for organisers, never shown
    alt.en = "A woman with short hair holds a cat."
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from petition.core import toml_tables
from petition.core.languages import SOURCE_LANGUAGE
from petition.core.toml_tables import TEXT, TEXT_BY_NAME, WHOLE_NUMBER, Kind, Table

MAX_BYTES = 300_000
_FOLDER, _INDEX = "pictures", "pictures.toml"
_NAME: Kind[str] = Kind(
    "a file name of small letters, digits and hyphens that ends in .jpg, .png, .webp or .avif",
    lambda value: TEXT.fits(value) and bool(re.fullmatch(r"[a-z0-9-]+\.(jpg|png|webp|avif)", value)),
)
_PIXELS: Kind[int] = Kind("a number of pixels from 1 to 4000", lambda v: WHOLE_NUMBER.fits(v) and 0 < v <= 4000)
_ALT: Kind[dict[str, str]] = Kind("a table of texts with one in English", lambda v: TEXT_BY_NAME.fits(v) and "en" in v)


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    content: bytes
    width: int
    height: int
    caption: str
    licence: str
    alt: Mapping[str, str]

    @property
    def address(self) -> str:
        """It changes with the content, so caches may keep it for ever."""
        return f"/pictures/{self.name}?v={sha256(self.content).hexdigest()[:8]}"

    def alt_text(self, language: str) -> tuple[str, str]:
        """(language, text): in this language, or in English."""
        code = language if language in self.alt else SOURCE_LANGUAGE
        return code, self.alt[code]


def load_pictures(campaign_folder: Path | None) -> tuple[Picture, ...]:
    """In the order of the file; none if there is no such file. Raises DataError."""
    folder = campaign_folder / _FOLDER if campaign_folder else None
    return tuple(_read_pictures(folder)) if folder and (folder / _INDEX).exists() else ()


def _read_pictures(folder: Path) -> Iterator[Picture]:
    for row in toml_tables.load(folder / _INDEX).tables("picture"):
        row.text("consent")  # without it there is no picture
        name = row.read("file", _NAME)
        size = row.read("width", _PIXELS), row.read("height", _PIXELS)
        yield Picture(
            name, _content(row, folder / name), *size, row.text("caption"), row.text("licence"), row.read("alt", _ALT)
        )


def _content(row: Table, file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise row.fault(f"{file.name} cannot be read, {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise row.fault(f"{file.name} has {len(content)} bytes, more than {MAX_BYTES}")
    return content
