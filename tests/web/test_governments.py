"""The public record of letters and answers: institutions are called as the page's language calls them."""

import pytest

from tests.conftest import Visitor
from tests.web.tools import Html, on_sqlite


@on_sqlite
@pytest.mark.parametrize("language", ["en", "ru", "be"])
async def test_institutions_stand_on_the_page_in_its_language(language: str, visitor: Visitor) -> None:
    text = Html((await visitor.get(f"/{language}/governments")).text).text
    institutions = [a for a in visitor.site.book.addressees if a.country is None]
    assert len(institutions) == 6
    for institution in institutions:
        assert institution.name(language) in text
        assert (institution.name_en in text) == (language == "en")
