"""A letter as plain text for web forms of governments: a line per paragraph, because the form breaks lines itself."""

from collections.abc import Iterator

from petition.core import typography
from petition.letters.writing.document import Block, Chart, Letter, Note, Part

_LINE_PREFIXES = {"item": "– ", "quote": "    ", "paragraph": "", "heading": ""}
PLAIN_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u200b": None})


def render(letter: Letter) -> str:
    """Everything that is on paper except the footers. Lines end in LF."""
    parts = ("\n".join(filter(None, part)) for part in _paragraphs(letter))
    return "\n\n".join(filter(None, parts)).translate(PLAIN_SPACES) + "\n"


def _paragraphs(letter: Letter) -> Iterator[list[str]]:
    labels = letter.labels
    yield ["" if letter.check_url else "PREVIEW"]
    yield [letter.sender, *letter.contact]
    yield [letter.title, letter.office, *letter.lines]
    head = {"reference": letter.reference, "date": letter.date}
    yield [typography.label(labels[key], value, letter.language) for key, value in head.items()]
    yield [letter.check_url and f"{labels['check']} {letter.check_url}"]
    yield [labels["courtesy"] if letter.courtesy else ""]
    yield from _part_paragraphs(letter.summary) if letter.summary else ()
    yield [letter.subject]
    yield [letter.salutation]
    yield from _body_paragraphs(letter.blocks)
    yield [letter.closing]
    yield [*letter.signatory, letter.sender, *letter.reply_to]
    if letter.enclosure_names:
        yield [labels["enclosures"], *letter.enclosure_names]
    if letter.copies:
        yield [labels["copies"], *letter.copies]
    if letter.chart:
        yield from _chart_paragraphs(letter.chart, letter.language)
    yield _source_lines(labels["sources"], letter.sources)
    for part in letter.enclosures:
        yield from _part_paragraphs(part)


def _part_paragraphs(part: Part) -> Iterator[list[str]]:
    yield [part.title]
    yield from _body_paragraphs(part.blocks)
    yield _source_lines(part.sources_title, part.sources)


def _source_lines(title: str, notes: tuple[Note, ...]) -> list[str]:
    return [title, *(f"[{note.number}] {note.text}, {note.url}" for note in notes)] if notes else []


def _chart_paragraphs(chart: Chart, language: str) -> Iterator[list[str]]:
    rows = [*((bar.name, bar.printed) for bar in chart.bars), chart.total]
    yield [chart.caption, *(typography.label(name, n, language) for name, n in rows)]
    yield [chart.comparison]


def _body_paragraphs(blocks: tuple[Block, ...]) -> Iterator[list[str]]:
    """The items of one list are one paragraph, a line for each."""
    items: list[str] = []
    for block in blocks:
        if block.kind != "item" and items:
            yield items
            items = []
        line = _LINE_PREFIXES[block.kind] + block.text
        if block.kind == "item":
            items.append(line)
        else:
            yield [line]
    yield items
