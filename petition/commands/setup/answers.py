"""Gets the answers: from a file, or from a person at a terminal, who is asked again until an answer can be used."""

from collections.abc import Callable
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from petition.commands.setup.questions import Answers, Known, Question
from petition.core import toml_tables
from petition.core.errors import DataError, SettingsError
from petition.core.toml_edits import quote

NONE = "-"  # what a person types to leave an answer out that Enter would give
EXTRA = {"admin_address"}  # in a file only; on a terminal it is asked for later, and never stored


def read_answers(file: Path) -> Answers:
    """The answers in a TOML file, as text. Raises DataError."""
    return {name: _as_text(name, value, file) for name, value in toml_tables.load(file).values.items()}


def _as_text(name: str, value: object, file: Path) -> str:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ",".join(value)
    if type(value) in (str, int, date):
        return str(value)
    raise DataError(f"{file.name}: {name} is a text, a number, a day or a list of texts.")


def answers_text(answers: Answers) -> str:
    return "".join(f"{name} = {quote(value)}\n" for name, value in answers.items())


def take_answers(questions: list[Question], known: Known, told: Answers, file: Path) -> Answers:
    """From a file, without asking; what it leaves out is as before. Raises SettingsError for the first wrong answer."""
    names = [question.name for question in questions]
    for name in told:
        if name not in (*names, *EXTRA):
            nearest = get_close_matches(name, names, 1, 0)[0]
            raise SettingsError(f"{file.name}: {name} is not asked for; the nearest is {nearest}.")
    if lacking := [q.name for q in questions if q.needed and not told.get(q.name) and not _has_usual(q, known)]:
        raise SettingsError(f"{file.name} lacks {', '.join(lacking)}.")
    for question in questions:
        try:
            text = told[question.name] if question.name in told else question.usual_answer(known)
            known.given[question.name] = _accept(question, known, text)
        except SettingsError as error:
            raise SettingsError(f"{file.name}, {question.name}: {error}") from None
    return known.given


def _has_usual(question: Question, known: Known) -> bool:
    """A default that depends on an answer that is not given yet shows later whether it can be used."""
    try:
        return bool(question.usual_answer(known))
    except KeyError:
        return True


def _accept(question: Question, known: Known, text: str) -> str:
    text = text.strip() or (question.usual_answer(known) if question.needed else "")
    if not text and question.needed:
        raise SettingsError("This has to be answered.")
    return question.check(text, known) if text else ""


def ask_all(questions: list[Question], known: Known, on_answer: Callable[[Answers], None]) -> Answers:
    """At the terminal. Each answer is handed on at once, so that none is lost."""
    print("Enter takes what is in brackets, - leaves an answer out. Nothing is written before the last answer.\n")
    for number, question in enumerate(questions, start=1):
        known.given[question.name] = _ask(f"{number}/{len(questions)}", question, known)
        on_answer(known.given)
    return known.given


def _ask(number: str, question: Question, known: Known) -> str:
    usual = question.usual_answer(known)
    shown = f" [{_without_password(usual)}]" if usual else "" if question.needed else " [none]"
    while True:
        text = ask(f"{number}  {question.text}{shown}: ") or usual
        try:
            return _accept(question, known, "" if text == NONE and not question.needed else text)
        except SettingsError as error:
            print(f"     {error}")


def ask(prompt: str) -> str:
    """One line from the terminal. Raises SettingsError at its end, and for Ctrl-C."""
    try:
        return input(prompt).strip()
    except UnicodeDecodeError:
        return ""
    except (EOFError, KeyboardInterrupt):
        raise SettingsError("\nStopped. Run petition setup again: it knows what you have answered.") from None


def _without_password(text: str) -> str:
    password = urlsplit(text).password if "://" in text and "[" not in text else None
    return text.replace(f":{password}@", ":…@") if password else text
