"""After a button at an emailed link: a page that says what was done, and leads on; its address tells nothing."""

import re

from tests.conftest import Clock, Visitor
from tests.web.http.test_pages import private, whole
from tests.web.tools import Html, all_rows, on_sqlite, run_background_jobs

ANNA = "anna@example.net"
DONE = re.compile(r"\?done=[\w-]{43}")
SHOWN = {
    "unname": "Your name is erased.",
    "stop_updates": "Your address is erased.",
    "never_write": "We will send you no more email.",
    "withdraw": "Your signature is withdrawn and erased.",
}


async def _manage_link(visitor: Visitor, email: str = ANNA) -> str:
    await visitor.post("/en/manage", email=email)
    return await visitor.link(email, "manage")


async def _named(visitor: Visitor) -> str:
    await visitor.confirmed(ANNA, named="on", name="Anna Nowak", updates="on")
    return await _manage_link(visitor)


def _ways_on(page: Html) -> set[str]:
    return {"/en/", "/en/tally", "/en/governments"} & {a["href"] for a in page.all("a")}


async def test_each_choice_leads_to_a_page_that_says_what_was_done_and_leads_on(time: Clock, visitor: Visitor) -> None:
    link, addresses = await _named(visitor), set()
    for action, sentence in SHOWN.items():
        answer = await visitor.post(link, action=action)
        assert (answer.status_code, bool(DONE.fullmatch(answer.headers["location"]))) == (303, True)
        addresses.add(answer.headers["location"])
        shown = await visitor.get(link + answer.headers["location"])
        private(shown)
        page = Html(shown.text)
        assert sentence in page.text
        assert "Anna" not in page.text
        assert len(_ways_on(page)) == 3
        assert [a["value"] for a in page.all("button")] == ([] if action == "withdraw" else ["show"])
        if action != "withdraw":
            assert "What we keep about this address" in (await visitor.post(link, action="show")).text
    assert len(addresses) == len(SHOWN)


async def test_the_result_is_read_again_and_changes_nothing(time: Clock, visitor: Visitor) -> None:
    link = await _named(visitor)
    place = (await visitor.post(link, action="unname")).headers["location"]
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    assert len({(await visitor.get(link + place)).text for _ in range(3)}) == 1
    assert await all_rows(visitor.site) == before


async def test_in_a_history_the_address_shows_nothing_after_half_an_hour(time: Clock, visitor: Visitor) -> None:
    link = await _named(visitor)
    place = (await visitor.post(link, action="withdraw")).headers["location"]
    time.advance(minutes=14)
    assert SHOWN["withdraw"] in (await visitor.get(link + place)).text
    time.advance(minutes=17)
    assert (await visitor.get(link + place)).text == (await visitor.get(link)).text


async def test_an_address_that_was_made_up_or_belongs_to_another_link_shows_nothing(
    time: Clock, visitor: Visitor
) -> None:
    link, other = await _named(visitor), await _manage_link(visitor, "boris@example.net")
    place = (await visitor.post(link, action="unname")).headers["location"]
    door = (await visitor.get(other)).text
    for wrong in (place, place[:-1], "?done=", "?done=unname", "?done=%ff%00", f"?done={'a' * 43}"):
        assert (await visitor.get(other + wrong)).text == door, wrong
    never = await visitor.link(ANNA, "never-write")
    assert (await visitor.get(never + place)).text == (await visitor.get(never)).text


@on_sqlite
async def test_the_answer_to_who_did_not_sign_is_as_long_and_says_that_nothing_changed(
    time: Clock, visitor: Visitor
) -> None:
    link = await _manage_link(visitor, "boris@example.net")
    answer = await visitor.post(link, action="withdraw")
    assert (answer.status_code, bool(DONE.fullmatch(answer.headers["location"]))) == (303, True)
    page = whole(await visitor.get(link + answer.headers["location"]), "en")
    assert "Nothing was changed" in page.text
    assert (len(_ways_on(page)), page.all("form")) == (3, [])


@on_sqlite
async def test_what_the_foot_of_an_email_did_leads_back_to_its_choices(time: Clock, visitor: Visitor) -> None:
    await visitor.sign(ANNA)
    never = await visitor.link(ANNA, "never-write")
    for action in ("never_write", "write_again", "withdraw_never"):
        page = whole(await visitor.choose(never, action), "en")
        assert "?" in [a["href"] for a in page.all("a")]
        assert len(_ways_on(page)) == 3


@on_sqlite
async def test_the_button_that_ends_news_leads_to_a_page_and_a_mail_program_is_not_led_anywhere(
    visitor: Visitor,
) -> None:
    (form,) = Html((await visitor.get("/en/unsubscribe/x")).text).all("form")
    answer = await visitor.post("/en/unsubscribe/x" + form["action"])
    assert answer.status_code == 303
    pressed = await visitor.get("/en/unsubscribe/x" + answer.headers["location"])
    clicked = await visitor.post("/en/unsubscribe/x", **{"List-Unsubscribe": "One-Click"})
    assert (clicked.status_code, "No more news will come." in clicked.text) == (200, True)
    assert Html(pressed.text).text == Html(clicked.text).text
