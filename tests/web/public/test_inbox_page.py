"""The page after a form that sends an email: what to look for, exactly as it comes, and nothing about a person."""

import pytest

from tests.conftest import Clock, Visit, Visitor
from tests.web.http.test_pages import private, whole
from tests.web.tools import Html, in_each_language, on_sqlite


def _facts(page: Html) -> list[str]:
    """What the terms of the page's list say."""
    texts = list(zip([tag for tag, _ in page.tags], page.texts, strict=True))
    return [
        " ".join(f"{text} {texts[n + 1][1] if texts[n + 1][0] == 'code' else ''}".split())
        for n, (tag, text) in enumerate(texts)
        if tag == "dd"
    ]


@on_sqlite
@in_each_language
@pytest.mark.parametrize("form", ["sign", "manage"])
async def test_it_names_sender_and_subject_as_the_email_has_them(
    form: str, lang: str, time: Clock, visitor: Visitor
) -> None:
    answer = await visitor.post(f"/{lang}/{form}", email="anna@example.net", country="PL", consent="on")
    page = await visitor.get(answer.headers["location"])
    private(page)
    await visitor.deliver()
    (mail,) = visitor.smtp.to("anna@example.net")
    sender = mail["From"].addresses[0]
    assert _facts(whole(page, lang)) == [f"{sender.display_name} {sender.addr_spec}", str(mail["Subject"])]
    assert f"/{lang}/help" in [a["href"] for a in Html(page.text).all("a")]


@on_sqlite
@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("links@example.org", "links@example.org"),
        ('"Anna & <b>Co</b>" <links@example.org>', "Anna & <b>Co</b> links@example.org"),
    ],
)
async def test_any_sender_is_shown_as_a_text(sender: str, shown: str, visit: Visit) -> None:
    visitor: Visitor = await visit(mail_from=sender)
    assert _facts(Html((await visitor.get("/en/check-inbox")).text))[0] == shown


@on_sqlite
async def test_who_asked_to_manage_reads_nothing_about_signing(time: Clock, visitor: Visitor) -> None:
    pages = {}
    for path in ("check-inbox", "check-inbox/manage", "check-inbox?mail=late", "check-inbox/manage?mail=late"):
        pages[path] = whole(await visitor.get(f"/en/{path}"), "en")
        back = [a["href"] for a in pages[path].all("a") if "data-back" in a]
        assert back == ["/en/manage" if "manage" in path else "/en/#sign"]
        assert ("may take a few hours" in pages[path].text) == ("late" in path)
        for sentence in ("counts only after that", "three emails a day", "the rest of what you entered"):
            assert (sentence in pages[path].text) == ("manage" not in path)
        assert ("You do not need to sign again" in pages[path].text) == (path == "check-inbox?mail=late")
        assert "see, change or erase what we keep" in pages[path].text or "manage" not in path


@on_sqlite
async def test_it_is_the_same_for_everybody(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net", updates="on")
    await visitor.sign("boris@example.net")
    for form in ("sign", "manage"):
        seen = set()
        for email in ("anna@example.net", "boris@example.net", "carla@example.net"):
            answer = await visitor.post(f"/en/{form}", email=email, country="PL", consent="on")
            place = answer.headers["location"]
            assert "@" not in place
            assert "?" not in place
            page = (await visitor.get(place)).text
            assert "example.net" not in page
            seen.add((place, page))
        assert len(seen) == 1
