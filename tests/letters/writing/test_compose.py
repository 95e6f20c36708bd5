"""The letters: what each says to which addressee, in which state of the campaign, with which figures."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from petition.campaign.appeal import Appeal
from petition.core.errors import LetterError
from petition.letters.addressees.address_book import Addressee
from petition.letters.formats import pdf
from petition.letters.writing.compose import compose_letter
from petition.letters.writing.document import Figures
from petition.letters.writing.texts import STATES_WITH_LETTERS
from tests.letters.samples import BOOK, FIGURES, LANGUAGES, MOMENT, TEXTS, appeal, letter, letter_text, pdf_text


def test_a_border_state_reads_its_crossings_as_the_sources_saw_them() -> None:
    items = [block.text.replace("\xa0", " ") for block in letter("PL").blocks if block.kind == "item"]
    assert "Terespol – Brześć: otwarte dla ruchu towarowego (25 września 2025 r.) [14]" in items
    lithuania = [block.text.replace("\xa0", " ") for block in letter("LT").blocks if block.kind == "item"]
    assert "Stasylos – Benyakoni: uždarytas kroviniams iš Baltarusijos (2023 m. vasario 16 d.) [15]" in lithuania
    assert "Kena – Gudogai: atviras krovinių vežimui (2023 m. vasaris) [14]" in lithuania
    assert "Indra – Bigosovo: atvērta kravu pārvadājumiem (2017)" in letter_text(letter("LV"))


def test_only_poland_is_asked_for_its_interior_ministers_regulation() -> None:
    assert "rozporządzenia Ministra Spraw Wewnętrznych i Administracji" in letter_text(letter("PL"))


def test_a_copy_is_named_only_where_it_can_be_sent() -> None:
    assert letter("PL").copies == (
        "Ministerstwo Spraw Zagranicznych",
        "Ministerstwo Infrastruktury",
        "Ministerstwo Spraw Wewnętrznych i Administracji",
        "Stałe Przedstawicielstwo przy Unii Europejskiej",
    )
    assert letter("LV").copies == ("Latvijas Republikas Ārlietu ministrija",)
    assert letter("LT").copies == (
        "Lietuvos Respublikos vidaus reikalų ministerija",
        "Nuolatinė atstovybė Europos Sąjungoje",
    ), "the other ministries lack the postcode"
    for addressee in BOOK.addressees:
        drawn = letter(addressee)
        assert len(drawn.copies) == len(drawn.copy_addresses), addressee.key
        assert all(drawn.copy_addresses), addressee.key
    assert len({address for a in BOOK.addressees for address in letter(a).copy_addresses}) == 26


def test_a_permanent_representation_gets_its_copy_in_brussels() -> None:
    posted = appeal()
    posted.campaign = replace(posted.campaign, posted_from="PL")
    address = ("Permanent Representation of Ireland to the European Union", "Rue Froissart 50")
    for key in ("IE-en", "IE-ga"):
        ireland = compose_letter(posted, [TEXTS], BOOK.find(key), FIGURES, MOMENT, "https://example.org")
        assert ireland.copy_addresses[-1:] == ((*address, "1040 Bruxelles / Brussel", "BELGIUM"),)
    assert letter("IE-en").copies[-1] == "Permanent Representation of Ireland to the European Union"
    assert letter("IE-ga").copies[-1] == "Buanionadaíocht chuig an Aontas Eorpach"
    with_one = {a.country for a in BOOK.addressees if "permrep" in [m.kind for m in a.copies if a.copy_to(m)]}
    assert " ".join(sorted(filter(None, with_one))) == "AT CZ DE DK ES FI FR HU IE LT MT PL SE SK"


def test_a_copy_goes_where_the_post_can_bring_it() -> None:
    posted = appeal()
    posted.campaign = replace(posted.campaign, posted_from="PL")
    latvia = compose_letter(posted, [TEXTS], BOOK.find("LV"), FIGURES, MOMENT, "https://example.org")
    assert latvia.copy_addresses == (("Ārlietu ministrija", "K. Valdemāra iela 3", "Rīga, LV-1395", "LATVIA"),)


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("IE-en", "Your Government has a vote in the Council of the European Union"),
        ("MT-en", "Your country has no railway. What we ask for is its vote"),
        ("eu-commission", "to prepare now, together with the High Representative, a proposal"),
        ("eu-high-representative", "to prepare now the decision of the Council"),
        ("eu-council", "to put this demand on the agenda of the next meeting of the European Council"),
        ("eu-parliament", "with a view to a resolution that supports it"),
        ("eu-transport", "to support in the Commission a proposal"),
        ("eu-railways", "it does not decide on sanctions. We do not ask it to."),
        ("eu-foreign-affairs-council", "to have the amendment of Decision 2012/642/CFSP prepared now"),
        ("eu-members", "to ask the Commission and the High Representative in writing what they have prepared"),
        ("eu-petitions", "This is a petition under Article 227 of the Treaty on the Functioning"),
    ],
)
def test_each_is_asked_for_what_it_can_do(key: str, asked: str) -> None:
    assert asked in letter_text(letter(key))


def test_no_letter_to_a_state_without_border_asks_it_to_close_crossings() -> None:
    for addressee in BOOK.addressees:
        closes = "over this crossing" in letter_text(letter(addressee)) or "over these crossings" in letter_text(
            letter(addressee)
        )
        assert not closes, addressee.key


def test_without_a_text_in_its_language_a_letter_is_english_and_says_so() -> None:
    austria = letter(_untranslated("AT"))
    assert (austria.fallback, austria.language, austria.territory) == (True, "en", "GB")
    assert austria.salutation == "Your Excellency,"
    assert austria.title == "Federal Chancellor of the Republic of Austria"
    assert austria.lines[0] == "Bundeskanzleramt"
    assert letter("IE-ga").salutation in ("Dear Taoiseach,", "A Thaoisigh, a chara,")
    assert (letter("IE-en").fallback, letter("IE-en").territory) == (False, "IE")
    fallbacks = {a.key for a in BOOK.addressees if letter(a).fallback}
    assert fallbacks == {a.key for a in BOOK.addressees if a.language not in LANGUAGES}


def _untranslated(key: str) -> Addressee:
    """An addressee in a language without a text."""
    return replace(BOOK.find(key), language="xx")


def test_adding_a_language_is_adding_a_file(tmp_path: Path) -> None:
    english = (TEXTS / "en.md").read_text("utf-8").replace("Yours sincerely,", "Mit freundlichen Grüßen")
    (tmp_path / "de.md").write_text(english, "utf-8")
    austria = letter("AT", texts=tmp_path)
    assert not austria.fallback
    assert austria.salutation == "Sehr geehrte Frau Bundeskanzlerin, sehr geehrter Herr Bundeskanzler,"
    assert austria.closing == "Mit freundlichen Grüßen"
    assert letter("DE", texts=tmp_path).copies[:2] == ("Auswärtiges Amt", "Bundesministerium für Verkehr")
    assert "Deutschland" in letter("DE", texts=tmp_path).lines
    assert letter(_untranslated("FR"), texts=tmp_path).fallback


def test_a_doubtful_ministry_is_named_by_what_it_does() -> None:
    germany = BOOK.find("DE")
    nameless = replace(germany, copies=tuple(replace(ministry, names={}) for ministry in germany.copies))
    assert letter(_untranslated("DE")).copies[:2] == ("Federal Foreign Office", "Federal Ministry of Transport")
    assert letter(nameless).copies[:2] == (
        "Für auswärtige Angelegenheiten zuständiges Ministerium",
        "Für Verkehr zuständiges Ministerium",
    )
    doubtful = replace(germany, copies=tuple(replace(ministry, confidence="low") for ministry in germany.copies))
    assert letter(doubtful).copies == ()


def test_each_state_has_its_letter() -> None:
    assert "by 1 March 2027" in letter_text(letter("IE-en", "open"))
    passed = letter("IE-en", "passed")
    assert "to Aliaksandr Lukashenka was 1 November 2026. It has passed" in letter_text(passed)
    assert "without delay" in letter_text(passed)
    assert "the deadline has passed" in passed.subject
    met = letter("IE-en", "met")
    assert "On 20 November 2026 the demand" in letter_text(met)
    assert "keep watch" in letter_text(met)
    assert not met.sources
    assert pdf_text(pdf.render(met))


def _english(key: str, state: str = "open", **changes: object) -> str:
    """The words of the English letter to an addressee; `changes` are to the campaign."""
    changed = appeal(state)
    changed.campaign = replace(changed.campaign, **changes)  # type: ignore[arg-type]  # each test has its fields
    addressee = replace(BOOK.find(key), language="en", locale="en_GB")
    return letter_text(compose_letter(changed, [TEXTS], addressee, FIGURES, MOMENT, "https://example.org"))


ROLES = ("PL", "LT", "LV", "AT", "CY", *(a.key for a in BOOK.addressees if a.country is None))


@pytest.mark.parametrize("state", ["open", "passed"])
@pytest.mark.parametrize("key", ROLES)
def test_the_words_of_the_demand_mean_what_the_campaign_says(key: str, state: str) -> None:
    """What organisers stand by is what the letters print."""
    words, demand = _english(key, state), Appeal().campaign.demand
    assert [definition.name for definition in demand] == ["prisoners", "release", "goods", "met"]
    for definition in demand:
        assert definition.means in words


def test_only_lithuania_is_told_that_its_transit_to_kaliningrad_is_not_asked_for() -> None:
    for key in ROLES:
        assert ("over your railways" in _english(key)) == (key == "LT"), key


@pytest.mark.parametrize("key", ["PL", "LT", "LV"])
def test_a_border_state_is_told_the_ground_that_union_law_leaves_to_it(key: str) -> None:
    words = _english(key)
    assert "can act on its own" not in words
    for law in ("public security", "Centro-Com", "Werner", "Article 10 of", "Article 24(2)(a) of", "Article V of the"):
        assert law in words, law
    assert "Article 72" not in words, "the Court has accepted it from nobody so far"


@pytest.mark.parametrize("key", ["AT", "CY", "eu-commission", "eu-high-representative"])
def test_sanctions_rest_on_the_articles_that_say_so(key: str) -> None:
    words = _english(key)
    for law in ("Decision 2012/642/CFSP", "Article 29 TEU", "Article 31(1) TEU", "Article 215(1) TFEU", "765/2006"):
        assert law in words, law


def test_a_state_is_told_only_what_it_said_itself() -> None:
    assert "Your Government and 25 others of the Union stated" in _english("AT")
    assert "The 26 other governments of the Union stated" in _english("HU")
    assert "Your country referred the situation" in _english("LT")
    assert "Lithuania referred the situation" in _english("eu-council")


@pytest.mark.parametrize("key", ROLES)
def test_nobody_is_asked_to_support_a_deadline_that_is_over(key: str) -> None:
    assert "and its deadline" not in _english(key, "passed")
    assert "its deadline" in _english("AT", "open")


@pytest.mark.parametrize("key", ROLES)
def test_when_the_demand_is_met_each_is_asked_for_what_it_can_do(key: str) -> None:
    words = _english(key, "met", met_by="Viasna", met_source="https://example.org/list")
    assert "as we said that we would: Viasna, https://example.org/list" in words
    assert "We ask for an answer in writing" in words
    assert ("to keep ready the measure" in words) == (key not in ("eu-railways", "eu-parliament"))
    assert ("national safety authorities" in words) == (key == "eu-railways")


@pytest.mark.parametrize("state", STATES_WITH_LETTERS)
def test_every_letter_can_be_drawn_in_every_state(state: str) -> None:
    for addressee in BOOK.addressees:
        drawn = letter(addressee, state)
        assert drawn.subject, addressee.key
        assert any(block.kind == "item" for block in drawn.blocks), addressee.key


@pytest.mark.parametrize("change", [{"opens": date(2026, 12, 1)}, {"archived": date(2026, 11, 1)}])
def test_no_letter_is_drawn_before_the_campaign_or_after_it(change: dict[str, date]) -> None:
    closed = appeal()
    closed.campaign = replace(closed.campaign, **change)  # type: ignore[arg-type]  # all keys above are dates
    with pytest.raises(LetterError, match="while the campaign is running"):
        compose_letter(closed, [TEXTS], BOOK.find("PL"), FIGURES, MOMENT, "https://example.org")


def test_a_deadline_nobody_has_told_is_printed_as_its_placeholder() -> None:
    drawn = compose_letter(Appeal(), [TEXTS], BOOK.find("IE-en"), FIGURES, MOMENT, "https://example.org")
    assert "by [the deadline: a day]." in letter_text(drawn)
    assert pdf.render(drawn)


def test_figures_are_printed_as_published() -> None:
    words = letter_text(letter("IE-en"))
    assert "As of 22 November 2026, this demand bears at least 12,340 signatures, each confirmed" in words
    assert "At least 700 gave your country as the place of residence." in words
    assert "At least 40 signatories have asked to be named to your Government" in words
    assert "Identity and nationality were not checked." in words


@pytest.mark.parametrize("key", ["IE-en", "PL", "LT", "LV"])
def test_of_a_country_that_is_not_published_a_letter_says_nothing(key: str) -> None:
    folded = letter_text(letter(key, figures=replace(FIGURES, country=None, named=None)))
    assert "12" in folded
    said = ("gave your country", "podano Państwa kraj", "nurodyta Jūsų", "norādīta Jūsu")
    assert [sum(phrase in words for phrase in said) for words in (letter_text(letter(key)), folded)] == [1, 0]


def test_an_institution_has_no_country() -> None:
    for addressee in BOOK.addressees:
        if addressee.country is None:
            assert "your country" not in letter_text(letter(addressee))
            assert "go to the government of that state. The count" in letter_text(letter(addressee))


def test_an_institution_is_told_of_an_annex_only_if_there_is_one() -> None:
    told = letter_text(letter("eu-council", figures=replace(FIGURES, named_outside_eu=True)))
    assert "At least 40 signatories have asked to be named. The names of those who gave one of" in told
    assert "go to the government of that state; the names of all others stand in an annex to this letter." in told
    assert "annex" not in letter_text(letter("eu-council"))


@pytest.mark.parametrize("key", ["IE-en", "PL", "LT", "LV", "eu-council"])
@pytest.mark.parametrize("country", [None, 700])
def test_nobody_is_called_a_citizen_for_living_somewhere(key: str, country: int | None) -> None:
    words = letter_text(letter(key, figures=replace(FIGURES, country=country)))
    assert not re.search("citizen|obywatel(?!stw)|piliet(?!yb)|pilie[čc]|pilso[nņ](?!īb)", words, re.IGNORECASE)


@pytest.mark.parametrize("state", STATES_WITH_LETTERS)
@pytest.mark.parametrize("key", ["PL", "LT"])
@pytest.mark.parametrize("total", [0, 12340])
def test_behind_a_comma_the_letter_goes_on_in_lower_case(key: str, total: int, state: str) -> None:
    drawn = letter(key, state, replace(FIGURES, confirmed=total))
    assert drawn.salutation.endswith(",")
    assert not drawn.blocks[0].text[0].isupper()


def test_a_state_is_addressed_for_what_it_did_itself() -> None:
    assert "Państwa kraj ogłosił zamknięcie granicy" in letter_text(letter("PL"))
    assert "Jūsų šalis dėl nacionalinio saugumo nutraukė" in letter_text(letter("LT"))
    for key, own in {"PL": r"\bPolsk(a|ę|i)\b", "LT": r"\bLietuv(a|ą|os)\b", "LV": r"\bLatvij(a|u|as)\b"}.items():
        assert not re.search(own, letter_text(letter(key))), key
        english = letter_text(letter(replace(BOOK.find(key), language="xx")))
        assert ("Your country" in english) == (key != "LV")
        assert ("Poland announced" in english, "Lithuania ended" in english) == (key != "PL", key != "LT")


@pytest.mark.parametrize(
    ("key", "announced"),
    [
        ("PL", r"ogłosił zamknięcie granicy .* \(29 maja 2023 r\.\)"),
        ("LT", r"paskelbė uždaranti sieną .* \(2023 m\. gegužės 29 d\.\)"),
        ("LV", r"paziņoja, ka slēdz robežu .* \(2023\. gada 29\. maijs\)"),
        ("xx", r"announced that it was closing its border .* \(29 May 2023\)"),
    ],
)
def test_the_ban_on_lorries_is_dated_by_its_announcement(key: str, announced: str) -> None:
    addressee = replace(BOOK.find("LV"), language="xx") if key == "xx" else BOOK.find(key)
    (sentence,) = re.findall(r"[^.;]*Poczobut[^;]*|[^.;]*Počobut[^;]*", letter_text(letter(addressee)))
    assert re.search(announced, sentence)


def test_the_office_stands_above_an_address_that_does_not_name_it() -> None:
    for key, office in {"BE-fr": "Chancellerie du Premier ministre", "GR": "Προεδρία της Κυβέρνησης", "FR": ""}.items():
        assert letter(key).office == office
    belgium = pdf_text(pdf.render(letter("BE-nl")))
    assert f"{letter('BE-nl').title} Kanselarij van de Eerste Minister Wetstraat 16" in belgium


@pytest.mark.parametrize("named", [None, 0, 9])
def test_fewer_than_ten_names_are_not_mentioned(named: int | None) -> None:
    assert "to be named" not in letter_text(letter("IE-en", figures=replace(FIGURES, named=named)))


@pytest.mark.parametrize("state", STATES_WITH_LETTERS)
@pytest.mark.parametrize("key", ["IE-en", "PL", "LT", "LV", "eu-parliament"])
def test_a_total_of_zero_claims_no_signature(key: str, state: str) -> None:
    nobody = Figures(as_of=MOMENT, confirmed=0, country=None, named=None, named_outside_eu=False)
    drawn = letter(key, state, nobody)
    assert not any(run.style == "strong" for block in drawn.blocks for run in block.runs)
    assert not re.search("On behalf of those|w imieniu|vardu teikiame|Parakstītāju vārdā", letter_text(drawn))
    assert pdf.render(drawn)


def test_only_the_letter_to_poland_asks_for_its_minister_s_regulation() -> None:
    """Other states have an interior ministry that gets a copy too."""
    english = {a.key: letter_text(letter(replace(a, language="en"))) for a in BOOK.addressees}
    assert [key for key, text in english.items() if "Minister of the Interior and Administration" in text] == ["PL"]
    assert "interior" in [ministry.kind for ministry in BOOK.find("LT").copies]
