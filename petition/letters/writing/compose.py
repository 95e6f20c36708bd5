"""Draws a letter: the text of a language, the addressee and the published figures become one tree."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from babel.core import Locale

from petition.campaign.appeal import Appeal
from petition.campaign.campaign import State
from petition.core.errors import DataError, LetterError
from petition.letters.addressees.directory import Addressee, Ministry
from petition.letters.writing import figures as chart
from petition.letters.writing.citations import OMITTED, Notes, renumbered, sources
from petition.letters.writing.document import Figures, Letter, Note, Stamp
from petition.letters.writing.formatting import Words
from petition.letters.writing.texts import STATES, Text, find, link

FALLBACK = "en"
_FALLBACK_LOCALE = "en_GB"
_FEWEST_NAMED = 10  # published figures are floored to ten: below that there is no figure


def draw(
    appeal: Appeal,
    folders: Sequence[Path],
    addressee: Addressee,
    figures: Figures,
    moment: datetime,
    base_url: str,
    stamp: Stamp | None = None,
) -> Letter:
    """The letter to one addressee as of a moment (UTC), in its language or, where that has no text, in English.

    A preview, unless a stamp says how it goes out. LetterError if the campaign is not under way; DataError for data.
    """
    state, stamp = _state(appeal, moment), stamp or Stamp(reference(addressee, moment))
    text, words = written(folders, addressee, stamp.language)
    notes = Notes(sources(appeal, addressee), appeal.facts, stamp.without)
    values = _values(appeal, addressee, figures, notes, words, text)
    blocks = text.blocks({**values, "state": str(state), "tally": link(f"{base_url}/{FALLBACK}/tally")})
    blocks, cited = renumbered(blocks, tuple(_sources(notes, words, text)))
    drawn, yardstick = chart.draw(appeal, addressee, figures, text, words, len(cited) + 1)
    return Letter(
        key=addressee.key,
        **{name: getattr(stamp, name) for name in ("reference", "check", "courtesy")},
        language=text.language,
        territory=words.locale.territory or "",
        reviewed=text.reviewed,
        moment=moment,
        sender=appeal.campaign.name(text.language),
        controller=appeal.campaign.controller,
        contact=(appeal.campaign.contact, base_url),
        labels=dict(text.labels),
        date=words.day(moment.date()),
        **_addressed(addressee, text),
        subject=text.subject[state],
        blocks=blocks,
        closing=text.labels["closing"],
        sources=(*cited, *yardstick),
        chart=drawn,
        rests=notes.rests,
    )


def _addressed(addressee: Addressee, text: Text) -> dict[str, Any]:
    """To whom, in the language of the addressee or in English."""
    own = text.language == addressee.language
    return {
        "fallback": not own,
        "title": addressee.title if own else addressee.title_en,
        "office": addressee.office or "",
        "lines": addressee.lines,
        "salutation": addressee.salutation if own else addressee.salutation_en or text.labels["salutation"],
        "copies": tuple(_copy(ministry, text) for ministry in addressee.copies),
    }


def languages(folders: Sequence[Path], addressee: Addressee) -> tuple[str, str]:
    """Of the letter that goes out, and of the courtesy translation beside it, empty if there is none.

    A text that nobody has reviewed goes out as a translation only, beside the English original.
    """
    own = find(folders, addressee.language)
    if own is None or addressee.role not in own.roles:
        return FALLBACK, ""
    main, beside = (FALLBACK, own.language) if own.reviewed == "no" else (own.language, FALLBACK)
    return main, beside if beside != main else ""


def written(folders: Sequence[Path], addressee: Addressee, language: str = "") -> tuple[Text, Words]:
    """A text for an addressee, in its own language if no other is asked for; English where there is none.

    With it the words of its language: as its country writes it, or British English.
    """
    text = find(folders, language or addressee.language)
    if text is None or addressee.role not in text.roles:
        text = find(folders, FALLBACK)
    if text is None or addressee.role not in text.roles:
        raise DataError(f"No text of a letter is written for {addressee.key}.")
    locale = addressee.locale if text.language == addressee.language else _FALLBACK_LOCALE
    return text, Words(Locale.parse(locale), text.dates, text.months)


def reference(addressee: Addressee, moment: datetime) -> str:
    """What the letter is filed under: the key and the day."""
    return f"{addressee.key}/{moment:%Y-%m-%d}"


def _state(appeal: Appeal, moment: datetime) -> State:
    state = appeal.state(moment.date())
    if state not in STATES:
        raise LetterError(
            "Letters are drawn while the campaign is under way, not before it opens or once it is archived."
        )
    return state


def _sources(notes: Notes, words: Words, text: Text) -> Iterator[Note]:
    if bare := notes.unsourced():
        raise DataError(f"letters/{text.name} prints {', '.join(bare)} without a note.")
    for number, source in enumerate(notes.cited, start=1):
        publisher = text.publishers.get(source.publisher, source.publisher)
        yield Note(number, f"{publisher}, {words.when(source)}", source.url)


def _copy(ministry: Ministry, text: Text) -> str:
    return ministry.name(text.language) or text.ministries[ministry.kind]


def _values(
    appeal: Appeal, addressee: Addressee, figures: Figures, notes: Notes, words: Words, text: Text
) -> Mapping[str, Any]:
    """What a text may name. Everything printed from here passes the escape of texts.py."""

    def number(what: str | int) -> str:
        if isinstance(what, int):
            return words.number(what)
        if notes.omits(what):
            return OMITTED
        fact = notes.fact(what)
        low = words.number(fact.low)
        return low if fact.high is None else f"{low}–{words.number(fact.high)}"

    def day(what: Any, case: str = "") -> str:
        if type(what) is str and notes.omits(what):
            return OMITTED
        return words.when(notes.source(what), case) if type(what) is str else words.day(what, case)

    return {
        **_counted(addressee, figures),
        "number": number,
        "value": lambda id_: notes.fact(id_).low,
        "day": day,
        "when": words.when,
        "note": notes.note,
        "plural": words.plural,
        "moment": lambda case="": words.moment(figures.as_of, case),
        "role": addressee.role,
        "home": addressee.country or "",
        "deadline": appeal.campaign.deadline,
        "met": appeal.campaign.met,
        "organiser": appeal.campaign.name(text.language),
        "copies": [ministry.kind for ministry in addressee.copies],
        "crossings": [
            {"name": c.names.get(text.language, c.name), "status": c.status, "source": c.source}
            for c in addressee.crossings
        ],
    }


def _counted(addressee: Addressee, figures: Figures) -> Mapping[str, Any]:
    """The figures a text may print; 0 for one that is not published."""
    named = figures.named or 0
    return {
        "total": figures.confirmed,
        "national": addressee.country is not None,
        "country": (addressee.country and figures.country) or 0,
        "present": addressee.country is not None and figures.present,
        "named": named if named >= _FEWEST_NAMED else 0,
        "elsewhere": figures.elsewhere,
    }
