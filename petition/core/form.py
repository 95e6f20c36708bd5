"""What was typed into a form, field by field, and what is wrong with it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Form:
    """What was typed, field by field, and what is wrong with it."""

    typed: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    meant: str | None = None  # the address that was perhaps meant
    readable: dict[str, Any] | None = None  # what is known of a mailbox that authorities can read
    refused: str = ""  # why it is not taken now, though nothing in it is wrong

    def on(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self.typed.get(name) == "on"


EMPTY = Form({})
