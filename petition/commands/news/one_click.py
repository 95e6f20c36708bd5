"""Presses the unsubscribe link of a mailbox that does not exist, as a mail program does (RFC 8058).

So the site erases the sealed address and learns nothing else: it gets what every press sends.
"""

import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

_TIMEOUT = 30


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """A press is a POST to this one address: behind a redirect it would become a GET."""


_OPENER = urllib.request.build_opener(_NoRedirects)


def press(link: str) -> bool:
    """Whether the site answered yes."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(link, b"List-Unsubscribe=One-Click", headers)  # noqa: S310 (checked when it was read)
    try:
        with _OPENER.open(request, timeout=_TIMEOUT) as answer:
            return bool(answer.status == 200)
    except (OSError, HTTPException, ValueError):
        return False
