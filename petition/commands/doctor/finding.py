"""One thing that was checked, and what was found."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`fix` says what is wrong, `warning` what should be known; both are empty if all is fine.

    `why` is what comes of it, `command` what fixes it: a command to run, or the setting to change.
    """

    subject: str
    fix: str = ""
    warning: str = ""
    why: str = ""
    command: str = ""

    @property
    def state(self) -> str:
        return "fix" if self.fix else "warn" if self.warning else "ok"

    @property
    def what(self) -> str:
        return (self.fix or self.warning).rstrip(".")

    def as_line(self) -> str:
        sentence = ": ".join(filter(None, (self.subject, self.what, self.what and self.why)))
        advice = f" To fix it: {self.command}" if self.what and self.command else ""
        return f"{self.state:4}  {sentence}{'.' if self.what else ''}{advice}"

    def as_json(self) -> str:
        """An object of texts; all but `subject` and `state` are empty if all is fine."""
        reason, command = (self.why, self.command) if self.what else ("", "")
        return json.dumps(
            {"subject": self.subject, "state": self.state, "what": self.what, "why": reason, "command": command},
            ensure_ascii=False,
        )
