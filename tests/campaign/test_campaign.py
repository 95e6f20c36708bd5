"""Another collective runs its own ultimatum in production mode, only with files."""

import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from pypdf import PdfReader

from petition.core.database import migrations
from petition.core.database.database import open_database
from petition.core.errors import DataError, SettingsError
from petition.core.languages import LOCALE_FOLDER
from petition.core.settings import Mode, Settings
from petition.site import open_site as site_opened
from tests import ROOT
from tests.conftest import Clock, Visitor, make_settings, visiting
from tests.relay import Relay
from tests.web.tools import LANGUAGES, Html, campaign, set_up_codes

BASE = "https://river.example.org"
UNSAID = "In San Marino or the Vatican, or not said"

CAMPAIGN = """
id = "free-the-river"
goal = 5000
hashtags = ["#FreeTheRiver"]
unsafe = ["SM", "VA"]
[organiser]
controller = "River Friends, 1 Example Street, Exampletown"
contact = "friends@example.org"
[organiser.name]
en = "River Friends"
[dates]
opens = 2026-11-01
deadline = 2026-12-24
destruction = 2027-12-24
[links]
river = "https://example.org/river"
"""
FACTS = """
[[fact]]
id = "fish-2025"
value = 1234567
as_of = 2025-05-01
publisher = "Example Institute"
source = "https://example.org/fish"
level = "A"
what = "fish that came back"
"""
APPEAL = """+++
title = "Open the sluices"
summary = "Let the river run."
demand = "The sluices are open by {{ deadline }}."
share = "Let the river run"
unstated_country = "In San Marino or the Vatican, or not said"
reviewed = "by River Friends, 2026-11-01"
+++
{{ fact("fish-2025") }} fish. See {{ link("river", "the river") }} by {{ organiser }}. {{ hashtags }}
"""
MAILBOXES = """
common = ["example.com"]
existing = []
[[operator]]
name = "Titan Post"
domains = ["mail.example.sm"]
state = "SM"
why = "It is the post of Titan."
source = "https://example.sm/post"
checked = "2026-11"
"""
LETTER = """+++
reviewed = "by River Friends, 2026-11-01"
roles = ["border", "vote", "no-rail"]
[labels]
reference = "Reference"
date = "Date"
copies = "Copy to"
sources = "Sources"
closing = "Yours faithfully,"
signature = "Name and signature"
salutation = "Your Excellency,"
check = "Anybody can check this letter."
courtesy = "A courtesy translation."
enclosures = "Enclosures"
[subject]
open = "Open the sluices"
passed = "The sluices are shut"
met = "The sluices are open"
[ministries]
foreign = "Foreign ministry"
transport = "Transport ministry"
interior = "Interior ministry"
permrep = "Permanent Representation"
[figures]
caption = "Signatures by country"
country = "Country"
signatures = "Signatures"
other = "Others"
total = "Total"
eci = "An initiative needs {threshold}, {seats} times 720 (2019/788)."
[annex]
title = "Names"
elsewhere = "Here stand those who live elsewhere."
unverified = "Names as given, not verified."
count = "Number"
order = "In alphabetical order."
homonyms = "Each stands for one person."
duty = "Keep them to yourselves."
substitute = "□ stands for what cannot be printed."
+++
{{ number(total) }} people want the sluices open by {{ day(deadline) }}.
{{ number("fish-2025") }} fish came back{{ note("fish-2025") }}.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the made-up campaign."""
    found = tmp_path / "campaign"
    for name, content in (
        ("campaign.toml", CAMPAIGN),
        ("facts.toml", FACTS),
        ("appeal/en.md", APPEAL),
        ("mailboxes.toml", MAILBOXES),
        ("letters/en.md", LETTER),
    ):
        (found / name).parent.mkdir(parents=True, exist_ok=True)
        (found / name).write_text(content, "utf-8")
    return found


@pytest.fixture
async def production(empty_database_url: str, tmp_path: Path, smtp: Relay, folder: Path) -> Settings:
    """Production settings over a database in production mode."""
    async with open_database(empty_database_url, create=True) as database:
        await migrations.migrate(database, Mode.PRODUCTION)
    made = make_settings(empty_database_url, tmp_path, smtp.url, campaign=folder, base_url="https://river.example.org")
    return replace(made, mode=Mode.PRODUCTION)


@pytest.fixture
async def guest(production: Settings, smtp: Relay) -> AsyncIterator[Visitor]:
    """A visitor on the site of the other campaign."""
    async with visiting(production, smtp) as found:
        yield found


async def test_its_appeal_is_shown_and_nothing_of_ours(guest: Visitor, time: Clock) -> None:
    page = (await guest.get("/en/")).text
    for part in ("Open the sluices", "24 December 2026", "1,234,567", "Example Institute, 1 May 2025", "#FreeTheRiver"):
        assert part in page
    for ours in ("Lukashenka", "rail", "placeholder", "Demo mode"):
        assert ours not in page
    assert (await guest.get("/ru/")).status_code == 404  # the campaign has no text in Russian


async def test_one_signs_and_a_letter_is_written(guest: Visitor, time: Clock) -> None:
    for n in range(10):
        await guest.sign(f"someone{n}@example.net", "PL")
        link = await guest.link(f"someone{n}@example.net", base="https://river.example.org")
        assert (await guest.post(link)).status_code == 303
    time.advance(hours=2)  # the first release of a real site waits for hundreds, or for two hours
    assert (await guest.published())["confirmed"] == 10
    await guest.organiser("marta", "organiser", base="https://river.example.org")
    await set_up_codes(guest)
    pdf = (await guest.get("/organisers/letters/PL.pdf")).content
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    for part in ("River Friends", "Open the sluices", "10 people", "24 December 2026", "1,234,567", "example.org/fish"):
        assert part in text
    assert "Łukaszenk" not in text
    assert (await guest.get("/dev/outbox")).status_code == 404


async def test_its_unsafe_countries_are_never_counted_by_country(guest: Visitor, time: Clock) -> None:
    options = [a["value"] for a in Html((await guest.get("/en/")).text).all("option")]
    assert options[:2] == ["", "ZZ"]
    assert {"BY", "PL"} <= set(options)
    assert not {"SM", "VA"} & set(options)
    for country, shown in (("SM", UNSAID), ("VA", UNSAID), ("ZZ", UNSAID), ("PL", "Poland")):
        await guest.sign(f"{country}@example.net", country)
        link = await guest.link(f"{country}@example.net".lower(), base=BASE)
        assert f"<dd>{shown}</dd>" in (await guest.get(link)).text
        await guest.post(link)
    async with guest.site.database.reading() as c:
        counts = {row["country"]: row["n"] for row in await c.all("audit.signatures")}
    assert counts == {"ZZ": 3, "PL": 1}
    for country in ("SM", "ZZ"):
        answer = await guest.sign("anna@example.net", country, named="on", name="Anna")
        assert answer.status_code == 422
        assert "no name is printed with this choice of country" in Html(answer.text).error("name")


async def test_no_page_of_it_speaks_of_our_country(guest: Visitor, time: Clock) -> None:
    plain = ("tally", "governments", "privacy", "help", "manage", "check-inbox", "nowhere")
    pages = [await guest.get(f"/en/{page}") for page in plain]
    pages.append(await guest.sign("anna@mail.example.sm", "XX", named="on"))
    assert "Titan Post, San Marino." in Html(pages[-1].text).text
    pages += [await guest.sign("anna@example.net", "SM", named="on", name="Anna"), await guest.get("/en/confirm/x")]
    await guest.sign("anna@example.net", "SM")
    confirm = await guest.link("anna@example.net", base=BASE)
    pages += [await guest.get(confirm), await guest.post(confirm), await guest.get("/en/thanks?country=ZZ")]
    await guest.post("/en/manage", email="anna@example.net")
    manage = await guest.link("anna@example.net", "manage", BASE)
    never = await guest.link("anna@example.net", "never-write", BASE)
    pages += [await guest.get(manage), await guest.get(never), await guest.post(manage, action="show")]
    assert UNSAID in pages[-1].text
    pages += [await guest.post(never, action=action) for action in ("never_write", "withdraw_never")]
    await guest.organiser("marta", base=BASE)
    pages += [await guest.get("/organisers/"), await guest.get("/en/")]
    for page in pages:
        shown = re.sub("<option.*", "", page.text)  # the list names all countries
        assert not re.search("belarus|lukash|russia", shown, re.I), page.url
    assert not re.search("belarus", "".join(str(mail) for mail in guest.smtp.to("anna@example.net")), re.I)


def test_our_country_stands_in_data_and_texts_alone() -> None:
    country = re.compile(r"belarus|белар|russia|\bросси|\bрасі|lukash", re.I)
    templates = [file for kind in ("html", "txt") for file in (ROOT / "templates").rglob(f"*.{kind}")]
    assert len(templates) > 30
    assert [file.name for file in templates if country.search(file.read_text("utf-8"))] == []
    for file in LOCALE_FOLDER.rglob("*.po*"):
        with file.open("rb") as catalogue:
            said = [(message.id, message.string) for message in read_po(catalogue) if message.id]
        assert [pair for pair in said if country.search(str(pair))] == []


async def test_the_cookie_is_bound_to_the_host(guest: Visitor, time: Clock) -> None:
    await guest.organiser("marta", "organiser", base="https://river.example.org")
    assert set(guest.client.cookies) == {"__Host-session"}


@pytest.mark.all_languages
async def test_our_own_folder_may_fill_in_placeholders_alone(
    empty_database_url: str, tmp_path: Path, smtp: Relay
) -> None:
    own = campaign(tmp_path / "ours")
    settings = make_settings(empty_database_url, tmp_path, smtp.url, campaign=own)
    async with site_opened(settings, migrate=True) as site:
        assert {language.code for language in site.languages} == set(LANGUAGES)


async def test_a_placeholder_or_a_missing_text_is_named(production: Settings, folder: Path, smtp: Relay) -> None:
    (folder / "campaign.toml").write_text(CAMPAIGN.replace("goal = 5000", 'goal = "PLACEHOLDER the goal"'), "utf-8")
    with pytest.raises(SettingsError, match="placeholders: goal"):
        async with site_opened(production):
            pass
    (folder / "campaign.toml").write_text(CAMPAIGN.replace("goal = 5000", ""), "utf-8")
    with pytest.raises(DataError, match="lacks goal"):
        async with site_opened(production):
            pass
    (folder / "campaign.toml").write_text(CAMPAIGN, "utf-8")
    (folder / "appeal/en.md").write_text(re.sub("unstated_country = .*", "", APPEAL), "utf-8")
    with pytest.raises(DataError, match=r"appeal/en\.md lacks unstated_country, a text\."):
        async with visiting(production, smtp):
            pass
