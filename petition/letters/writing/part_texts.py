"""The texts of what stands before and behind a letter, in folders of their own beside the letters: `legal/en.md`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from petition.core import markdown
from petition.core.languages import SOURCE_LANGUAGE
from petition.core.toml_tables import TEXTS
from petition.letters.writing.document import Block
from petition.letters.writing.texts import render_blocks


@dataclass(frozen=True, slots=True)
class PartText:
    """`roles`: which addressees it is written for; see Addressee.role."""

    name: str
    language: str
    title: str
    reviewed: str
    roles: tuple[str, ...]
    body: str = field(repr=False)

    def render_blocks(self, context: Mapping[str, Any]) -> tuple[Block, ...]:
        """The body with its values filled in; it can have headings. Raises DataError, which names the file."""
        return render_blocks(self.body, self.name, self.language, context, headings=True)


def find_part_text(folders: Sequence[Path], kind: str, language: str, role: str) -> PartText | None:
    """The text from the first folder that has one in this language; None if there is none for this role.

    A translation that no native speaker has read is not used.
    """
    name = f"{kind}/{language}.md"
    file = next((folder / name for folder in folders if (folder / name).is_file()), None)
    text = _read_part_text(file) if file else None
    return text if text and role in text.roles and is_readable(text.language, text.reviewed) else None


def is_readable(language: str, reviewed: str) -> bool:
    return language == SOURCE_LANGUAGE or reviewed != "no"


@cache
def _read_part_text(file: Path) -> PartText:
    head, body = markdown.front_matter(file)
    return PartText(
        name=f"{file.parent.name}/{file.name}",
        language=file.stem,
        title=head.text("title"),
        reviewed=head.text("reviewed"),
        roles=tuple(head.read("roles", TEXTS)),
        body=body,
    )
