"""Delivery by a process of its own."""

import signal
import subprocess
import sys

from tests import ROOT
from tests.relay import Relay
from tests.shell import Shell, post_form, serving, wait_for


def test_mail_can_be_delivered_by_a_process_of_its_own(shell: Shell, smtp: Relay) -> None:
    shell.environment["PETITION_SMTP_URL"] = smtp.url
    with serving(shell, "--no-deliver") as (address, _):
        post_form(f"{address}/en/sign", email="anna@example.net", country="PL", consent="on")
        assert smtp.mails == []
        deliverer = subprocess.Popen([sys.executable, "-m", "petition", "deliver"], cwd=ROOT, env=shell.environment)
        try:
            wait_for(lambda: len(smtp.mails) == 1)
        finally:
            deliverer.send_signal(signal.SIGTERM)
        assert deliverer.wait(timeout=30) == 0
