"""The text of a letter in one language: a file with labels, and Markdown that Jinja fills in first.

All values from data are escaped, so that nothing in them is read as Jinja or Markdown.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt
from markdown_it.token import Token

from petition.core import markdown, typography
from petition.core.errors import DataError
from petition.core.toml_tables import TEXT_BY_NAME, TEXTS, WHOLE_NUMBER, Kind
from petition.letters.writing.document import Block, Run

STATES_WITH_LETTERS = ("open", "passed", "met")
_REQUIRED_KEYS = {
    "labels": (
        *("reference", "date", "copies", "sources", "closing", "signature", "salutation", "check", "courtesy"),
        "enclosures",
    ),
    "subject": STATES_WITH_LETTERS,
    "ministries": ("foreign", "transport", "interior", "permrep"),
    "figures": ("caption", "country", "signatures", "other", "total", "eci"),
    "annex": ("title", "unverified", "count", "order", "substitute", "elsewhere", "homonyms", "duty"),
}
_MONTHS: Kind[list[str]] = Kind("a list of twelve texts", lambda value: TEXTS.fits(value) and len(value) == 12)


class Markdown(str):
    """Text that is already Markdown and must not be escaped again."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class LetterText:
    """The file of one language. `roles`: which addressees it is written for; see Addressee.role.

    `english`: the number of the English text that it says the same as; a new sense gets a new number.
    `publishers`: the names of publishers in this language; the data has them in English.
    """

    name: str
    language: str
    reviewed: str
    english: int
    roles: tuple[str, ...]
    labels: Mapping[str, str]
    subject: Mapping[str, str]
    ministries: Mapping[str, str]
    figures: Mapping[str, str]
    annex: Mapping[str, str]
    publishers: Mapping[str, str]
    dates: Mapping[str, str]
    months: Mapping[str, Sequence[str]]
    body: str = field(repr=False)

    def render_blocks(self, context: Mapping[str, Any]) -> tuple[Block, ...]:
        """The body with its values filled in. Raises DataError, which names the file."""
        return render_blocks(self.body, self.name, self.language, context)


def render_blocks(
    body: str, name: str, language: str, context: Mapping[str, Any], *, headings: bool = False
) -> tuple[Block, ...]:
    """The blocks of a template. Raises DataError, which names the file `letters/NAME`."""
    try:
        text = typography.polish_text(_compile_template(body).render(context), language)
    except (TemplateError, TypeError, ValueError) as error:
        raise DataError(f"letters/{name} cannot be filled in: {error}.") from error
    tokens = _markdown.parse(text)
    kinds = _BLOCK_KINDS | {"heading_open": "heading"} if headings else _BLOCK_KINDS
    return tuple(block for block in _blocks(tokens, name, kinds) if not _cites_omitted_source(block))


def find_text(folders: Sequence[Path], language: str) -> LetterText | None:
    """The text from the first folder that has one in this language; None if no folder has."""
    name = f"{language}.md"
    file = next((folder / name for folder in folders if (folder / name).is_file()), None)
    return read_text(file) if file else None


@cache
def read_text(file: Path) -> LetterText:
    """Raises DataError: one sentence about what is missing in the file."""
    head, body = markdown.front_matter(file)
    for table, labels in _REQUIRED_KEYS.items():
        for label in labels:
            head.table(table).text(label)
    months = head.table("months", needed=False)
    return LetterText(
        name=file.name,
        language=file.stem,
        reviewed=head.text("reviewed"),
        english=head.optional("english", WHOLE_NUMBER, 1),
        roles=tuple(head.read("roles", TEXTS)),
        **{name: head.read(name, TEXT_BY_NAME) for name in _REQUIRED_KEYS},
        publishers=head.optional("publishers", TEXT_BY_NAME, {}),
        dates=head.optional("dates", TEXT_BY_NAME, {}),
        months={name: months.read(name, _MONTHS) for name in months.values},
        body=body,
    )


def _escape(value: object) -> str:
    """What Jinja prints: every sign that Markdown could read is escaped, except in a Markdown value."""
    if isinstance(value, Markdown):
        return value
    parts = re.split(r"[^\S\xa0\u202f]+", str(value).strip())  # no-break spaces stay
    return markdown.escape(" ".join(parts))


def markdown_link(url: str) -> Markdown:
    """A link whose text is the web address itself."""
    return Markdown(f"[{_escape(url)}](<{url}>)")


def named_page(name: str, url: str) -> Markdown:
    """A name and the address of its page; empty without a name."""
    return Markdown(f"{_escape(name)}, {markdown_link(url)}" if name else "")


_jinja = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined,
    finalize=_escape,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,
)
_markdown = MarkdownIt("commonmark", {"html": False})


@cache
def _compile_template(body: str) -> Template:
    return _jinja.from_string(body)


def _cites_omitted_source(block: Block) -> bool:
    """True if the block cites a source that was left out: its other sentences may make no sense alone."""
    return any(run.url == "omit:" for run in block.runs)


_STYLES = {"strong_open": "strong", "em_open": "emphasis"}
_BLOCK_KINDS = {"list_item_open": "item", "blockquote_open": "quote"}
_STRUCTURE_TOKENS = ("bullet_list", "ordered_list", "list_item", "blockquote", "paragraph")


def _blocks(tokens: Sequence[Token], name: str, known: Mapping[str, str]) -> Iterator[Block]:
    """Blocks of the known kinds, by their opening token, and paragraphs. Raises DataError for anything else."""
    kinds = ["paragraph"]
    for token in tokens:
        if token.type in known:
            kinds.append(known[token.type])
        elif token.type.replace("_close", "_open") in known:
            kinds.pop()
        elif token.type == "inline":
            yield Block(kinds[-1], tuple(_runs(token.children or [], name)))
        elif token.type.rpartition("_")[0] not in _STRUCTURE_TOKENS:
            raise DataError(f"letters/{name} has a {token.type.partition('_')[0]}, which no letter prints.")


def _runs(tokens: Sequence[Token], name: str) -> Iterator[Run]:
    style = url = ""
    for token in tokens:
        if token.type in _STYLES:
            style = _STYLES[token.type]
        elif token.type in ("strong_close", "em_close"):
            style = ""
        elif token.type in ("link_open", "link_close"):
            url = str(token.attrGet("href") or "")
        elif token.type in ("text", "text_special", "code_inline", "softbreak", "hardbreak"):
            if token.content or token.type.endswith("break"):
                yield _run(token.content or " ", style, url)
        else:
            raise DataError(f"letters/{name} has a {token.type.partition('_')[0]}, which no letter prints.")


def _run(text: str, style: str, url: str) -> Run:
    return Run(text, "note") if url.startswith("note:") else Run(text, style, url)
