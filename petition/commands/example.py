"""The example campaign, which `make run` puts into a new demo database. Nothing in it is real, and it says so."""

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from petition.campaign.appeal import SHIPPED_DATA
from petition.commands import demo_data
from petition.core import clock, demo_secrets, tokens
from petition.core.clock import DAY
from petition.core.database import state
from petition.core.database.connection import Connection, Row
from petition.core.email_addresses import EmailAddress
from petition.letters import correspondence
from petition.letters.correspondence import Channel, Entry, Stance
from petition.mail import messages
from petition.organisers import activity_log
from petition.protection.proof_of_work import ProofMode
from petition.retention import reorder
from petition.signing import form_counts, quarantine, submissions
from petition.signing.printed_names import APPROVED
from petition.signing.signatures import NEW
from petition.signing.submissions import SigningRequest
from petition.site import Site
from petition.tally import rounding

SIGNATURES = 6400
SEED = 13
# How many sign on each day, from today back: a slow start, then two articles in newspapers, then fewer each day.
SIGNATURES_PER_DAY = (
    *(20, 46, 50, 55, 61, 70, 82, 101, 130, 175, 240, 310, 180, 44, 46, 48, 52, 55, 60, 66, 74),
    *(84, 97, 115, 142, 185, 260, 390, 520, 210, 60, 42, 30, 24, 20, 17, 14, 12, 9, 7, 5, 3),
)
DISCLAIMER = "EXAMPLE: every signature, name and answer here is made up."
_VALUES = {
    "goal": "10000",
    "controller": '"Example Association, 1 Example Street, 1000 Exampletown"',
    "contact": '"contact@example.org"',
}
_STEP = '[[steps]]\nsignatures = 10000\nthen.en = "EXAMPLE: then we hand the letters over in person."\n\n'
_FIRST_NAMES = (
    *("Adam", "Anna", "Clara", "Daniel", "David", "Elena", "Emil", "Eva", "Filip", "Hanna", "Ida", "Jan", "Julia"),
    *("Klara", "Laura", "Lea", "Leon", "Lukas", "Maria", "Marta", "Martin", "Nina", "Nora", "Oskar", "Paula"),
    *("Peter", "Roman", "Sara", "Simon", "Sofia", "Thomas", "Vera", "Viktor", "Zofia"),
)
# By country: the word for "example" as a surname, since nobody has it, and how many people want their name printed.
_SURNAMES = {
    "PL": ("Przykład", 34),
    "DE": ("Beispiel", 24),
    "LT": ("Pavyzdys", 20),
    "LV": ("Piemērs", 14),
    "FR": ("Exemple", 14),
    "CZ": ("Příklad", 12),
    "IT": ("Esempio", 12),
    "NL": ("Voorbeeld", 12),
    "GB": ("Example", 12),
}
_NOT_NAMES = ("Nobody Nowhere", "aaaaaaa", "BUY MY WATCHES example.org")  # for an organiser to reject
# Networks for use in documents (RFC 5737), and how many forms of each wait.
_CROWD, _SUSPECT, _FLOOD = ("192.0.2", 26), ("198.51.100", 38), ("203.0.113", 170)


async def refusal(site: Site) -> str:
    """Why the example cannot be put into this database, in one sentence; empty if it can."""
    if site.settings.campaign not in (None, demo_secrets.campaign_folder(site.settings.var)):
        return "PETITION_CAMPAIGN names a campaign of your own: the example stays out."
    async with site.database.reading() as c:
        waiting = await submissions.count_waiting(c)
    if waiting or not await demo_data.is_empty(site.database):
        return "People have signed here already: the example goes into an empty database only."
    return ""


async def fill_example(site: Site, n: int, on_progress: Callable[[int], object] = lambda _: None) -> None:
    """Puts n signatures and some more with names into an empty database; calls on_progress(k) after each k of the n."""
    rng = random.Random(SEED)  # noqa: S311 (the same example for everybody)
    demo_secrets.write_campaign(site.settings.var, campaign_toml(clock.today()))
    await demo_data.insert_days(site.database, n, on_progress, SIGNATURES_PER_DAY, rng)
    people = list(_named_people(site, rng))
    flood, others = (
        await _waiting_forms(site, *_FLOOD),
        await _waiting_forms(site, *_CROWD) + await _waiting_forms(site, *_SUSPECT),
    )
    await site.database.write(partial(_insert_people, people=people))
    await demo_data.publish_days(site.database, SIGNATURES_PER_DAY)
    await site.database.write(partial(_insert_forms, flood=flood, others=others))
    await site.database.write(_insert_answers)
    await site.database.write(_insert_form_counts)


def campaign_toml(today: date) -> str:
    """The shipped campaign.toml, with a value for each placeholder."""
    days = {"deadline": today + timedelta(100), "destruction": today + timedelta(465)}
    values = _VALUES | {name: day.isoformat() for name, day in days.items()}
    text = (SHIPPED_DATA / "campaign.toml").read_text("utf-8").partition("\n\n")[2]  # without its first comment
    filled = re.sub(
        r'^(\w+) = "PLACEHOLDER .*"$',
        lambda match: f"{match[1]} = " + values.get(match[1], f'"https://example.org/{match[1]}"'),
        text,
        flags=re.MULTILINE,
    )
    return (
        f'example = "{DISCLAIMER}"  # production refuses it\n{filled.replace("[organiser]", _STEP + "[organiser]", 1)}'
    )


@dataclass(frozen=True, slots=True)
class _Person:
    """A signature with a name to print; `contact` if they also want news."""

    signature: demo_data.SignatureRow
    name: Row
    contact: Row | None


def _named_people(site: Site, rng: random.Random) -> Iterator[_Person]:
    """Of three names, two are approved, and one waits at the desk; every fourth person wants news."""
    for country, (surname, count) in _SURNAMES.items():
        people = [f"{first_name} {surname}" for first_name in rng.sample(_FIRST_NAMES, count)]
        for k, name in enumerate([*people, *(_NOT_NAMES if country == "PL" else ())]):
            address = _email(f"{country}{k}".lower())
            mailbox, _ = site.server_keys.email_hashes(address)
            day = clock.today() - timedelta(rng.randint(5, len(SIGNATURES_PER_DAY) - 1))
            name_state = APPROVED if k % 3 and k < count else NEW
            contact = _contact(site, address, mailbox) if k % 4 == 0 else None
            signature = demo_data.signature_row(
                mailbox, country, day.isoformat(), named=True, updates=contact is not None
            )
            yield _Person(signature, {"mailbox": mailbox, "name": name, "state": name_state}, contact)


def _contact(site: Site, address: EmailAddress, mailbox: str) -> Row:
    secret = tokens.new_secret()
    link = messages.unsubscribe_link(site.settings.base_url, "en", secret)
    sealed = site.server_keys.seal_contact(address.exact, link)
    unsubscribe_hash = site.server_keys.link_keys(secret).unsubscribe_hash
    return {"mailbox": mailbox, "sealed": sealed, "unsubscribe_hash": unsubscribe_hash}


async def _insert_people(c: Connection, *, people: list[_Person]) -> None:
    await demo_data.insert_signatures(c, rows=sorted(person.signature for person in people))
    await c.run("printed_names.insert", rows=[person.name for person in people])
    await c.run("contacts.insert", rows=[person.contact for person in people if person.contact])
    await reorder.mark_reordered(c)


async def _waiting_forms(site: Site, network: str, count: int) -> list[Row]:
    """Submissions of today; their emails have been sent."""
    rows = []
    for k in range(count):
        request = SigningRequest(
            _email(f"{network}.{k}"), "DE", None, updates=False, consent_version="demo", language="en"
        )
        admission = await site.rate_limiter.admit_form(f"{network}.{k}", "", ProofMode.OFF, trapped=False)
        rows.append(submissions.prepare_submission(site.server_keys, request, admission).row)
    return rows


async def _insert_forms(c: Connection, *, flood: list[Row], others: list[Row]) -> None:
    """Inserts the flood first and holds it, as an organiser would: it is the busiest network then."""
    await c.run("submissions.insert", rows=flood)
    [(handle, _)] = await quarantine.busiest_networks(c)
    n = await quarantine.hold_network(c, handle)
    await activity_log.append(c, activity_log.SERVER, "set aside the forms of one network", rounding.show_magnitude(n))
    await c.run("submissions.insert", rows=others)


async def _insert_answers(c: Connection) -> None:
    for key, entry in _answers(clock.today()).items():
        await correspondence.save_entry(c, key, entry)
    await activity_log.append(
        c, activity_log.SERVER, "filled in the example", "signatures, names, news, forms, answers"
    )


async def _insert_form_counts(c: Connection) -> None:
    """As if they had been counted yesterday: of forms that are a week old, more are confirmed."""
    signatures = list(enumerate(SIGNATURES_PER_DAY[2:16], start=1))
    ages = [(age, confirmed * 10 // (8 if age >= 7 else 7), confirmed) for age, confirmed in signatures]
    count = {"counted_at": clock.epoch() - DAY, "ages": ages}
    await state.put(c, form_counts.STATE_NAME, json.dumps([count]))


def _answers(today: date) -> Mapping[str, Entry]:
    post, email = Channel.REGISTERED, Channel.EMAIL
    silent = ("AT", "BE", "DK", "ES", "FI", "HU", "IE", "IT", "RO", "SE", "eu-parliament")
    acknowledged = ("EE", "NL", "SK", "eu-commission")
    return {
        **{key: Entry(today - timedelta(30), post) for key in silent},
        **{key: Entry(today - timedelta(30), post, acknowledged=today - timedelta(24)) for key in acknowledged},
        "LT": _answer(today, post, 20, Stance.SUPPORTS, "the government will ask for it in the Council."),
        "LV": _answer(today, post, 17, Stance.SUPPORTS, "the government agrees, and asks its neighbours to join."),
        "CZ": _answer(today, email, 12, Stance.SUPPORTS, "the government will vote for it."),
        "PL": _answer(today, post, 9, Stance.PARTLY, "the government agrees for goods that pay the regime."),
        "DE": _answer(today, email, 8, Stance.PARTLY, "the government wants to hear the railways first."),
        "FR": _answer(today, post, 3, Stance.REFUSES, "the government wants to wait for talks."),
    }


def _answer(today: date, channel: Channel, ago: int, stance: Stance, text: str) -> Entry:
    sent, answered = today - timedelta(30), today - timedelta(ago)
    summaries = {"en": f"Example, not a real answer: {text}"}
    return Entry(sent, channel, 0, None, answered, stance, "https://example.org/answer", summaries)


def _email(name: str) -> EmailAddress:
    return EmailAddress(f"{name}@example.org", f"{name}@example.org")
