"""Plain emails to the operator (PETITION_ALERTS_TO) when something is wrong. No word about a signer, ever."""

import logging
import secrets
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from petition.core import clock
from petition.mail.compose import RenderedEmail
from petition.mail.smtp import NotSent, Transport

log = logging.getLogger(__name__)


async def send_alert(transport: Transport, sender: str, to: str, text: str) -> None:
    """Without the outbox, which may be what is wrong. If no relay takes it, the log says so; nothing is raised."""
    try:
        await transport.send(_render_alert(sender, to, text))
    except NotSent as failure:
        log.warning("alert not sent: %s", failure)
    finally:
        await transport.close()


def _render_alert(sender: str, to: str, text: str) -> RenderedEmail:
    address = parseaddr(sender)[1]
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"] = sender, to
    message["Subject"] = "Your server needs a look"
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{secrets.token_hex(16)}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834
    message.set_content(f"{text}\n")
    return RenderedEmail(address, to, message["Message-ID"], message.as_bytes())
