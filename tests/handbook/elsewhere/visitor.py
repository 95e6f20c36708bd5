"""Somebody who signs over https from an address of their own, and presses the button in their email.

visitor.py NAME FROM EMAIL MAILBOX CERTIFICATE: prints the link; ends with a sentence if anything is wrong.
"""

import http.client
import re
import ssl
import sys
import time
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import urlencode

name, own, email, mailbox, certificate = sys.argv[1:]


def _ask(method: str, path: str, form: "dict[str, str] | None" = None) -> "tuple[int, str, str]":
    context = ssl.create_default_context(cafile=certificate)
    connection = http.client.HTTPSConnection(name, 443, timeout=30, source_address=(own, 0), context=context)
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request(method, path, urlencode(form) if form is not None else None, headers)
    answer = connection.getresponse()
    return answer.status, answer.getheader("Location") or "", answer.read().decode()


def _link(before: int) -> str:
    for _ in range(240):
        emails = [file for file in Path(mailbox).glob("*.eml") if int(file.stem) >= before]
        for file in emails:
            message = message_from_bytes(file.read_bytes(), policy=policy.default)
            if email not in str(message["To"]):
                continue
            body = message.get_body(("plain",))
            found = re.findall(rf"https://{re.escape(name)}(/\S*/confirm/\S+)", body.get_content() if body else "")
            if found and message["DKIM-Signature"]:
                return str(found[0])
        time.sleep(0.25)
    sys.exit("No signed email with a link came within a minute.")


before = len(list(Path(mailbox).glob("*.eml")))
for method, path, form, wanted in (
    ("GET", "/en/", None, 200),
    ("POST", "/en/sign", {"email": email, "country": "PL", "consent": "on"}, 303),
):
    status, _, text = _ask(method, path, form)
    if status != wanted:
        sys.exit(f"{method} {path}: {status}\n{text}")
link = _link(before)
if _ask("GET", link)[0] != 200:
    sys.exit("The link opens no page.")
status, where, _ = _ask("POST", link, {})
if (status, where.partition("?")[0]) != (303, "/en/thanks"):
    sys.exit(f"The button was not taken: {status} {where}")
print(link)
