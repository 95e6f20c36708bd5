"""The emails we send, one entry each, and the links in them.

The outbox keeps the secret of the links; they are signed only when the email is rendered.
"""

from dataclasses import dataclass

from petition.core import tokens
from petition.core.tokens import Purpose, Signer


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of email. Its texts are templates/mail/TEMPLATE/ subject.txt, body.txt and body.html."""

    template: str
    urgency: int  # the lowest leaves first; below outbox.LOW_PRIORITY_URGENCY
    links: dict[Purpose, str]  # each with its path; the templates know it by its purpose, in lower case: never_write


_NEVER_WRITE = {Purpose.NEVER_WRITE: "{language}/never-write"}
# Anyone may type any address into the form: nothing counts until its owner presses the button behind the link.
# People wait for this email in front of the screen, so it leaves first.
CONFIRM = Message("confirm", 0, {Purpose.CONFIRM: "{language}/confirm", **_NEVER_WRITE})
# The link to see, change or withdraw a signature; the email is the same if there is none.
MANAGE = Message("manage", 1, {Purpose.MANAGE: "{language}/manage", **_NEVER_WRITE})
# An organiser's link, which works once.
LOGIN = Message("login", 1, {Purpose.LOGIN: "organisers/login"})
MESSAGES = {message.template: message for message in (CONFIRM, MANAGE, LOGIN)}


def email_links(signer: Signer, base_url: str, language: str, template: str, secret: str) -> dict[str, str]:
    """The links of an email by their names in its templates; from the public address, never from a Host header."""
    return {
        purpose.name.lower(): f"{base_url}/{path.format(language=language)}/{signer.make_token(purpose, secret)}"
        for purpose, path in MESSAGES[template].links.items()
    }


def unsubscribe_link(base_url: str, language: str, secret: str) -> str:
    """The link that ends the organisers' own news (RFC 8058); it is sealed together with the address."""
    return f"{base_url}/{language}/unsubscribe/{tokens.unsubscribe_secret(secret)}"
