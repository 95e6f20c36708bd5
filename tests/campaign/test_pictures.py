"""Pictures that a campaign supplies."""

from pathlib import Path

import pytest

from petition.campaign.appeal import Appeal
from petition.campaign.export import export_files
from petition.campaign.pictures import MAX_BYTES, load_pictures
from petition.core.errors import DataError
from petition.web import mirror
from petition.web.http import public_state
from tests.conftest import Clock, Visit
from tests.web.tools import Html, campaign, on_sqlite

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
INDEX = """
[[picture]]
file = "anna.png"
width = 600
height = 800
caption = "Anna N. <b>"
licence = "CC BY 4.0, photo: B. K."
consent = "her sister, in writing, 2026-11-02"
alt.en = "A woman holds a cat."
alt.pl = "Kobieta trzyma kota."
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = campaign(tmp_path / "campaign", deadline="2027-03-01")
    (found / "pictures").mkdir()
    (found / "pictures/pictures.toml").write_text(INDEX, "utf-8")
    (found / "pictures/anna.png").write_bytes(PNG)
    return found


def test_without_a_folder_there_are_none(tmp_path: Path) -> None:
    assert load_pictures(None) == load_pictures(tmp_path) == ()


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ('consent = "her sister, in writing, 2026-11-02"\n', "", "lacks consent, a text"),
        ('consent = "her sister, in writing, 2026-11-02"', 'consent = " "', "consent is empty"),
        ('licence = "CC BY 4.0, photo: B. K."\n', "", "lacks licence, a text"),
        ("anna.png", "../campaign.toml", "file is not a file name of small letters"),
        ("anna.png", "boris.png", "boris.png cannot be read, No such file or directory"),
        ("width = 600", "width = 0", "width is not a number of pixels from 1 to 4000"),
        ("alt.en", "alt.de", "alt is not a table of texts with one in English"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(folder: Path, before: str, after: str, reason: str) -> None:
    (folder / "pictures/pictures.toml").write_text(INDEX.replace(before, after), "utf-8")
    with pytest.raises(DataError, match=reason):
        Appeal(folder)


def test_a_file_that_is_too_large_for_a_phone_is_refused(folder: Path) -> None:
    (folder / "pictures/anna.png").write_bytes(bytes(MAX_BYTES + 1))
    with pytest.raises(DataError, match=r"anna\.png has 300001 bytes, more than 300000"):
        Appeal(folder)


@on_sqlite
async def test_it_stands_on_the_appeal_with_its_licence_and_without_the_consent(
    visit: Visit, time: Clock, folder: Path
) -> None:
    visitor = await visit(campaign=folder)
    page, polish = Html((await visitor.get("/en/")).text), Html((await visitor.get("/pl/")).text)
    (image,) = page.all("img")
    assert (image["width"], image["height"], image["loading"], image["alt"]) == (
        "600",
        "800",
        "lazy",
        "A woman holds a cat.",
    )
    assert "Anna N. <b> CC BY 4.0, photo: B. K." in page.text
    assert "her sister" not in page.text
    assert [a["alt"] for a in polish.all("img")] == ["Kobieta trzyma kota."]
    answer = await visitor.get(image["src"])
    assert answer.content == PNG
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]


@on_sqlite
async def test_copies_have_it_too(visit: Visit, time: Clock, folder: Path) -> None:
    visitor = await visit(campaign=folder)
    files = mirror.render_files(visitor.site, await public_state.read_public_state(visitor.site))
    assert files["pictures/anna.png"] == PNG
    assert b'src="../pictures/anna.png"' in files["en/index.html"]
    exported = export_files(visitor.site.appeal)
    assert exported["pictures/anna.png"] == PNG
    assert exported["pictures/pictures.toml"].decode() == INDEX
