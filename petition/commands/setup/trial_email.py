"""An email to the operator through the relay that is set: anyone who types its code has read it."""

import secrets
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from petition.core import clock
from petition.core.errors import SettingsError
from petition.mail.compose import RenderedEmail
from petition.mail.smtp import NotSent, SmtpTransport


def new_code() -> str:
    return f"{secrets.randbelow(10**6):06}"


async def send_code(relay_url: str, sender: str, to: str, code: str) -> None:
    """Raises SettingsError, which says what the relay answered."""
    transport = SmtpTransport(relay_url)
    try:
        await transport.send(_render(sender, to, code))
    except NotSent as failure:
        raise SettingsError(f"The relay did not take the email ({failure}): is it running?") from None
    finally:
        await transport.close()


def _render(sender: str, to: str, code: str) -> RenderedEmail:
    address = parseaddr(sender)[1]
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"], message["Subject"] = sender, to, f"Your code: {code}"
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{secrets.token_hex(16)}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834
    message.set_content(
        f"Your code: {code}\n\nType it where the server asks for it. If this is in the folder for spam, look at its "
        "source:\nspf, dkim and dmarc must each say pass.\n"
    )
    return RenderedEmail(address, to, message["Message-ID"], message.as_bytes())
