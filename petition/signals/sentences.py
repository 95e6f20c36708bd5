"""What the desk says of a notice: what was seen, what is usual, what else could explain it, and what one could do."""

from collections.abc import Callable
from dataclasses import dataclass

from petition.signals.detection import SHARES, UNTOLD
from petition.signals.notices import Notice

RULES = {
    "R1": "More than four in ten pressed the button within twenty seconds of the email.",
    "R2": "Nearly every form was confirmed: of people, some always forget.",
    "R3": "No country has half of it: at one place, most people live in one country.",
    "R4": "No network has one twelfth of it: an office or a campus has one in common.",
}
UNBROKEN = {
    "R1": "Most took their time before they pressed the button.",
    "R2": "Some never pressed the button, as people do.",
    "R3": "Half of it or more is from one country, as at a university.",
    "R4": "A part of it shares a network, as in an office.",
}
KINDS = {
    "domain": "addresses of one domain that we do not know",
    "network": "forms from one network",
    "throw-away": "throw-away mailboxes",
}


@dataclass(frozen=True, slots=True)
class Sentences:
    seen: str
    could_be: str
    could_do: str


# {seen}, {usual}: numbers with their words, such as "about 40" and "fewer than ten"; {country}: a name.
_SENTENCES = {
    "surge": Sentences(
        "{seen} signatures were published in a day; usually it is {usual}.",
        "A newspaper, a broadcast or a well-known person does this.",
        "Find out who wrote about us. If nobody did, look at the other notices of this day.",
    ),
    "country": Sentences(
        "{country}: {seen} signatures more than usual in a day.",
        "Something happened there, or an organisation asked its members. In a small country one article is enough.",
        "Ask somebody there. Until you know, do not tell the press about this country's number.",
    ),
    "unknown": Sentences(
        "{seen} of the confirmed signatures came from email domains that we do not know; usually it is {usual}.",
        "Universities, firms and associations have domains of their own: a newsletter to them does this.",
        "Look at the group of one domain below, if there is one. Ask the organisations that work with us.",
    ),
    "domain": Sentences(
        "One email domain that we do not know has {seen} confirmed signatures; usually the largest has {usual}.",
        "A university, a school, a firm or an office whose people told each other; a provider in one region.",
        "Read what is said of the group. If it looks like a machine, propose to set it aside.",
    ),
    "network": Sentences(
        "One network has {seen} confirmed signatures; usually the largest has {usual}.",
        "A campus, an office, a stand in a street, a shelter, a small provider.",
        "Read what is said of the group. People who share a network are no machine: look for quick buttons.",
    ),
    "throw-away": Sentences(
        "{seen} signatures were confirmed from throw-away mailboxes; usually it is {usual}.",
        "Careful people use such a mailbox too, after somebody advised it.",
        "They count like all others. If they look like a machine, propose to set them aside.",
    ),
    "quick": Sentences(
        "{seen} pressed the button within twenty seconds of the email; usually it is {usual}.",
        "Young people on phones are quick, and so is everybody at a stand.",
        "Alone it proves nothing. Look at the other notices of this day.",
    ),
    "ratio": Sentences(
        "{seen} of the forms were confirmed; usually it is {usual}.",
        "Members of an organisation who got our link in its newsletter confirm more often than others.",
        "Alone it proves nothing. Look at the other notices of this day.",
    ),
    "returned": Sentences(
        "{seen} of our emails came back; usually it is {usual}.",
        "A big provider may refuse us for a while: then the page on operations says so.",
        "Look there first. Else somebody types addresses that do not exist: they do not count.",
    ),
    "late": Sentences(
        "{seen} of the published signatures came from forms of earlier days; usually it is {usual}.",
        "Our emails were late, or a weekend ended.",
        "If no email was late, somebody may wait on purpose until the marks of a form are gone. Write down the day.",
    ),
    "drip domain": Sentences(
        "For weeks the largest email domain that we do not know has a little more than usual every day: {seen} in all.",
        "A new member organisation, a provider that grows.",
        "Look at the group of each day while it is there: a day and a night.",
    ),
    "drip throw-away": Sentences(
        "For weeks there are a few more throw-away mailboxes than usual every day: {seen} in all.",
        "Somebody advises people to use one.",
        "Find out who. They count like all others.",
    ),
    "drip unknown": Sentences(
        "For weeks a few more than usual come every day from email domains that we do not know: {seen} in all.",
        "We became known among firms, universities or in a new region.",
        "Ask the organisations that work with us.",
    ),
    "drip country": Sentences(
        "{country}: for two weeks a little more than usual every day, {seen} in all.",
        "A group has begun to work there.",
        "Ask somebody there. If nobody works there, do not tell the press about this country's number.",
    ),
}
SIGNALS = tuple(_SENTENCES)


def describe(notice: Notice, country_name: Callable[[str], str]) -> Sentences:
    sentences = _SENTENCES[notice.signal]
    show = _show_percent if notice.signal in SHARES else _show_count
    country = country_name(notice.subject) if notice.subject else ""
    text = sentences.seen if notice.usual != UNTOLD else f"{sentences.seen.partition(';')[0]}."
    seen = text.format(seen=show(notice.seen), usual=show(notice.usual), country=country)
    return Sentences(seen[0].upper() + seen[1:], sentences.could_be, sentences.could_do)


def _show_count(n: int) -> str:
    return f"about {n:,}" if n else "fewer than ten"


def _show_percent(n: int) -> str:
    return f"about {n} in 100" if n else "fewer than one in twenty"
