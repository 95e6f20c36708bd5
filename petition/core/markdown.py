"""Files of Markdown under a head of TOML, and texts that Markdown must take as they stand."""

import re
from pathlib import Path

from petition.core import toml_tables
from petition.core.errors import DataError
from petition.core.toml_tables import Table


def front_matter(file: Path) -> tuple[Table, str]:
    """The head of a text, TOML between two lines of +++, and the body below it; errors name file and folder."""
    where = f"{file.parent.name}/{file.name}"
    match = re.fullmatch(r"\+\+\+\n(.*?)\n\+\+\+\n(.*)", toml_tables.read_text(file, where), re.DOTALL)
    if not match:
        raise DataError(f"{where} has no front matter between two lines of +++.")
    return toml_tables.parse(match[1], where), match[2]


def escape(text: str) -> str:
    """The text with every sign disarmed that Markdown could read (CommonMark 2.4: any ASCII punctuation)."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)
