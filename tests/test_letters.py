"""The letters: what each says to whom in which state, in which language, and what the PDF of it is worth."""

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from babel.core import Locale
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from petition.appeal import SHIPPED, Appeal
from petition.errors import DataError, LetterError
from petition.letters import Addressee, Figures, Letter, draw, draw_annex, load, pdf, plain
from petition.letters.book import Crossing, Source
from petition.letters.glyphs import SUBSTITUTE, printable
from petition.letters.names import collation
from petition.letters.texts import STATES, find
from petition.letters.words import Words

TEXTS = Path(__file__).parent.parent / "templates" / "letters"
LANGUAGES = sorted(file.stem for file in TEXTS.glob("*.md"))
STATE_ROLES = ("border", "vote", "no-rail")
MOMENT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
DEADLINE = {"open": date(2027, 3, 1), "passed": date(2026, 11, 1), "met": date(2026, 11, 1)}
BOOK = load(SHIPPED / "governments.toml")
FIGURES = Figures(as_of=MOMENT, confirmed=12340, country=700, present=True, named=40)
HOSTILE = ('#import "x"', "</p><script>", "=HYPERLINK()", "{{ 7*7 }}", "$x$", "*a* _b_ `c` [d](e) \\f", "#{1+1}", "1. <a@b>")


def appeal(state: str = "open") -> Appeal:
    """The shipped campaign, its placeholders filled in, in a state of its life."""
    shipped = Appeal()
    met = date(2026, 11, 20) if state == "met" else None
    shipped.campaign = replace(
        shipped.campaign, deadline=DEADLINE[state], met=met, archived=None, contact="letters@example.org"
    )
    return shipped


def letter(key: str | Addressee, state: str = "open", figures: Figures = FIGURES, texts: Path = TEXTS) -> Letter:
    addressee = BOOK.find(key) if isinstance(key, str) else key
    return draw(appeal(state), [texts, TEXTS], addressee, figures, MOMENT, "https://ultimatum.example.org")


def said(drawn: Letter) -> str:
    return " ".join(block.text for block in drawn.blocks).replace("\xa0", " ")


def printed(content: bytes) -> str:
    """The words of a PDF as pdftotext finds them, without line breaks."""
    run = subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, check=True)
    return " ".join(run.stdout.decode().replace("\u200b", "").split())


@pytest.fixture(scope="module")
def rendered() -> dict[str, tuple[Letter, bytes]]:
    """All 39 letters, drawn and set once."""
    letters = [letter(addressee) for addressee in BOOK.addressees]
    return {drawn.key: (drawn, pdf.render(drawn)) for drawn in letters}


# What the PDF is worth


def test_all_39_letters_are_sound_files(rendered: dict[str, tuple[Letter, bytes]], tmp_path: Path) -> None:
    assert len(rendered) == 39
    for key, (_, content) in rendered.items():
        (tmp_path / f"{key}.pdf").write_bytes(content)
        run = subprocess.run(["qpdf", "--check", tmp_path / f"{key}.pdf"], capture_output=True, check=False)
        assert run.returncode == 0, run.stderr


def test_every_letter_says_in_print_what_it_is_for(rendered: dict[str, tuple[Letter, bytes]]) -> None:
    for drawn, content in rendered.values():
        words = printed(content)
        for text in (drawn.subject, drawn.salutation, drawn.reference, drawn.date, drawn.title, drawn.closing):
            assert " ".join(text.split()) in words, drawn.key
        assert all(line in words for line in (*drawn.lines, *drawn.copies, *drawn.contact)), drawn.key
        assert all(source.text.replace("\xa0", " ") in words for source in drawn.sources), drawn.key
        assert re.search(r"\b12[,.]?\s?340\b", words), drawn.key
        assert "https://ultimatum.example.org/en/tally" in words.replace(" ", ""), drawn.key


def test_a_letter_has_one_or_two_pages_and_carries_its_own_fonts(rendered: dict[str, tuple[Letter, bytes]]) -> None:
    for key, (_, content) in rendered.items():
        reader = PdfReader(BytesIO(content))
        assert len(reader.pages) in (1, 2), key
        names = {str(font) for page in reader.pages for font in _fonts(page)}
        assert all(re.search("Source(Serif4|Sans3)", name) for name in names), names


def _fonts(page: object) -> Iterator[object]:
    resources = page["/Resources"]  # type: ignore[index]  # pypdf types pages as dictionaries of anything
    for font in resources["/Font"].values():
        yield font.get_object()["/BaseFont"]


def test_a_letter_is_tagged_and_claims_pdf_a_and_pdf_ua(rendered: dict[str, tuple[Letter, bytes]]) -> None:
    for key in ("PL", "LT", "LV", "GR", "eu-railways"):
        drawn, content = rendered[key]
        reader = PdfReader(BytesIO(content))
        root = reader.trailer["/Root"]
        assert root["/Lang"] == f"{drawn.language}-{drawn.territory}"
        assert root["/MarkInfo"]["/Marked"]
        assert reader.metadata
        assert drawn.subject in str(reader.metadata.title)
        xmp = root["/Metadata"].get_data().decode()
        assert re.search(r"pdfaid:part>2<.*pdfaid:conformance>A<", xmp, re.DOTALL)
        assert "pdfuaid:part>1<" in xmp


def test_the_same_letter_is_the_same_bytes(rendered: dict[str, tuple[Letter, bytes]]) -> None:
    again: list[bytes] = []
    thread = threading.Thread(target=lambda: again.append(pdf.render(letter("PL"))))  # a compiler of its own
    thread.start()
    thread.join()
    assert again == [rendered["PL"][1]]
    assert pdf.render(letter("PL", figures=replace(FIGURES, confirmed=12350))) != rendered["PL"][1]


def test_letters_are_set_in_several_threads_at_once(rendered: dict[str, tuple[Letter, bytes]]) -> None:
    keys = ["PL", "LT", "LV", "FR"] * 3
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda key: pdf.render(letter(key)), keys)) == [rendered[key][1] for key in keys]


def test_the_tree_is_plain_values(rendered: dict[str, tuple[Letter, bytes]]) -> None:
    for drawn, _ in rendered.values():
        assert json.loads(json.dumps(plain(drawn)))["reference"] == drawn.reference


# Who is asked what


def test_a_border_state_reads_its_crossings_as_the_sources_saw_them() -> None:
    items = [block.text.replace("\xa0", " ") for block in letter("PL").blocks if block.kind == "item"]
    assert "Terespol – Brześć: otwarte dla ruchu towarowego (25 września 2025 r.) [5]" in items
    lithuania = [block.text.replace("\xa0", " ") for block in letter("LT").blocks if block.kind == "item"]
    assert "Stasylos – Benyakoni: uždarytas kroviniams iš Baltarusijos (2023 m. vasario 16 d.) [6]" in lithuania
    assert "Kena – Gudogai: atviras krovinių vežimui (2023 m. vasaris) [5]" in lithuania
    assert "Indra – Bigosovo: atvērta kravu pārvadājumiem (2017)" in said(letter("LV"))


def test_only_poland_is_asked_for_its_interior_ministers_regulation() -> None:
    assert "Minister Spraw Wewnętrznych i Administracji" in said(letter("PL"))
    assert letter("PL").copies[-1] == "Ministerstwo Spraw Wewnętrznych i Administracji"
    assert len(letter("LT").copies) == len(letter("LV").copies) == 2


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("AT", "Your Government has a vote in the Council of the European Union"),
        ("CY", "Your country has no railway. What we ask for is its vote"),
        ("MT-en", "Your country has no railway. What we ask for is its vote"),
        ("eu-commission", "to prepare now, together with the High Representative, a proposal"),
        ("eu-high-representative", "to prepare now the decision of the Council"),
        ("eu-council", "to put this demand on the agenda of the next meeting of the European Council"),
        ("eu-parliament", "with a view to a resolution that supports it"),
        ("eu-transport", "to support in the Commission a proposal"),
        ("eu-railways", "it does not decide on sanctions. We do not ask it to."),
    ],
)
def test_each_is_asked_for_what_it_can_do(key: str, asked: str) -> None:
    assert asked in said(letter(key))


def test_no_letter_to_a_state_without_border_asks_it_to_close_crossings() -> None:
    for addressee in BOOK.addressees:
        closes = "over this crossing" in said(letter(addressee)) or "over these crossings" in said(letter(addressee))
        assert not closes, addressee.key


def test_without_a_text_in_its_language_a_letter_is_english_and_says_so() -> None:
    austria = letter("AT")
    assert (austria.fallback, austria.language, austria.territory) == (True, "en", "GB")
    assert austria.salutation == "Your Excellency,"
    assert austria.title == "Federal Chancellor of the Republic of Austria"
    assert austria.lines[0] == "Bundeskanzleramt"
    assert letter("IE-ga").salutation == "Dear Taoiseach,"
    assert (letter("IE-en").fallback, letter("IE-en").territory) == (False, "IE")
    fallbacks = {a.key for a in BOOK.addressees if letter(a).fallback}
    assert len(fallbacks) == 39 - len("PL LT LV IE-en MT-en".split()) - 6


def test_adding_a_language_is_adding_a_file(tmp_path: Path) -> None:
    english = (TEXTS / "en.md").read_text("utf-8").replace("Yours faithfully,", "Mit freundlichen Grüßen")
    (tmp_path / "de.md").write_text(english, "utf-8")
    austria = letter("AT", texts=tmp_path)
    assert not austria.fallback
    assert austria.salutation == "Sehr geehrte Frau Bundeskanzlerin, sehr geehrter Herr Bundeskanzler,"
    assert austria.closing == "Mit freundlichen Grüßen"
    assert austria.copies[0] == "Bundesministerium für europäische und internationale Angelegenheiten"
    assert "Deutschland" in letter("DE", texts=tmp_path).lines
    assert letter("FR", texts=tmp_path).fallback


def test_a_doubtful_ministry_is_named_by_what_it_does() -> None:
    assert letter("FR").copies == ("Ministry for Europe and Foreign Affairs", "Ministry responsible for transport")


def test_a_missing_address_leaves_lines_to_fill_in() -> None:
    hungary = BOOK.find("HU")
    assert letter(hungary).address_missing
    known = replace(hungary, lines=("Office", "Street 1", "1000 Town"))
    assert not letter(known).address_missing
    assert _strokes(pdf.render(letter(hungary))) - _strokes(pdf.render(letter(known))) == 4
    assert "Prime Minister of Hungary" in printed(pdf.render(letter(hungary)))


def _strokes(content: bytes) -> int:
    stream = PdfReader(BytesIO(content)).pages[0].get_contents()
    assert stream is not None
    return sum(operator == b"S" for _, operator in stream.operations)


# States and figures


def test_each_state_has_its_letter() -> None:
    assert "by 1 March 2027" in said(letter("FR", "open"))
    passed = letter("FR", "passed")
    assert "The deadline of the collective ultimatum to Aliaksandr Lukashenka was 1 November 2026. It has passed" in said(passed)
    assert "without delay" in said(passed)
    assert "the deadline has passed" in passed.subject
    met = letter("FR", "met")
    assert "On 20 November 2026 the demand" in said(met)
    assert "keep watch" in said(met)
    assert met.sources == ()


@pytest.mark.parametrize("state", STATES)
def test_every_letter_can_be_drawn_in_every_state(state: str) -> None:
    for addressee in BOOK.addressees:
        drawn = letter(addressee, state)
        assert drawn.subject, addressee.key
        assert any(block.kind == "item" for block in drawn.blocks), addressee.key


@pytest.mark.parametrize("change", [{"opens": date(2026, 12, 1)}, {"archived": date(2026, 11, 1)}])
def test_no_letter_is_drawn_before_the_campaign_or_after_it(change: dict[str, date]) -> None:
    closed = appeal()
    closed.campaign = replace(closed.campaign, **change)  # type: ignore[arg-type]  # the keys above are all dates
    with pytest.raises(LetterError, match="while the campaign is under way"):
        draw(closed, [TEXTS], BOOK.find("PL"), FIGURES, MOMENT, "https://example.org")


def test_a_deadline_nobody_has_told_is_printed_as_its_placeholder() -> None:
    drawn = draw(Appeal(), [TEXTS], BOOK.find("FR"), FIGURES, MOMENT, "https://example.org")
    assert "by [the deadline: a day]." in said(drawn)
    assert pdf.render(drawn)


def test_figures_are_printed_as_published() -> None:
    words = said(letter("FR"))
    assert "As of 22 November 2026, 10:00 UTC, at least 12,340 people have signed" in words
    assert "At least 700 of them live in your country." in words
    assert "At least 40 signatories who live there have asked to be named to your Government" in words


@pytest.mark.parametrize("key", ["FR", "PL", "LT", "LV"])
def test_a_folded_country_is_mentioned_only_if_somebody_there_signed(key: str) -> None:
    present = {"FR": "Citizens of your country are among", "PL": "Wśród sygnatariuszy są obywatele Państwa kraju"}
    present |= {"LT": "Tarp pasirašiusiųjų yra Jūsų šalies piliečių", "LV": "Parakstītāju vidū ir Jūsu valsts pilsoņi"}
    folded = replace(FIGURES, country=None, named=None)
    assert present[key] in said(letter(key, figures=folded))
    assert present[key] not in said(letter(key, figures=replace(folded, present=False)))
    assert present[key] not in said(letter(key))


def test_an_institution_has_no_country() -> None:
    for addressee in BOOK.addressees:
        if addressee.country is None:
            assert "your country" not in said(letter(addressee))
            assert "to be named to their governments" in said(letter(addressee))


@pytest.mark.parametrize("named", [None, 0, 9])
def test_fewer_than_ten_names_are_not_mentioned(named: int | None) -> None:
    assert "to be named" not in said(letter("FR", figures=replace(FIGURES, named=named)))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("key", ["FR", "PL", "LT", "LV", "eu-parliament"])
def test_a_total_of_zero_claims_no_signature(key: str, state: str) -> None:
    nobody = Figures(as_of=MOMENT, confirmed=0, country=None, present=True, named=None)
    drawn = letter(key, state, nobody)
    assert not any(run.style == "strong" for block in drawn.blocks for run in block.runs)
    assert not re.search("On behalf of those|W imieniu|vardu teikiame|Parakstītāju vārdā", said(drawn))
    assert pdf.render(drawn)


# Languages


def _neutral(language: str, role: str) -> Addressee:
    """An addressee of a role in a language, so that texts can be compared."""
    like = {"border": "LT", "vote": "AT", "no-rail": "CY"}[role]
    locale = {"en": "en_GB", "pl": "pl_PL", "lt": "lt_LT", "lv": "lv_LV"}[language]
    return replace(BOOK.find(like), language=language, locale=locale)


def _shape(drawn: Letter) -> list[tuple[str, list[str], list[str]]]:
    """What must agree between languages: kinds of paragraphs, what each cites, and its figures."""
    return [
        (
            block.kind,
            sorted(run.text for run in block.runs if run.style == "note"),
            sorted(re.sub(r"\D", "", run.text) for run in block.runs if run.style == "strong"),
        )
        for block in drawn.blocks
    ]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", STATE_ROLES)
@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_language_has_the_structure_of_english(language: str, role: str, state: str) -> None:
    for figures in (FIGURES, replace(FIGURES, country=None), replace(FIGURES, confirmed=0, country=None, named=None)):
        english, other = (letter(_neutral(code, role), state, figures) for code in ("en", language))
        assert other.language == language
        assert _shape(other) == _shape(english)
        assert [source.url for source in other.sources] == [source.url for source in english.sources]
        assert re.findall(r"1.?131|\b167\b|\b123\b|\b300\b", said(other)).__len__() == len(
            re.findall(r"1.?131|\b167\b|\b123\b|\b300\b", said(english))
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_number_stands_in_a_text_without_its_date_and_note_in_the_same_paragraph(language: str) -> None:
    text = find([TEXTS], language)
    assert text
    known = {**_dates(), **{fact.id: fact.as_of.isoformat() for fact in appeal().facts.values()}}
    for paragraph in text.body.split("\n\n"):
        called = {name: re.findall(rf'\b{name}\("([^"]+)"', paragraph) for name in ("number", "day", "note")}
        for id_ in called["number"]:
            assert known[id_] in {known[day] for day in called["day"]}, (language, id_)
            assert called["note"], (language, id_)


def _dates() -> dict[str, str]:
    return {"poland-closure-2025-09": "2025-09-25"} | {
        id_: "" for id_ in ("releases-2026", "un-experts-2025-02-14", "lithuania-potash-2022-02")
    } | {id_: "" for id_ in ("lithuania-stasylos-2023-02", "poland-lorries-2023-05", "eu-road-ban-2024-08")}


def test_every_text_says_that_nobody_has_reviewed_it_yet() -> None:
    assert {language: letter(_neutral(language, "vote")).reviewed for language in LANGUAGES} == dict.fromkeys(
        LANGUAGES, "no"
    )


@pytest.mark.parametrize(
    ("key", "counted"),
    [
        ("PL", {1: "1 osoba podpisała", 2: "2 osoby podpisały", 5: "5 osób podpisało", 21: "21 osób podpisało"}),
        ("PL", {22: "22 osoby podpisały", 1230: "1 230 osób podpisało"}),
        ("LT", {1: "1 žmogus", 2: "2 žmonės", 11: "11 žmonių", 21: "21 žmogus", 30: "30 žmonių"}),
        ("LV", {1: "1 cilvēks", 2: "2 cilvēki", 11: "11 cilvēku", 21: "21 cilvēks", 30: "30 cilvēku"}),
        ("FR", {1: "1 person has signed", 21: "21 people have signed", 1230: "1,230 people have signed"}),
    ],
)
def test_plurals_follow_the_language(key: str, counted: dict[int, str]) -> None:
    for total, words in counted.items():
        assert words in said(letter(key, figures=replace(FIGURES, confirmed=total)))


def test_days_stand_in_the_case_that_the_sentence_needs() -> None:
    assert letter("LV").date == "2026. gada 22. novembris"
    assert "Līdz 2027. gada 1. martam" in said(letter("LV"))
    assert "2025. gada 31. decembrī" in said(letter("LV"))
    assert "(2025. gada 12.–25. septembris)" in said(letter("LV"))
    assert "(12–25 września 2025 r.)" in said(letter("PL"))
    assert "(2025 m. rugsėjo 12–25 d.)" in said(letter("LT"))


@pytest.mark.parametrize(
    ("locale", "source", "words"),
    [
        ("en_GB", Source("", "2025-11", ""), "November 2025"),
        ("pl_PL", Source("", "2017", ""), "2017"),
        ("de_DE", Source("", "2025-09-25", "", "2025-09-12"), "12.–25. September 2025"),
        ("pt_PT", Source("", "2025-09-25", "", "2025-09-12"), "12–25 de setembro de 2025"),
        ("en_GB", Source("", "2025-10-02", "", "2025-09-12"), "12 September 2025 – 2 October 2025"),
    ],
)
def test_a_date_is_as_exact_as_its_source(locale: str, source: Source, words: str) -> None:
    assert Words(Locale.parse(locale), None, {}).when(source) == words


# What comes from data is never evaluated


@pytest.mark.parametrize("typed", HOSTILE)
def test_what_data_holds_is_printed_as_typed(typed: str) -> None:
    crossing = Crossing(typed, {}, "open", Source(typed, "2025", "https://example.org/"))
    poland = replace(BOOK.find("PL"), crossings=(crossing,), title=typed, lines=(typed, typed))
    hosted = appeal()
    hosted.campaign = replace(hosted.campaign, organiser={"en": typed}, contact=typed)
    drawn = draw(hosted, [TEXTS], poland, FIGURES, MOMENT, "https://example.org")
    assert any(block.text.startswith(f"{typed}: otwarte") for block in drawn.blocks)
    assert printed(pdf.render(drawn)).count(typed) >= 8


def test_names_are_printed_as_typed_or_with_the_documented_substitute() -> None:
    names = [*HOSTILE, "Łukasz Żółć", "王小明", "محمد علي", "😀", "A" * 100, "e\u0301" * 60, "\u202eevil", "\x00", "  a  b "]
    drawn = draw_annex(appeal(), [TEXTS], BOOK.find("PL"), names, MOMENT)
    words = printed(pdf.annex(drawn))
    assert all(name in words for name in [*HOSTILE, "Łukasz Żółć", "□□□", "□□□□ □□□", "evil", "a b"])
    assert "A" * 100 in words.replace(" ", "")
    assert "Imiona i nazwiska w brzmieniu podanym, niezweryfikowane." in words
    assert "Liczba nazwisk: 17" in words
    assert "Znak □ zastępuje" in words


def test_the_substitute_is_explained_only_where_it_stands() -> None:
    drawn = draw_annex(appeal(), [TEXTS], BOOK.find("FR"), ["Zoé", "Юлія Ў", "Ελένη", "Ñandú"], MOMENT)
    assert len(drawn.sentences) == 3
    assert drawn.names == ("Ñandú", "Zoé", "Ελένη", "Юлія Ў")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=100), min_size=1, max_size=5))
def test_no_name_whatsoever_fails_the_annex(names: list[str]) -> None:
    drawn = draw_annex(appeal(), [TEXTS], BOOK.find("LT"), names, MOMENT)
    content = pdf.annex(drawn)
    assert len(drawn.names) == len(names)
    assert content.startswith(b"%PDF")
    assert pdf.annex(draw_annex(appeal(), [TEXTS], BOOK.find("LT"), names[::-1], MOMENT)) == content


@given(st.text())
def test_a_printable_text_stays_as_it_is(text: str) -> None:
    once = printable(text)
    assert printable(once) == once
    assert "\n" not in once
    assert printable(text.encode("ascii", "ignore").decode().replace("\n", "")).isascii()


@pytest.mark.parametrize("letters", ["ąčęėįšųūž", "āčēģīķļņšūž", "ąćęłńóśźż", "ßäöüőűåæøđðþœçğışșțĸ", "ўґєії", "ώϊΐς", "ḃċġħ"])
def test_the_fonts_have_the_letters_of_europe(letters: str) -> None:
    assert SUBSTITUTE not in printable(letters + letters.upper())


def test_an_annex_without_names_is_refused() -> None:
    with pytest.raises(LetterError, match="no name to print"):
        draw_annex(appeal(), [TEXTS], BOOK.find("PL"), [], MOMENT)


@pytest.mark.parametrize(
    ("language", "ordered"),
    [
        ("pl", ["Cabaj", "Czyż", "Ćma", "Lis", "Łoś", "Marek", "Zając", "Źrebiec", "Żak"]),
        ("lt", ["Adomas", "Ąžuolas", "Balys", "Cibas", "Čepas", "Ieva", "Ypatas", "Jonas", "Simas", "Šarūnas"]),
        ("lv", ["Ābols", "Avots", "Cielava", "Čakste", "Gailis", "Ģirts", "Lapa", "Ļaudis", "Ņina", "Zeme", "Žagars"]),
        ("en", ["Åsa", "Élodie", "Łukasz", "Øystein", "Zoe", "Ελένη", "Юлія"]),
    ],
)  # fmt: skip
def test_names_stand_in_the_order_of_the_language(language: str, ordered: list[str]) -> None:
    text = find([TEXTS], language)
    assert text
    assert sorted(reversed(ordered), key=collation(text.alphabet)) == ordered


# Texts that do not fit


def _changed(change: Callable[[str], str], folder: Path) -> Path:
    (folder / "pl.md").write_text(change((TEXTS / "pl.md").read_text("utf-8")), "utf-8")
    return folder


UNFIT = {
    "no front matter": (lambda t: t.replace("+++\n", ""), "has no front matter"),
    "broken front matter": (lambda t: t.replace("reviewed = ", "reviewed "), "not TOML"),
    "a label missing": (lambda t: t.replace('closing = "Z wyrazami szacunku"', ""), "lacks labels.closing"),
    "an empty subject": (lambda t: re.sub('open = ".*"', 'open = ""', t), "lacks subject.open"),
    "no roles": (lambda t: re.sub("roles = .*", "", t), "does not list the roles"),
    "months that are not twelve": (lambda t: t.replace("[dates]", '[months]\non = ["x"]\n[dates]'), "not twelve"),
    "an unknown fact": (lambda t: t.replace("{{ moment(", '{{ number("nothing") }} {{ moment('), "no fact is called nothing"),
    "an unknown source": (lambda t: t.replace("{{ moment(", '{{ note("nothing") }} {{ moment('), "is called nothing"),
    "a number without note": (lambda t: t + '\n\n{{ number("detained-2023-05") }}\n', "prints detained-2023-05 without a note"),
    "an unknown word": (lambda t: t + "\n\n{{ nothing }}\n", "'nothing' is undefined"),
    "broken Jinja": (lambda t: t + "{% if %}", "cannot be filled in"),
    "a reach into Python": (lambda t: t + "{{ plural.__globals__ }}", "cannot be filled in"),
    "a heading": (lambda t: t + "\n\n# No\n", "has a heading, which no letter prints"),
    "an image": (lambda t: t + "\n\n![no](https://example.org/)\n", "has a image, which no letter prints"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "what"), UNFIT.values(), ids=UNFIT.keys())
def test_a_text_that_does_not_fit_is_refused_in_one_sentence(
    change: Callable[[str], str], what: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as error:
        letter("PL", texts=_changed(change, tmp_path))
    assert what in str(error.value)
    assert str(error.value).startswith("letters/pl.md ")
    assert re.fullmatch(r"[^\n]+\.", str(error.value))


def test_a_text_not_written_for_a_role_is_not_used() -> None:
    assert "eu-commission" not in (find([TEXTS], "pl") or pytest.fail("no text")).roles
    commission = replace(BOOK.find("eu-commission"), language="pl", locale="pl_PL")
    assert letter(commission).fallback
    with pytest.raises(DataError, match="No text of a letter is written for nobody"):
        letter(replace(commission, role="nobody", key="nobody"))
