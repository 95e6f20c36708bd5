"""Sentences that are logged in English, and shown in the language of the reader."""

from collections.abc import Callable, Sequence
from datetime import date
from gettext import NullTranslations


class Sentence(str):
    """The English text, which Language.translate() can still say in another language.

    Mark the message with N_(). Values have the form %(name)s: texts, numbers, days, or sentences again.
    """

    messages: tuple[str, ...]  # one, or that of one thing and that of many
    values: dict[str, object]

    def __new__(cls, *messages: str, **values: object) -> "Sentence":
        message = messages[0] if values.get("num") == 1 else messages[-1]
        sentence = super().__new__(cls, message % {name: _in_english(value) for name, value in values.items()})
        sentence.messages, sentence.values = messages, values
        return sentence

    def say_with(self, catalogue: NullTranslations, show: Callable[[object], str]) -> str:
        """`show`: writes a value as the language does."""
        one, *many = self.messages
        num = self.values.get("num")
        text = catalogue.ngettext(one, many[0], num) if many and isinstance(num, int) else catalogue.gettext(one)
        return str(text) % {name: show(value) for name, value in self.values.items()}


def _in_english(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return value.isoformat() if isinstance(value, date) else str(value)


def ngettext(one: str, many: str, num: int, **values: object) -> Sentence:
    """Gettext's own name: the catalogues get both messages, and every language has its own plurals of %(num)s."""
    return Sentence(one, many, num=num, **values)


def join(sentences: Sequence[str]) -> Sentence:
    """All of them behind each other."""
    values = {f"sentence{n}": sentence for n, sentence in enumerate(sentences)}
    return Sentence(" ".join(f"%({name})s" for name in values), **values)
