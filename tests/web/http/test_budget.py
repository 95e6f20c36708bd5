"""What a phone loads before it shows the appeal."""

import pytest

from tests.conftest import Clock, Visitor
from tests.web.tools import on_sqlite

BUDGET = 14_000  # bytes of HTML and CSS, compressed: about what a server may send before the first answer of a client


@on_sqlite
@pytest.mark.all_languages
async def test_appeal_and_style_are_small_in_every_language(time: Clock, visitor: Visitor) -> None:
    async def size(path: str) -> int:
        answer = await visitor.get(path, headers={"Accept-Encoding": "br"})
        assert answer.headers["content-encoding"] == "br"
        return int(answer.headers["content-length"])

    style = await size("/static/petition.css")
    sizes = {language.code: style + await size(f"/{language.code}/") for language in visitor.site.languages}
    assert len(sizes) == 27
    assert max(sizes.values()) < BUDGET, sizes
