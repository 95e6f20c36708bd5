"""What was typed into a form, field by field, and what is wrong with it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Form:
    """What was typed, field by field, and what is wrong with it."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    suggested_email: str | None = None  # the address that was perhaps meant
    readable_mailbox: dict[str, Any] | None = None  # what is known of a mailbox that authorities can read
    refusal: str = ""  # why it is not taken now, though nothing in it is wrong

    def is_checked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self.values.get(name) == "on"


EMPTY_FORM = Form({})
