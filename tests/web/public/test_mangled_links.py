"""Links as mail programs hand them on: what cannot belong to a token is cut, what only may be is not.

The property-based test joins a beginning, a break in the token and an end; each comes from a mail program, a rewriting
mail server, or a person who copies.
"""

from urllib.parse import quote

import pytest
from hypothesis import strategies as st

from petition.core import tokens
from petition.core.errors import LinkError
from petition.core.tokens import Purpose, Signer
from tests.conftest import Clock, Visitor, add_organiser
from tests.letters.editions.test_annexes import edition_of_moment
from tests.web.public.test_unsubscribe import unsealed
from tests.web.tools import all_rows, for_all, on_sqlite, run_background_jobs, token

HERE = "http://127.0.0.1:8000"
# What follows a link in a text, or what a program adds.
SIGNS = (*".>)]},;:\"'/*!?~|=»”’。…%\\`", "//", ").", ">.", "/.", "%0A", "%20", "%2E")
ADDED = ("&amp;utm_source=mail", "&utm_source=mail", "?utm_source=mail", "?fbclid=x&amp;y", "&gt;", '"&gt;', "#x")
SPACES = ("=\n", "=\r\n", "\n", "\r\n", " ", "\t", "\xa0", "\u200b", "\ufeff", "\u200e", "\u202c", "\xad")
TEXTS = (*(f"{sign}Thanks" for sign in " \n,.>)/"), '" target="_blank')
ENDS = (*SIGNS, *ADDED, *SPACES, *TEXTS)
# What a program puts into a link that is longer than a line.
BREAKS = ("", "=\n", "=\r\n", "=", "\n", "\r\n ", " ", "\t", "\u200b", "\ufeff", "\xad", "\u200d")
KINDS = ("confirm", "manage", "never-write", "unsubscribe", "login")
# "/.." is left out: a browser takes the part before it away, before it asks for the page.
ends = st.lists(st.sampled_from(ENDS), min_size=1, max_size=3).map("".join).filter(lambda end: "/.." not in end)


def _written(path: str) -> str:
    """As it stands in a request: a browser keeps what a URL may have, and encodes the rest."""
    return HERE + quote(path, safe="/?#&=;:,!*'()~$@+%")


@st.composite
def mangled(draw: st.DrawFn, link: str) -> str:
    """A path that a mail program made of a link."""
    lang, kind, secret = link.strip("/").split("/")
    slash, between = draw(st.sampled_from(["", "/"])), draw(st.sampled_from(["/", "//"]))
    place = draw(st.integers(0, len(secret) - 1))
    broken, end = draw(st.sampled_from(BREAKS)), draw(ends)
    if broken and "Thanks" in end.split("?")[0].partition("/")[0]:
        end = ""  # where the token is broken by white space too, nobody can tell where it ends
    first = lang if lang == "organisers" or draw(st.booleans()) else lang.upper()
    return _written(f"{slash}/{first}{between}{kind}{between}{secret[:place]}{broken}{secret[place:]}{end}")


async def _links(visitor: Visitor) -> dict[str, str]:
    """A link of each kind, each of which works."""
    await visitor.confirmed("boris@example.net", updates="on")
    await visitor.sign("anna@example.net")
    links = {kind: await visitor.link("anna@example.net", kind) for kind in ("confirm", "never-write")}
    await visitor.post("/en/manage", email="boris@example.net")
    links["manage"] = await visitor.link("boris@example.net", "manage")
    ((_, news),) = await unsealed(visitor.site)
    links["unsubscribe"] = news.removeprefix(HERE)
    await add_organiser(visitor.site, "marta")
    await visitor.post("/organisers/login", email="marta@example.org")
    links["login"] = await visitor.link("marta@example.org", "login")
    return links


@on_sqlite
@pytest.mark.parametrize("kind", KINDS)
async def test_a_mangled_link_opens_the_page_of_the_link(kind: str, time: Clock, visitor: Visitor) -> None:
    link = (await _links(visitor))[kind]
    await run_background_jobs(visitor.site)
    before, page = await all_rows(visitor.site), await visitor.get(link)
    assert page.status_code == 200

    async def check(url: str) -> None:
        answer = await visitor.client.get(url)
        assert (answer.status_code, answer.text) == (200, page.text), url
        assert answer.headers["referrer-policy"] == "strict-origin", "no server is told the link"

    await for_all(mangled(link), check, 150)
    assert await all_rows(visitor.site) == before


@pytest.mark.parametrize("kind", KINDS)
async def test_the_button_behind_a_mangled_link_works(kind: str, time: Clock, visitor: Visitor) -> None:
    link = (await _links(visitor))[kind]
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    action = {"confirm": "", "manage": "show", "never-write": "never_write", "unsubscribe": "", "login": ""}[kind]
    url = _written(f"{link[:-9]}=\n{link[-9:]}>.")
    answer = await visitor.client.post(url, data={"action": action}, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == (303 if kind in ("confirm", "login", "never-write") else 200)
    changed = {table for table, rows in (await all_rows(visitor.site)).items() if rows != before[table]}
    expected = {"confirm": "signatures", "never-write": "never_write", "unsubscribe": "contacts", "login": "sessions"}
    assert changed >= {expected[kind]} if kind in expected else not changed


@on_sqlite
async def test_one_click_on_a_mangled_link_ends_the_news(time: Clock, visitor: Visitor) -> None:
    link = (await _links(visitor))["unsubscribe"]
    headers = {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
    answer = await visitor.client.post(f"{HERE}{link}%3E/", data={"List-Unsubscribe": "One-Click"}, headers=headers)
    assert answer.status_code == 200
    assert await unsealed(visitor.site) == []


@on_sqlite
async def test_a_link_in_capitals_or_with_slashes_is_answered_without_a_new_address(visitor: Visitor) -> None:
    """A redirect would put the token into one more address."""
    for purpose, path in ((Purpose.CONFIRM, "/EN//confirm/"), (Purpose.LOGIN, "//organisers/login/")):
        for method in ("GET", "HEAD", "POST"):
            answer = await visitor.client.request(method, f"{HERE}{path}{token(visitor, purpose)}/")
            assert "location" not in answer.headers
            assert answer.status_code == (200 if purpose is Purpose.LOGIN and method != "POST" else 404)


@on_sqlite
async def test_letters_that_stick_to_a_link_are_not_cut(time: Clock, visitor: Visitor) -> None:
    for kind, link in (await _links(visitor)).items():
        if kind != "unsubscribe":  # whose page is the same for every link
            for path in (f"{link}Thanks", f"{link}_", f"{link}-x", link[:-1], f"{link[:-1]}=", f"{link[:-1]}>"):
                assert (await visitor.client.get(_written(path))).status_code == 404, (kind, path)


@on_sqlite
async def test_a_letter_is_found_by_a_mangled_reference(time: Clock, visitor: Visitor) -> None:
    await edition_of_moment(visitor)
    page = _main((await visitor.get("/en/letters/PL-1")).text)
    assert "We issued a letter with this reference. Compare it with yours:" in page

    async def check(end: str) -> None:
        end = end.partition("/")[0].partition("#")[0]  # another address; and what a browser never sends
        answer = await visitor.client.get(_written(f"/en/letters/PL-1{end}"), follow_redirects=True)
        assert (answer.status_code, _main(answer.text)) == (200, page), end

    await for_all(ends, check, 100)
    for unknown in ("PL-2.", "PL-1-x", "PL-1x", "XX-1)"):
        assert (await visitor.get(f"/en/letters/{unknown}")).status_code == 404


@pytest.mark.parametrize(
    ("typed", "reference"),
    [
        ("pl-1", "PL-1"),
        ("Pl-1-Pl", "PL-1-pl"),
        (" PL-1 ", "PL-1"),
        ("pl - 1 -pl.", "PL-1-pl"),
        ("PL\u20111\u2013pl", "PL-1-pl"),
        ("PL-1-", "PL-1"),
        ("pl-1, thanks - anna", "PL-1"),
        ("PL-1 - thanks", "PL-1"),
    ],
)
async def test_a_reference_typed_from_paper_leads_to_the_letter(
    typed: str, reference: str, time: Clock, visitor: Visitor
) -> None:
    await edition_of_moment(visitor)
    answer = await visitor.client.get(f"{HERE}/en/letters/{quote(typed)}?from=paper")
    assert (answer.status_code, answer.headers["location"]) == (308, f"/en/letters/{reference}")
    assert (await visitor.get(answer.headers["location"])).status_code == 200


async def test_a_reference_that_nobody_was_sent_stays_unknown(time: Clock, visitor: Visitor) -> None:
    await edition_of_moment(visitor)
    for typed in ("pl-2", "p-l-1", "pl", "1", "-", "\N{LATIN SMALL LETTER DOTLESS I}e-1", "pl-1-de", "%", "pl_1"):
        answer = await visitor.client.get(f"{HERE}/en/letters/{quote(typed)}")
        assert answer.status_code == 404, typed
        assert "We have no letter with this reference" in answer.text


def _main(text: str) -> str:
    """A page without its links to other languages, and without padding."""
    return text.partition("<main")[2].partition("</main>")[0]


def test_what_is_no_token_is_none() -> None:
    signer = Signer(("a-key-of-thirty-two-characters------",))
    good = signer.make_token(Purpose.CONFIRM, tokens.new_secret())
    for text in ("", ".", "=", "..", f"x.{good}", f".{good}", good * 2, f"{good[:30]}.{good[30:]}", "x" * 4000):
        with pytest.raises(LinkError, match=r"This link does not work\."):
            signer.read_token(Purpose.CONFIRM, text)
