"""Sealed copies: a second fingerprint of a letter, written down at the desk and shown on the page that checks it."""

import hashlib

from tests.conftest import Clock, Visitor
from tests.letters.editions.test_annexes import edition_of_moment
from tests.web.tools import Html, on_sqlite

SEALED = hashlib.sha256(b"the same letter with a seal").hexdigest()
PAGE = "/organisers/editions/PL-1/sealed"


async def _write_down(visitor: Visitor, sha256: str = SEALED, sealed: str = "2026-11-22") -> int:
    return int((await visitor.post(PAGE, sha256=sha256, sealed=sealed)).status_code)


async def _checked(visitor: Visitor, reference: str = "PL-1") -> Html:
    return Html((await visitor.get(f"/en/letters/{reference}")).text)


async def test_the_page_of_a_letter_lists_both_fingerprints(time: Clock, visitor: Visitor) -> None:
    await edition_of_moment(visitor)
    await visitor.organiser("olga", "organiser")
    assert "as issued" not in (await _checked(visitor)).text
    assert await _write_down(visitor, SEALED.upper()) == 303

    page = await _checked(visitor)
    drawn_up = hashlib.sha256((await visitor.get("/letters/PL-1.pdf")).content).hexdigest()
    assert f"as issued: {drawn_up}" in page.text
    assert f"as sealed or signed on 22 November 2026: {SEALED}" in page.text
    (box,) = [div for div in page.all("div") if "data-check" in div]
    assert box["data-check"] == f"{drawn_up} {SEALED}", "a browser takes both"
    assert SEALED not in (await _checked(visitor, "PL-1-pl")).text, "the translation is another file"
    record = Html((await visitor.get("/organisers/record")).text).text
    assert f"olga wrote down a sealed copy PL-1: {SEALED}" in record


@on_sqlite
async def test_a_mistake_is_taken_back_and_the_log_keeps_both(time: Clock, visitor: Visitor) -> None:
    await edition_of_moment(visitor)
    await visitor.organiser("olga", "organiser")
    await _write_down(visitor)
    for _ in range(2):  # a second press finds nothing to take back
        assert (await visitor.post(PAGE, back=SEALED)).status_code == 303
    assert SEALED not in (await _checked(visitor)).text
    record = Html((await visitor.get("/organisers/record")).text).text
    assert record.count(f"took back a sealed copy PL-1: {SEALED}") == 1


@on_sqlite
async def test_what_is_no_fingerprint_of_another_file_is_refused(time: Clock, visitor: Visitor) -> None:
    await edition_of_moment(visitor)
    await visitor.organiser("olga", "organiser")
    own = hashlib.sha256((await visitor.get("/letters/PL-1.pdf")).content).hexdigest()
    for sha256, day, told in (
        ("", "2026-11-22", "A SHA-256 has 64 digits"),
        ("x" * 64, "2026-11-22", "A SHA-256 has 64 digits"),
        (SEALED, "2026-11-23", "not in the future"),
        (SEALED, "", "not in the future"),
        (own, "2026-11-22", "as we drew it up"),
    ):
        answer = await visitor.post(PAGE, sha256=sha256, sealed=day)
        assert answer.status_code == 422
        assert told in answer.text
        assert f'value="{sha256}"' in answer.text, "nothing is lost"
    assert await _write_down(visitor) == 303
    answer = await visitor.post(PAGE, sha256=SEALED, sealed="2026-11-22")
    assert (answer.status_code, "written down already" in answer.text) == (422, True)
    for unknown in ("XX-1", "pl-1", "PL-1-names-1"):
        assert (await visitor.get(f"/organisers/editions/{unknown}/sealed")).status_code == 404
