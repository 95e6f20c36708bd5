"""What the desk says of a notice: what was seen, what is usual, what else could explain it, and what one could do."""

from dataclasses import dataclass

from petition.core.languages import N_, Language
from petition.core.sentences import Sentence
from petition.signals.detection import SHARES, UNTOLD
from petition.signals.notices import Notice

RULES = {
    "R1": N_("More than four in ten pressed the button within twenty seconds of the email."),
    "R2": N_("Nearly every form was confirmed: of people, some always forget."),
    "R3": N_("No country has half of it: at one place, most people live in one country."),
    "R4": N_("No network has one twelfth of it: an office or a campus has one in common."),
}
UNBROKEN = {
    "R1": N_("Most took their time before they pressed the button."),
    "R2": N_("Some never pressed the button, as people do."),
    "R3": N_("Half of it or more is from one country, as at a university."),
    "R4": N_("A part of it shares a network, as in an office."),
}
KINDS = {
    "domain": N_("About %(size)s addresses of one domain that we do not know:"),
    "network": N_("About %(size)s forms from one network:"),
    "throw-away": N_("About %(size)s throw-away mailboxes:"),
}


@dataclass(frozen=True, slots=True)
class Sentences:
    """`seen_first`: on the first day, when nothing is usual yet; empty for what needs more days."""

    seen: str
    could_be: str
    could_do: str
    seen_first: str = ""


# %(seen)s, %(usual)s: numbers with their words, such as "about 40" and "fewer than ten"; %(country)s: a name.
_SENTENCES = {
    "surge": Sentences(
        N_("%(seen)s signatures were published in a day; usually it is %(usual)s."),
        N_("A newspaper, a broadcast or a well-known person does this."),
        N_("Find out who wrote about us. If nobody did, look at the other notices of this day."),
    ),
    "country": Sentences(
        N_("%(country)s: %(seen)s signatures more than usual in a day."),
        N_("Something happened there, or an organisation asked its members. In a small country one article is enough."),
        N_("Ask somebody there. Until you know, do not tell the press about this country's number."),
    ),
    "unknown": Sentences(
        N_(
            "%(seen)s of the confirmed signatures came from email domains that we do not know; usually it is %(usual)s."
        ),
        N_("Universities, firms and associations have domains of their own: a newsletter to them does this."),
        N_("Look at the group of one domain below, if there is one. Ask the organisations that work with us."),
    ),
    "domain": Sentences(
        N_(
            "One email domain that we do not know has %(seen)s confirmed signatures; usually the largest has %(usual)s."
        ),
        N_("A university, a school, a firm or an office whose people told each other; a provider in one region."),
        N_("Read what is said of the group. If it looks like a machine, propose to set it aside."),
        N_("One email domain that we do not know has %(seen)s confirmed signatures."),
    ),
    "network": Sentences(
        N_("One network has %(seen)s confirmed signatures; usually the largest has %(usual)s."),
        N_("A campus, an office, a stand in a street, a shelter, a small provider."),
        N_("Read what is said of the group. People who share a network are no machine: look for quick buttons."),
        N_("One network has %(seen)s confirmed signatures."),
    ),
    "throw-away": Sentences(
        N_("%(seen)s signatures were confirmed from throw-away mailboxes; usually it is %(usual)s."),
        N_("Careful people use such a mailbox too, after somebody advised it."),
        N_("They count like all others. If they look like a machine, propose to set them aside."),
        N_("%(seen)s signatures were confirmed from throw-away mailboxes."),
    ),
    "quick": Sentences(
        N_("%(seen)s pressed the button within twenty seconds of the email; usually it is %(usual)s."),
        N_("Young people on phones are quick, and so is everybody at a stand."),
        N_("Alone it proves nothing. Look at the other notices of this day."),
    ),
    "ratio": Sentences(
        N_("%(seen)s of the forms were confirmed; usually it is %(usual)s."),
        N_("Members of an organisation who got our link in its newsletter confirm more often than others."),
        N_("Alone it proves nothing. Look at the other notices of this day."),
    ),
    "returned": Sentences(
        N_("%(seen)s of our emails came back; usually it is %(usual)s."),
        N_("A big provider may refuse us for a while: then the page on operations says so."),
        N_("Look there first. Else somebody types addresses that do not exist: they do not count."),
    ),
    "late": Sentences(
        N_("%(seen)s of the published signatures came from forms of earlier days; usually it is %(usual)s."),
        N_("Our emails were late, or a weekend ended."),
        N_(
            "If no email was late, somebody may wait on purpose until the marks of a form are gone. Write down the day."
        ),
    ),
    "drip domain": Sentences(
        N_(
            "For weeks the largest email domain that we do not know has a little more than usual every day: "
            "%(seen)s in all."
        ),
        N_("A new member organisation, a provider that grows."),
        N_("Look at the group of each day while it is there: a day and a night."),
    ),
    "drip throw-away": Sentences(
        N_("For weeks there are a few more throw-away mailboxes than usual every day: %(seen)s in all."),
        N_("Somebody advises people to use one."),
        N_("Find out who. They count like all others."),
    ),
    "drip unknown": Sentences(
        N_("For weeks a few more than usual come every day from email domains that we do not know: %(seen)s in all."),
        N_("We became known among firms, universities or in a new region."),
        N_("Ask the organisations that work with us."),
    ),
    "drip country": Sentences(
        N_("%(country)s: for two weeks a little more than usual every day, %(seen)s in all."),
        N_("A group has begun to work there."),
        N_("Ask somebody there. If nobody works there, do not tell the press about this country's number."),
    ),
}
SIGNALS = tuple(_SENTENCES)


def describe(notice: Notice, language: Language) -> Sentences:
    """In a language of the desk."""
    sentences = _SENTENCES[notice.signal]
    show = _show_percent if notice.signal in SHARES else _show_count
    country = language.country_name(notice.subject) if language.has_country(notice.subject) else notice.subject
    message = sentences.seen if notice.usual != UNTOLD else sentences.seen_first
    values = {"seen": show(notice.seen), "usual": show(notice.usual), "country": country}
    seen, could_be, could_do = (
        language.translate(text) for text in (Sentence(message, **values), sentences.could_be, sentences.could_do)
    )
    return Sentences(seen[0].upper() + seen[1:], could_be, could_do)


def _show_count(n: int) -> Sentence:
    return Sentence(N_("about %(n)s"), n=n) if n else Sentence(N_("fewer than ten"))


def _show_percent(n: int) -> Sentence:
    return Sentence(N_("about %(n)s in 100"), n=n) if n else Sentence(N_("fewer than one in twenty"))
