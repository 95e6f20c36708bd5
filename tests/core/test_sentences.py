"""Sentences that say the same in English and, where they are shown, in the language of the reader."""

from datetime import date
from gettext import GNUTranslations
from io import BytesIO

import pytest
from babel.messages import Catalog
from babel.messages.mofile import write_mo

from petition.core import languages
from petition.core.languages import Language
from petition.core.sentences import Sentence, join, ngettext

DAY = date(2026, 12, 24)


@pytest.fixture
def polish(monkeypatch: pytest.MonkeyPatch) -> Language:
    catalogue = Catalog(locale="pl")
    catalogue.add("%(n)s names", "nazwisk: %(n)s")
    catalogue.add("about %(n)s", "około %(n)s")
    catalogue.add("since %(day)s", "od %(day)s")
    catalogue.add(("%(num)s letter", "%(num)s letters"), ("%(num)s list", "%(num)s listy", "%(num)s listów"))
    file = BytesIO()
    write_mo(file, catalogue)
    file.seek(0)
    translations = GNUTranslations(file)
    monkeypatch.setattr(languages, "_load_catalogue", lambda _: translations)
    return Language("pl", {})


def _letters(n: int) -> Sentence:
    return ngettext("%(num)s letter", "%(num)s letters", n)


def test_in_english_a_sentence_is_a_text() -> None:
    assert Sentence("%(n)s names since %(day)s", n=12345, day=DAY) == "12,345 names since 2026-12-24"
    assert [_letters(n) for n in (0, 1, 2)] == ["0 letters", "1 letter", "2 letters"]
    assert join([_letters(1), Sentence("100 %% new.")]) == "1 letter 100 % new."


def test_a_language_writes_its_own_plurals_numbers_days_and_what_is_inside(polish: Language) -> None:
    assert [polish.translate(_letters(n)) for n in (1, 2, 5, 12345)] == [
        "1 list",
        "2 listy",
        "5 listów",
        "12\xa0345 listów",
    ]
    assert polish.translate(Sentence("since %(day)s", day=DAY)) == "od 24 grudnia 2026\xa0r."
    assert polish.translate(Sentence("%(n)s names", n=Sentence("about %(n)s", n=3))) == "nazwisk: około 3"
    assert polish.translate(join([_letters(1), Sentence("nobody knows")])) == "1 list nobody knows"


def test_what_a_template_says_is_translated_and_escaped(polish: Language) -> None:
    template = polish.jinja.from_string("<p>{{ sentence|said }}</p>")
    assert template.render(sentence=Sentence("%(n)s names", n="<b>")) == "<p>nazwisk: &lt;b&gt;</p>"
