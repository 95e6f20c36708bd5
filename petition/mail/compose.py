"""Renders an email in a language from its templates, as one MIME message."""

from binascii import b2a_qp
from dataclasses import dataclass
from email import policy
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import lru_cache

from petition.core import clock
from petition.core.languages import Language


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    """An email as it is sent: lines end in CRLF, none is longer than 998 bytes, all is ASCII."""

    sender: str
    to: str
    message_id: str
    content: bytes


def render_email(
    language: Language, template: str, to: str, sender: str, reference: str, links: dict[str, str]
) -> RenderedEmail:
    """Renders templates/mail/`template` in a language. The same reference gives the same Message-ID.

    Python's EmailMessage parses all that it is given, which takes ten times as long as the rest. So it makes only the
    headers that all emails of one template and language share, and the texts are rendered once.
    """
    subject, *bodies = _texts(language, template, tuple(links))
    address, common_headers = _common_headers(sender, subject, language.code)
    message_id = f"<{reference}@{address.rpartition('@')[2]}>"
    boundary = f"=_{reference}"  # "=_" is never in a quoted-printable text
    headers = {
        "To": to,
        "Date": format_datetime(clock.now()),
        "Message-ID": message_id,
        "X-Reference": reference,  # for reports about this email: some relays replace the Message-ID
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    lines = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
    filled = zip(_BODIES, (_fill_in(body, links) for body in bodies), strict=True)
    parts = "".join(f"\r\n--{boundary}\r\n{_mime_part(kind, text)}" for (kind, _), text in filled)
    return RenderedEmail(
        address, to, message_id, common_headers + f"{lines}{parts}\r\n--{boundary}--\r\n".encode("ascii")
    )


def render_news(
    language: str, subject: str, body: str, to: str, sender: str, reference: str, unsubscribe: str
) -> RenderedEmail:
    """Plain text that organisers wrote, with the link that ends their news in the two headers of RFC 8058."""
    address, common_headers = _common_headers(sender, subject, language)
    message_id = f"<{reference}@{address.rpartition('@')[2]}>"
    headers = {
        "To": to,
        "Date": format_datetime(clock.now()),
        "Message-ID": message_id,
        "X-Reference": reference,
        "List-Unsubscribe": f"<{unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    lines = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
    return RenderedEmail(
        address, to, message_id, common_headers + f"{lines}{_mime_part('plain', body)}".encode("ascii")
    )


def render_subject(language: Language, template: str) -> str:
    return language.render(f"mail/{template}/subject.txt").strip()


@lru_cache(maxsize=256)
def _texts(language: Language, template: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Subject and bodies, each link as a mark."""
    marks = {name: _mark(name) for name in names}
    return render_subject(language, template), *(
        language.render(f"mail/{template}/body.{suffix}", **marks) for _, suffix in _BODIES
    )


def _mark(name: str) -> str:
    """A text that no email has: characters for private use."""
    return f"\ue000{name}\ue001"


def _fill_in(body: str, links: dict[str, str]) -> str:
    """Links need no escaping in HTML: an https address and a token."""
    for name, link in links.items():
        body = body.replace(_mark(name), link)
    return body


_BODIES = (("plain", "txt"), ("html", "html"))


@lru_cache(maxsize=256)
def _common_headers(sender: str, subject: str, language: str) -> tuple[str, bytes]:
    """The sender's bare address, and the headers that do not depend on the recipient."""
    display, address = parseaddr(sender)
    local, _, domain = address.rpartition("@")
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = Mailbox(display, local, domain)
    message["Subject"] = subject
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no absence note answers it
    message["Content-Language"] = language
    message["MIME-Version"] = "1.0"
    return address, message.as_bytes().rstrip(b"\r\n") + b"\r\n"


def _mime_part(kind: str, text: str) -> str:
    # Quoted-printable breaks a long link into lines; the mail program joins them again.
    quoted = b2a_qp(text.encode().replace(b"\n", b"\r\n")).decode("ascii")
    headers = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable'
    return f"{headers}\r\n\r\n{quoted}"
