"""Reads Markdown files with TOML front matter, and escapes text for Markdown."""

import re
from pathlib import Path

from petition.core import toml_tables
from petition.core.errors import DataError
from petition.core.toml_tables import Table


def front_matter(file: Path) -> tuple[Table, str]:
    """(front matter, body). The front matter is TOML between two lines of +++. A DataError names folder and file."""
    where = f"{file.parent.name}/{file.name}"
    head, body = split(toml_tables.read_text(file, where), where)
    return toml_tables.parse(head, where), body


def split(text: str, where: str) -> tuple[str, str]:
    """(TOML of the front matter, body)."""
    match = re.fullmatch(r"\+\+\+\n(.*?)\n\+\+\+\n(.*)", text, re.DOTALL)
    if not match:
        raise DataError(f"{where} has no front matter between two lines of +++.")
    return match[1], match[2]


def escape(text: str) -> str:
    """Escapes every character that may mean something in Markdown (CommonMark 2.4: any ASCII punctuation)."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)
