"""A relay that hangs, closes connections and refuses at random: every email arrives, or was refused for good."""

import random

from petition.mail import smtp as mail
from tests import relay
from tests.chaos.conftest import Staging, Tell
from tests.chaos.crowd import until
from tests.chaos.moody import Moody
from tests.chaos.reckoning import ask


def test_mail_outlives_a_moody_relay(
    staged: Staging, sqlite_url: str, kills: int, chance: random.Random, tell: Tell
) -> None:
    long = kills >= 100
    rounds, hang = 2 + kills // 20, mail.DIALOGUE_TIMEOUT + 7.5 if long else 1  # so a slow answer takes fifty seconds
    with relay.at_work(Moody(chance, hang)) as moody:
        stage = staged(sqlite_url, relay=moody)
        moody.mood = 0.2
        with stage.crowd.about():
            for _ in range(rounds):
                enough = moody.tricks + 20
                until(lambda enough=enough: moody.tricks > enough, "twenty tricks")  # type: ignore[misc]  # bound now
                stage.later()
            moody.mood = 0
            stage.settle()
        found = stage.reckoning(frozenset(moody.refused))
        codes = {row["code"]: int(row["n"]) for row in ask(sqlite_url, "select code, n from refusals")}
        unheard = stage.crowd.signed - {str(mail["To"]) for mail in moody.mails}
        assert codes.keys() <= {"5.1.1"}, "only what is said of a mailbox gives an email up"
        assert len(unheard) <= sum(codes.values()), "whoever gets no mail is counted"
    tell("a moody relay", f"tricks {moody.tricks}, refused for good {sum(codes.values())}", found)
