"""All pages in all their states: HTML that a validator accepts, and no English left in another language."""

import json
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from petition.core import languages
from petition.core.languages import Language
from tests.conftest import Clock, Visit
from tests.web.gallery import LONG, Gallery
from tests.web.tools import LANGUAGES, SAMPLE, on_sqlite

VNU = Path(".venv/vnu.jar").resolve()  # tests/system.sh installs it
_EMPTY = {"br", "col", "hr", "img", "input", "link", "meta"}  # tags without an end tag that our pages have
_READ_OUT = {"alt", "aria-label", "title", "content", "data-working", "data-same", "data-other", "data-done"}
# Names of people, organisations, programs and formats are not translated.
NAMES = {
    *("Telegram", "WhatsApp", "Viber", "Facebook", "Bluesky", "Mastodon", "LinkedIn", "JSON", "CSV", "Atom"),
    *("Linux", "macOS", "Windows", "VK (Mail.ru)", "Tor Browser", "Andrzej Poczobut"),
    *("Viasna", "Dissident.by", "Reform.news", "Blooming Global", "Stop Destroying Videogames"),
    *("Belarusian Women's Foundation", "European Rail Freight Association", "Human Rights Watch", "TVN24"),
    "Links",  # the sender of emails, as the tests have set it
}
# Words that these languages spell as English does, each one checked.
SAME = {
    "da": {"Email", "Reference", "byte for byte"},
    "de": {"September"},
    "es": {"No", "Total"},
    "fr": {"Date", "Institutions", "Pages", "Signatures", "Sources", "Total"},
    "it": {"No", "Privacy"},
    "nl": {"Contact", "Open data", "Privacy"},
    "mt": {"Email"},
    "pt": {"Total"},
    "ro": {"Contact", "Total"},
}


class Words(HTMLParser):
    """What a page says in its own language: its pieces of text, and the attributes that are shown or read out."""

    def __init__(self, text: str, lang: str) -> None:
        super().__init__()
        self._open: list[tuple[str, str]] = []
        self._lang = lang
        self.words: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        language = attributes.get("lang") or (self._open[-1][1] if self._open else "")
        if tag not in _EMPTY:
            self._open.append((tag, language))
        if language == self._lang and (
            tag != "meta" or "description" in attributes.get("name", attributes.get("property", ""))
        ):
            self.words |= {" ".join(value.split()) for name, value in attributes.items() if name in _READ_OUT}

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tag, language = self._open[-1] if self._open else ("", "")
        if language == self._lang and tag not in ("script", "style", "code", "pre"):
            self.words.add(" ".join(data.split()))


def _left(own: set[str], english: set[str], known: re.Pattern[str]) -> set[str]:
    """Texts of a page that are the same as in English, or that have three English words in a row."""
    own, english = ({known.sub("", text).strip() for text in texts} for texts in (own, english))
    runs = {run for text in english for run in _runs(text)}
    return {text for text in own if re.search("[A-Za-z]{2}", text) and (text in english or runs & set(_runs(text)))}


def _known(language: Language) -> re.Pattern[str]:
    """Names, countries, addresses, references of letters, and typed text: the same in any language."""
    said = (
        NAMES | SAME.get(str(language.code), set()) | {language.name, LONG[:100]} | {n for _, n in language.countries}
    )
    words = "|".join(re.escape(word) for word in sorted(said, key=len, reverse=True))
    return re.compile(rf"(?<!\w)({words})(?!\w)|https?://\S+|\S+@\S+|/\S+\.\w+|[\w-]+\.csv|#\w+|\b[A-Z]{{2}}(-\w+)+")


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    """Three words in a row within a clause, if they are too long to be the same by chance."""
    for clause in re.split(r"[^\w' ]+", text):
        words = clause.split()
        yield from (run for run in zip(words, words[1:], words[2:], strict=False) if len("".join(run)) > 9)


def _invalid(folder: Path) -> list[str]:
    """The errors that the Nu HTML checker finds in a folder."""
    command = ["java", "-Xss1m", "-jar", str(VNU), "--format", "json", "--exit-zero-always", str(folder)]
    messages = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return [f"{m['url'].removeprefix(folder.as_uri())}: {m['message']}" for m in json.loads(messages)["messages"]]


@pytest.mark.all_languages
@on_sqlite
@pytest.mark.parametrize(
    "langs",
    [sorted(SAMPLE), pytest.param(sorted({*LANGUAGES} - SAMPLE), marks=pytest.mark.slow)],
    ids=["few", "others"],
)
async def test_every_page_in_every_state_is_valid_and_speaks_one_language(
    langs: list[str], visit: Visit, time: Clock, tmp_path: Path
) -> None:
    all_pages = await Gallery(visit, time, tmp_path).render({"en", *langs})
    by_code = {language.code: language for language in languages.Languages([*all_pages], {})}
    english = [Words(text, "en").words for text in all_pages["en"].values()]
    left, ended_twice = {}, []
    for lang, pages in all_pages.items():
        known = _known(by_code[lang])
        for n, (name, text) in enumerate(pages.items()):
            file = tmp_path / "pages" / lang / f"{n}-{re.sub(r'[^a-z-]', '-', name)}.html"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
            ended_twice += [
                (lang, name, said) for said in Words(text, lang).words if re.search(r"(?<!\.)\.\.(?!\.)", said)
            ]
            if lang != "en" and (english_left := _left(Words(text, lang).words, english[n], known)):
                left[lang, name] = english_left
    assert left == {}
    assert ended_twice == []
    assert _invalid(tmp_path / "pages") == []
