"""The texts of one mailing: a folder with xx.txt for each language, checked before the first email leaves."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from petition.core.errors import DataError
from petition.core.languages import LOCALE_FOLDER, SOURCE_LANGUAGE, Language

MAX_SUBJECT, MIN_BODY, MAX_BODY = 120, 20, 50_000  # characters
_SUBJECT = re.compile(r"subject:[ \t]*(.*)\n", re.IGNORECASE)
# What is left to be filled in, as templates of every kind write it.
_TO_FILL_IN = re.compile(
    r"⟦|⟧|\{\{|\{%|\{\w+\}|\[\[|\$\{?\w*[A-Z]{3}|<<\w|%\(\w+\)s|\[(?:NAME|DATE|LINK|URL|X+)\]|…{2}"
    r"|\b(?:TODO|FIXME|TBD|XXX+|PLACEHOLDER)\b|lorem ipsum",
)
_OF_ONE_PERSON = re.compile(r"/(?:unsubscribe|confirm|manage|never-write)/\S{16}")


@dataclass(frozen=True, slots=True)
class Text:
    subject: str
    body: str


class Texts:
    """By language. `fallback`: the language for those who read one without a text; empty if there is none."""

    def __init__(self, texts: Mapping[str, Text], fallback: str) -> None:
        self._texts, self._fallback = texts, fallback
        if fallback and fallback not in texts:
            raise DataError(f"--fallback {fallback}: there is no {fallback}.txt.")

    def languages(self) -> list[str]:
        return list(self._texts)

    def choose(self, language: str) -> str:
        """The language in which somebody gets the news."""
        return language if language in self._texts else self._fallback

    def __getitem__(self, language: str) -> Text:
        return self._texts[language]

    def check_languages(self, needed: Iterable[str]) -> None:
        """Raises DataError, which names all languages that have no text."""
        if missing := sorted({code for code in needed if not self.choose(code)}):
            names = ", ".join(f"{code}.txt" for code in missing)
            raise DataError(f"There are people for whom a text is missing: {names}. Write it, or add --fallback en.")

    def digest(self) -> str:
        """Other texts have another one."""
        content = {code: (text.subject, text.body) for code, text in sorted(self._texts.items())}
        return hashlib.sha256(json.dumps([content, self._fallback]).encode()).hexdigest()[:32]


@cache
def language(code: str) -> Language:
    return Language(code, {})


def read_texts(folder: Path, fallback: str) -> Texts:
    """Raises DataError, which names the file."""
    files = sorted(file for file in folder.glob("*.txt") if not file.name.startswith("."))
    if not files:
        raise DataError(f"{folder} has no text: write en.txt, pl.txt and so on, one for each language.")
    texts = {file.stem: _read_text(file) for file in files}
    bodies: dict[str, str] = {}
    for code, text in texts.items():
        if (other := bodies.setdefault(text.body, code)) != code:
            raise DataError(f"{other}.txt and {code}.txt are the same: translate one, or delete it and use --fallback.")
    return Texts(texts, fallback)


def _read_text(file: Path) -> Text:
    if not _is_language(file.stem):
        raise DataError(f"{file.name}: no language of this site is called {file.stem}; name it like en.txt or pl.txt.")
    try:
        content = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise DataError(f"{file.name} cannot be read: save it as text, in UTF-8.") from None
    found = _SUBJECT.match(content)
    subject = found[1].strip() if found else language(file.stem).render("mail/news/subject.txt").strip()
    text = Text(subject, (content[found.end() :] if found else content).strip())
    if fault := _fault(text):
        raise DataError(f"{file.name} {fault}.")
    return text


def _is_language(code: str) -> bool:
    return code == SOURCE_LANGUAGE or (code.isalpha() and (LOCALE_FOLDER / code / "LC_MESSAGES").is_dir())


def _fault(text: Text) -> str:
    """What is wrong with it; empty if nothing is."""
    if not text.subject or len(text.subject) > MAX_SUBJECT or not text.subject.isprintable():
        return f"has no subject of 1 to {MAX_SUBJECT} characters after “Subject:”"
    if not MIN_BODY <= len(text.body) <= MAX_BODY:
        return f"has {len(text.body)} characters: an email has from {MIN_BODY} to {MAX_BODY}"
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text.body):
        return "has a control character: it is not a text"
    for part in (text.subject, text.body):
        if found := _TO_FILL_IN.search(part):
            return f"still has something to fill in: “{found[0]}”"
    if _OF_ONE_PERSON.search(text.body):
        return "has the link of one person, by which every reader could end that person's news: take it out"
    return ""
