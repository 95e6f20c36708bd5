"""A submitted form: its values, and an error for each wrong field."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Form:
    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    suggested_email: str | None = None  # the address that the person probably meant
    readable_mailbox: dict[str, Any] | None = None  # the provider's entry in mailboxes.toml, if authorities can read it
    refusal: str = ""  # why the form is not taken now, although no field is wrong

    def is_checked(self, name: str) -> bool:
        return self.values.get(name) == "on"


EMPTY_FORM = Form({})
