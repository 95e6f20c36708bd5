"""A browser for one visit: asks the public address, follows nothing by itself, keeps nothing."""

import json
import ssl
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from altcha import v2 as altcha

from petition.core.errors import PetitionError

_TIMEOUT = 30  # seconds without a byte
_MAX_BYTES = 1 << 21
_NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept-Language": "en"}


class ProbeError(PetitionError):
    """`step`: what did not work. The sentence has no address of a person and no link."""

    def __init__(self, step: str, sentence: str) -> None:
        super().__init__(sentence)
        self.step = step


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    location: str
    text: str


class Visitor:
    """Raises ProbeError under the name of the step if the site does not answer.

    `certificate_ends`: epoch seconds, once the site has shown its certificate; else 0.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.certificate_ends = 0

    def get(self, path: str, step: str) -> Answer:
        return self._ask("GET", path, step, _NAVIGATION | {"Sec-Fetch-Site": "none"})

    def post(self, path: str, fields: dict[str, str], step: str) -> Answer:
        origin = {"Origin": self.base_url, "Sec-Fetch-Site": "same-origin"}
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, step, _NAVIGATION | origin | form, urlencode(fields))

    def solve_if_asked(self, step: str) -> str:
        """What a browser computes before it sends the form; empty if it need not."""
        answer = self.get("/proof-of-work.json", step)
        try:
            asked: dict[str, Any] = json.loads(answer.text)
            if not asked.pop("needed"):
                return ""
            challenge = altcha.Challenge.from_dict(asked)
            solution = altcha.solve_challenge(challenge)
            return altcha.Payload(challenge, solution).to_base64() if solution else ""
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ProbeError(
                step,
                f"What a browser must compute was asked for, and the answer was {answer.status}, not a calculation. "
                "See journalctl -u petition, and the limits of nginx if it is 429.",
            ) from None

    def _ask(self, method: str, path: str, step: str, headers: dict[str, str], body: str | None = None) -> Answer:
        try:
            with closing(self._connect()) as connection:
                connection.request(method, path, body, headers)
                self._note_certificate(connection)
                answer = connection.getresponse()
                text = answer.read(_MAX_BYTES).decode("utf-8", "replace")
                return Answer(answer.status, answer.getheader("Location", ""), text)
        except (OSError, HTTPException) as error:
            raise ProbeError(
                step,
                f"{self.base_url} was asked, and does not answer ({type(error).__name__}). Look at the name in the "
                "DNS, the certificate, and systemctl status nginx petition.",
            ) from None

    def _note_certificate(self, connection: HTTPConnection) -> None:
        if isinstance(connection.sock, ssl.SSLSocket):
            shown = connection.sock.getpeercert() or {}
            self.certificate_ends = int(ssl.cert_time_to_seconds(str(shown["notAfter"])))

    def _connect(self) -> HTTPConnection:
        parts = urlsplit(self.base_url)
        if parts.scheme == "https":
            return HTTPSConnection(parts.netloc, timeout=_TIMEOUT, context=ssl.create_default_context())
        return HTTPConnection(parts.netloc, timeout=_TIMEOUT)
