"""Plain English: words that must not come back in docs, comments, docstrings and the organisers' desk."""

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages import pofile

from tests import ROOT

CHECKED = (
    "CONTRIBUTING.md",
    *("README.md", "SECURITY.md", "CHANGELOG.md", "Makefile", "docs/**/*.md", "docs/deploy/**/*"),
    *("sql/**/*.sql", "static/*.js", "static/*.css"),
    *("petition/**/*.py", "tests/**/*.py", "templates/web/**/*.html", "templates/mail/**/*"),
    *("petition/locale/*.pot", "petition/data/*.toml", "templates/appeal/en.md", "templates/letters/en.md"),
)
CITIZENS = "petition/locale/messages.pot"  # what people who sign read, in pages and emails

# What to look for, and what to write instead.
WORDS = {
    r"(?<!registered )mails?(?!/| (server|program|client))": "email, emails",
    r"anew": "again",
    r"who(so)?ever|whomever": "anyone who",
    r"mend(s|ed|ing)?": "fix",
    r"of late": "recently",
    r"not to be had": "not available",
    r"shall": "must, will",
    r"meanwhile": "since then, during this",
    r"lest": "so that … not",
    r"there(of|in|by|with|upon)|here(of|in|by|with)": "of it, in it, by it, with it",
    r"where(of|in|by|upon|fore)": "of which, in which, by which",
    r"(hence|thence|hither|hitherto|whence|whither|henceforth|forthwith)": "so, from there, until now, from where",
    r"thus": "so, in this way",
    r"ere": "before",
    r"betwixt|amidst|amongst": "between, among",
    r"whilst": "while",
    r"(a|n)ught": "anything, nothing",
    r"albeit": "although",
    r"unto": "to",
    r"likewise": "also",
    r"go(es)? on": "continue, continues",
    r"by and by": "soon, step by step",
    r"(the|this|our) house(?! of\b)": "the code, the layout of the code",
}
# The same for citizens only: words of the desk, or that organisers know.
CITIZENS_WORDS = {
    r"sealed(?! or signed on)": "encrypted",
    r"held": "kept",
    r"types?|typed": "enter, entered",
    r"code of": "code made from",
    r"in full tens": "rounded down to tens",
    r"(link|links|key) (dies?|is dead|are dead)": "stops working",
    r"(once|when|until) the (e?mail|email) (has )?(left|leaves)|waits to leave": "once it is sent",
    r"only then": "only after that",
    r"drew up|drawn up": "issued",
    r"need not": "do not need to",
    r"some (minutes|hours)": "a few minutes, hours",
    r"is that no shame|that is no shame": "there is no shame in that",
    r"turned back": "worked out",
    r"relay|(?<!\+)tag|flood of": "mail server, label, very many",
}


def _compile(words: dict[str, str]) -> dict[re.Pattern[str], str]:
    return {re.compile(rf"(?<![\w/.-])({word})(?![\w-]|\.\w)", re.I): instead for word, instead in words.items()}


PATTERNS, CITIZENS_PATTERNS = _compile(WORDS), _compile(WORDS | CITIZENS_WORDS)
QUOTED = re.compile(r"(`+)[^`]+\1")  # names of code are not English words


class _Page(HTMLParser):
    """The text of a page, and of the attributes that people read."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [value or "" for name, value in attrs if name in ("placeholder", "title", "alt", "aria-label")]


def _template(text: str) -> Iterator[str]:
    jinja = re.compile(r"\{([{%#]).*?[}%#]\}", re.S)
    yield from _Page(jinja.sub(" ", text)).texts
    for tag in jinja.finditer(text):  # a string with a space is text for people, one without is a name
        yield from re.findall(r'"([^"]* [^"]*)"', tag[0])
        yield tag[0].strip("{}#") if tag[1] == "#" else ""


def _python(text: str) -> Iterator[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    yield " ".join(token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def _sql(text: str) -> Iterator[str]:
    yield " ".join(re.findall(r"-- (?!name:)(.*)", text))


def _script(text: str) -> Iterator[str]:
    yield " ".join(re.findall(r"(?<!:)//[^\n]*|/\*.*?\*/", text, re.S)).replace("//", "")


def _plain(text: str) -> Iterator[str]:
    yield re.sub(r"^\s*#+ ?", "", text, flags=re.M)


def _catalogue(text: str) -> Iterator[str]:
    for message in pofile.read_po(io.StringIO(text)):
        yield from message.id if isinstance(message.id, tuple | list) else [str(message.id)]


OURS = {"what", "why", "note", "means"}  # sentences of data files; all others are names, titles and words of sources
SOMEBODY_ELSES = re.compile(r"(?<!\w)'.*?'(?!\w)|“.*?”")


def _data(text: str) -> Iterator[str]:
    yield " ".join(re.findall(r"(?:^|\s)#+ (.*)", text, re.M))
    yield from _sentences(tomllib.loads(text))


def _sentences(value: Any) -> Iterator[str]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, dict | list):
            yield from _sentences(inner)
        elif key in OURS:
            yield SOMEBODY_ELSES.sub(" ", inner)


READERS = {
    **{".pot": _catalogue, ".py": _python, ".html": _template, ".sql": _sql, ".toml": _data},
    **{".js": _script, ".css": _script},
}


def _english(suffix: str, text: str) -> list[str]:
    """The passages of a file that people read."""
    return [" ".join(QUOTED.sub(" ", passage).split()) for passage in READERS.get(suffix, _plain)(text)]


def _files(trees: tuple[str, ...]) -> list[Path]:
    return sorted(file for tree in trees for file in ROOT.glob(tree) if file.is_file())


def _found(suffix: str, text: str, patterns: Mapping[re.Pattern[str], str] = PATTERNS) -> list[str]:
    return [
        f"…{passage[max(0, hit.start() - 30) : hit.end() + 30]}…: not “{hit[0]}” but “{instead}”"
        for passage in _english(suffix, text)
        for pattern, instead in patterns.items()
        for hit in pattern.finditer(passage)
    ]


@pytest.mark.parametrize("file", _files(CHECKED), ids=lambda file: str(file.relative_to(ROOT)))
def test_it_is_said_in_plain_words(file: Path) -> None:
    found = _found(file.suffix, file.read_text("utf-8"))
    assert not found, "\n".join(found)


def test_citizens_read_plain_words() -> None:
    found = _found(".pot", (ROOT / CITIZENS).read_text("utf-8"), CITIZENS_PATTERNS)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("tree", CHECKED)
def test_every_tree_has_something_to_read(tree: str) -> None:
    texts = [_english(file.suffix, file.read_text("utf-8")) for file in _files((tree,))]
    assert sum(len(" ".join(passages)) for passages in texts) > 100


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".md", "Each mail leaves."),
        (".md", "They wait for\n  mails."),
        (".conf", "# A file is made\n# anew."),
        (".md", "It is of\nlate."),
        (".py", "n = 1  # nobody shall know"),
        (".py", 'def f():\n    """Whoever calls."""'),
        (".sql", "select 1 -- lest it fails"),
        (".js", "f(); // it goes\n// on"),
        (".css", "/* mended */"),
        (".html", "<p>Made {{ n }} times\nanew</p>"),
        (".html", '<input placeholder="your mail">'),
        (".html", '{% set label = "Send a mail" %}'),
        (".html", "{# meanwhile #}"),
        (".toml", "# It is made\n# anew."),
        (".toml", "n = 1  # lest it fails"),
        (".toml", '[[fact]]\nwhat = "what they shall do"'),
    ],
)
def test_a_quaint_word_is_found(suffix: str, text: str) -> None:
    assert len(_found(suffix, text)) == 1


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".md", "A mail server, a mail program, a mailbox, mailed, e-mail, templates/mail/, petition.mail, `mail`"),
        (".md", "Emails for the houses of parliament, amended; Recommended; forehead; there"),
        (".py", 'lest = "shall"'),
        (".sql", "select mail from outbox -- sqlite"),
        (".js", 'f("mail: anew")'),
        (".toml", '[[fact]]\nwhat = "Article 1: \'they shall\'"\nname = "Royal Mail"\nsource = "Free mail"'),
        (".html", '<p class="mail">{{ mail }}{% if kind == "mail" %}x{% endif %}</p>'),
    ],
)
def test_other_words_and_code_are_left_alone(suffix: str, text: str) -> None:
    assert _found(suffix, text) == []
