"""Somebody signs once on a demo of a package: sign_once.py FOLDER [COMMAND]. Run by the Python of a bare Debian."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from urllib.parse import urlencode

ADDRESS = "http://127.0.0.1:8011"
COMMAND = sys.argv[2] if len(sys.argv) > 2 else "/opt/petition/.venv/bin/petition"


def _open(path: str, form: "dict[str, str] | None" = None) -> str:
    data = None if form is None else urlencode(form).encode()
    asked = urllib.request.Request(f"{ADDRESS}{path}", data, {"Sec-Fetch-Site": "same-origin"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return f"{answer.url}\n{answer.read().decode()}"


def _wait(path: str, pattern: str) -> str:
    for _ in range(480):
        try:
            if found := re.search(pattern, _open(path)):
                return found[0]
        except OSError:
            pass
        time.sleep(0.25)
    raise SystemExit(f"Two minutes without {pattern} at {path}.")


environment = {**os.environ, "PETITION_MODE": "demo", "PETITION_VAR": sys.argv[1]}
environment["PETITION_OUTBOX_KEYS"] = f"{sys.argv[1]}/keys"
server = subprocess.Popen([COMMAND, "serve", "--port", "8011"], env=environment, cwd="/")
try:
    _wait("/pl/", "Białorusi")
    _open("/en/sign", {"email": "anna@example.net", "country": "PL", "consent": "on"})
    link = _wait("/dev/outbox", r"/en/confirm/[\w.-]+")
    if not _open(link, {}).startswith(f"{ADDRESS}/en/thanks"):
        raise SystemExit("The button was not taken.")
finally:
    server.terminate()
    server.wait()
told = subprocess.run([COMMAND, "audit"], env=environment, cwd="/", capture_output=True, text=True, check=False)
sys.exit(0 if told.stdout == "All numbers agree.\n" else told.stdout + told.stderr)
