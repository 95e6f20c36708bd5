"""The feed: what governments answered, and the large numbers of signatures, as Atom (RFC 4287), in each language."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

from petition.campaign.press import LICENCES
from petition.core import clock
from petition.core.languages import N_, SOURCE_LANGUAGE, Language
from petition.letters.correspondence import Entry
from petition.site import Site
from petition.tally.history import History
from petition.web.http.public_state import PublicState
from petition.web.public.governments import ANSWER_WORDS, REPLY_WORDS

MILESTONES = (1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000)
_NEWEST = 100  # entries of a feed
_MILESTONE = N_("Confirmed signatures: at least %(n)s")


@dataclass(frozen=True, slots=True)
class _Item:
    """`updated`: RFC 3339. `began`: a day that does not move when an item is corrected, for its id (RFC 4151)."""

    key: str
    began: str
    updated: str
    title: str
    page: str
    summary: str = ""


def feed_xml(site: Site, language: Language, state: PublicState) -> str:
    items = sorted((*_answers(site, language, state), *_milestones(language, state.history)), key=lambda i: i.updated)
    newest = items[: -_NEWEST - 1 : -1]
    campaign, base = state.appeal.campaign, f"{site.settings.base_url}/{language.code}"
    updated = newest[0].updated if newest else clock.iso(state.status.snapshot.as_of)
    head = (
        f"<title>{escape(state.appeal.get_text(language).title)}</title><id>{base}/feed.xml</id>"
        f"<updated>{updated}</updated><author><name>{escape(campaign.name(language.code))}</name></author>"
        f"<rights>{campaign.licence} {LICENCES[campaign.licence]}</rights>"
        f'<link rel="self" href={quoteattr(base + "/feed.xml")}/><link href={quoteattr(base + "/tally")}/>'
    )
    entries = "".join(_entry_xml(item, base, language.code) for item in newest)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language.code}">'
        f"{head}{entries}</feed>\n"
    )


def _entry_xml(item: _Item, base: str, code: str) -> str:
    id_ = f"tag:{urlsplit(base).hostname},{item.began}:{item.key}:{code}"
    summary = f"<summary>{escape(item.summary)}</summary>" if item.summary else ""
    return (
        f"\n<entry><title>{escape(item.title)}</title><id>{id_}</id><updated>{item.updated}</updated>"
        f"<link href={quoteattr(f'{base}/{item.page}')}/>{summary}</entry>"
    )


def _answers(site: Site, language: Language, state: PublicState) -> Iterator[_Item]:
    for key, entry in state.entries.items():
        words = {**REPLY_WORDS, **ANSWER_WORDS}.get(entry.stance)
        day = entry.answered or entry.replied
        if words and day and entry.sent:
            addressee = site.address_book.find(key)
            name = language.country_name(key) if len(key) == 2 else addressee.name(language.code)
            changed = max(day.isoformat(), state.recorded.get(addressee.name_en, ""))
            yield _answer(key, entry, changed, f"{name}: {language.translate(words)}", language.code)


def _answer(key: str, entry: Entry, changed: str, title: str, code: str) -> _Item:
    """Its id has the stance: a letter that was forwarded and then answered is two entries for a reader of feeds.

    `changed`: a day and no hour, so that nobody learns when organisers work.
    """
    summary = entry.summary(code, SOURCE_LANGUAGE)[1]
    return _Item(f"{key}:{entry.stance}", str(entry.sent), f"{changed}T00:00:00Z", title, f"governments#{key}", summary)


def _milestones(language: Language, history: History) -> Iterator[_Item]:
    """Each with the hour in which such a total was published first."""
    for step in MILESTONES:
        if hour := next((hour for hour, n in history.hours if n >= step), None):
            title = language.translate(_MILESTONE, n=language.format_number(step))
            yield _Item(f"signatures:{step}", hour[:10], hour, title, "tally")
