"""What goes wrong in a log; the text is one plain sentence."""

from petition.core.errors import PetitionError


class LogError(PetitionError):
    """Bytes that are not what the log's formats allow, or that do not prove what they should.

    The sentence may quote a stranger: nothing in it moves the cursor of a terminal.
    """

    def __init__(self, text: str) -> None:
        super().__init__(make_printable(text))


def make_printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
