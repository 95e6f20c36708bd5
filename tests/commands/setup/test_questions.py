"""Each question refuses what would not work, in one sentence, and stores what it accepts."""

from pathlib import Path

import pytest
from pyrage import x25519

from petition.campaign.appeal import SHIPPED_DATA
from petition.commands.setup import checks, questions, settings_files
from petition.commands.setup.answers import read_answers, take_answers
from petition.commands.setup.place import Place
from petition.commands.setup.questions import Known
from petition.core import clock
from petition.core.email_addresses import EmailProviders
from petition.core.errors import PetitionError, SettingsError
from tests import ROOT
from tests.commands.setup.conftest import ANSWERS, FIRST, SECOND, content, write
from tests.conftest import Clock

CAMPAIGN = settings_files.read_campaign(Place(Path("/nowhere")))
PROVIDERS = EmailProviders(SHIPPED_DATA / "mailboxes.toml")
SECRET = str(x25519.Identity.generate())
WRONG = [
    ("site", "http://signatures.example", "https:// and a name"),
    ("site", "https://signatures.example:8443", "https:// and a name"),
    ("site", "https://signatures.example/belarus", "https:// and a name"),
    ("site", "https://anna@signatures.example", "https:// and a name"),
    ("site", "https://[", "bracket"),
    ("site", "https://localhost", "name in the DNS"),
    ("site", "https://192.0.2.1", "name in the DNS"),
    ("site", "https://signatures.example?a=b", "name in the DNS"),
    ("controller", "two\nlines", "one line"),
    ("contact", "nobody", "not an email address"),
    ("contact", "anna@mail.ru", "authorities of RU"),
    ("goal", "0", "above zero"),
    ("goal", "-5", "above zero"),
    ("goal", "10 000", "digits alone"),
    ("goal", "many", "digits alone"),
    ("deadline", "1 June 2035", "no day"),
    ("deadline", "2035-02-30", "no day"),
    ("deadline", "2020-01-01", "not in the future"),
    ("destruction", "2035-06-01", "not after the deadline"),
    ("destruction", "2020-06-01", "not in the future"),
    ("link_donate", "belaruswomen.org", "begins with https://"),
    ("link_donate", "https://a.example/ b", "no space"),
    ("first_key", "age1first", "not a public key of age"),
    ("first_key", SECRET, "a secret key"),
    ("first_key", SECRET.lower(), "a secret key"),
    ("second_key", FIRST, "same key twice"),
    ("second_key", f"{SECOND},{SECOND}", "same key twice"),
    ("sender", "Links", "is like Links <links@example.org>"),
    ("sender", "Links `id` <links@a.example>", "without"),
    ("sender", "Links <links@nowhere>", "not an email address"),
    ("sender", "Links <links@gmail.com>", "provider of mailboxes"),
    ("sender", "Links <links@gmx.de>", "provider of mailboxes"),
    ("sender", "Ultimatum <links@a.example>", "says what the campaign is about"),
    ("sender", "Links <links@free-belarus.example>", "“belarus” says"),
    ("sender", "Links <politicalprisoners@a.example>", "says what the campaign is about"),
    ("sender", "Беларуский <links@a.example>", "says what the campaign is about"),
    ("relay", "mail.example.org", "smtp://user:password@host:587"),
    ("relay", "smtp://mail.example.org?tls=no", "this machine only"),
    ("relay", "smtps://a.example,smtps://b.example,smtps://c.example", "two relays"),
    ("alerts", "operator", "not an email address"),
    ("database", "mysql://a/b", "sqlite, or an address"),
    ("database", "postgresql://127.0.0.1", "sqlite, or an address"),
    ("database", "sqlite:///relative.db", "sqlite, or an address"),
    ("ipv4", "2001:db8::1", "an IPv6 address"),
    ("ipv4", "192.168.1.7", "a network inside"),
    ("ipv4", "signatures.example", "no IPv4 address"),
    ("ipv6", "fe80::1", "a network inside"),
    ("onion", "http://short.onion", "56 letters"),
    ("admin", "a b", "2 to 40"),
]


def _ids(rows: list[tuple[str, str, str]]) -> list[str]:
    """Without the keys, which differ in each process."""
    return [f"{name}-{n}" for n, (name, *_) in enumerate(rows)]


@pytest.mark.parametrize(("name", "text", "sentence"), WRONG, ids=_ids(WRONG))
def test_a_wrong_answer_is_refused_in_one_sentence(name: str, text: str, sentence: str) -> None:
    """It names the file and the answer."""
    known, told = Known({}, CAMPAIGN, PROVIDERS), ANSWERS | {name: text}
    with pytest.raises(PetitionError, match=sentence) as refused:
        take_answers(questions.all_questions(CAMPAIGN, {"donate"}), known, told, Path("answers.toml"))
    said = str(refused.value)
    assert said.startswith(f"answers.toml, {name}: ")
    assert said.endswith(".")
    assert "\n" not in said
    assert SECRET not in said
    assert SECRET.lower() not in said


def test_every_question_has_a_wrong_answer_above() -> None:
    asked = {question.name for question in questions.all_questions(CAMPAIGN, {"donate"})}
    free = {"organiser"}  # any line of text; as with controller
    assert asked - {name for name, _, _ in WRONG} == free


def test_the_handbook_says_how_many_questions_there_are() -> None:
    asked = questions.all_questions(CAMPAIGN, questions.placeholder_links(CAMPAIGN))
    assert f"asks {len(asked)} questions" in (ROOT / "docs" / "handbook.md").read_text("utf-8")


STORED = [
    ("site", "Signatures.Example/", "https://signatures.example"),
    ("site", "https://підписи.example", "https://xn--d1aiazbn7l.example"),
    ("goal", "00500", "500"),
    ("second_key", f" {SECOND} ,", SECOND),
    ("contact", "Anna@Example.Org", "anna@example.org"),
    ("relay", "smtps://a.example , smtps://b.example", "smtps://a.example,smtps://b.example"),
    ("database", "sqlite:////srv/petition.db", "sqlite:////srv/petition.db"),
    ("ipv6", "2001:DB8:0:0::1", "2001:db8::1"),
    ("onion", f"http://{'a' * 56}.onion/", f"http://{'a' * 56}.onion"),
]


@pytest.mark.parametrize(("name", "text", "stored"), STORED, ids=_ids(STORED))
def test_an_answer_is_stored_in_one_form(name: str, text: str, stored: str) -> None:
    known = _known()
    known.given.update(ANSWERS, organiser="Example Association")
    question = next(q for q in questions.all_questions({}, ()) if q.name == name)
    assert question.check(text, known) == stored


def _known(**earlier: str) -> Known:
    return Known(earlier, {}, PROVIDERS)


def test_dates_that_have_passed_stay_when_something_else_changes(time: Clock) -> None:
    time.advance(days=1)
    today = clock.today().isoformat()
    assert checks.deadline(today, earlier=today) == today
    assert checks.destruction("2026-11-23", "2026-11-22", earlier="2026-11-23") == "2026-11-23"
    with pytest.raises(SettingsError):
        checks.deadline(today, earlier="")


def test_a_link_that_does_not_exist_yet_is_the_organisers_own_page(place: Place) -> None:
    write(place, link_donate="https://donate.example/")
    links = settings_files.read_campaign(place)["links"]
    assert links["donate"] == "https://donate.example/"
    assert links["road_to_hague"] == links["foundation"] == "https://belaruswomen.org"


def test_an_answer_that_cannot_be_a_default_is_asked_for() -> None:
    """The name of the site says what the campaign is about: so the sender needs another domain."""
    known = _known()
    known.given.update(ANSWERS, organiser="Friends of Belarus", site="https://belarus.example")
    sender = next(q for q in questions.all_questions({}, ()) if q.name == "sender")
    assert sender.usual_answer(known) == ""
    known.given["site"] = "https://signatures.example"
    assert sender.usual_answer(known) == "Links <links@signatures.example>"


def test_a_file_of_answers_is_read_whole(tmp_path: Path, place: Place) -> None:
    file = tmp_path / "a.toml"
    file.write_text('goal = 5\ndeadline = 2030-01-01\nsecond_key = ["a", "b"]\n')
    assert read_answers(file) == {"goal": "5", "deadline": "2030-01-01", "second_key": "a,b"}
    file.write_text("goal = 1.5")
    with pytest.raises(PetitionError, match=r"^a\.toml: goal is a text, a number, a day or a list of texts\.$"):
        read_answers(file)
    with pytest.raises(PetitionError, match=r"^answers\.toml: contakt is not asked for; the nearest is contact\.$"):
        write(place, contakt="a@example.org")
    with pytest.raises(PetitionError, match=r"^answers\.toml lacks site, contact\.$"):
        write(place, site="", contact="")
    assert content(place) == {}
