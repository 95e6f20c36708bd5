"""Every mail we send, one short function each: makes it ready for the outbox, to be put there with its cause.

The outbox keeps the secret of its links; they are signed only when the email is rendered.
"""

from petition.core import tokens
from petition.core.database.connection import Row
from petition.core.encryption import ServerKeys
from petition.core.tokens import Purpose, Signer
from petition.mail import outbox

# Which links an email has: template -> name in the template -> purpose.
LINK_PURPOSES = {
    "confirm": {"confirm": Purpose.CONFIRM, "never_write": Purpose.NEVER_WRITE},
    "manage": {"manage": Purpose.MANAGE, "never_write": Purpose.NEVER_WRITE},
    "login": {"login": Purpose.LOGIN},
}


def confirm_email(server_keys: ServerKeys, language: str, to: str, secret: str, mailbox: str) -> Row:
    """Someone typed this address into the form; nothing counts unless its owner presses."""
    return outbox.prepare_email(
        server_keys, template="confirm", language=language, to=to, secret=secret, mailbox=mailbox
    )


def manage_email(server_keys: ServerKeys, language: str, to: str, secret: str, mailbox: str) -> Row:
    """Someone asked for the link to see, change or withdraw a signature; the mail is the same if there is none."""
    return outbox.prepare_email(
        server_keys, template="manage", language=language, to=to, secret=secret, mailbox=mailbox
    )


def login_email(server_keys: ServerKeys, language: str, to: str, secret: str) -> Row:
    """An organiser's link, good once."""
    return outbox.prepare_email(server_keys, template="login", language=language, to=to, secret=secret, mailbox=None)


def unsubscribe_link(base_url: str, language: str, secret: str) -> str:
    """The link for the organisers' own news (RFC 8058), sealed with the address."""
    return f"{base_url}/{language}/unsubscribe/{tokens.unsubscribe_secret(secret)}"


def email_links(signer: Signer, base_url: str, language: str, template: str, secret: str) -> dict[str, str]:
    """The addresses a mail's templates may use, from the public address, never from a Host header."""
    paths = {
        Purpose.CONFIRM: f"{language}/confirm",
        Purpose.NEVER_WRITE: f"{language}/never-write",
        Purpose.MANAGE: f"{language}/manage",
        Purpose.LOGIN: "organisers/login",
    }
    return {
        key: f"{base_url}/{paths[purpose]}/{signer.make_token(purpose, secret)}"
        for key, purpose in LINK_PURPOSES[template].items()
    }
