"""petition log verify: an honest site passes, and each lie is found by the step that should find it."""

import hashlib
import json
import random
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from petition.log import note_keys, notes
from petition.log.client import documents
from tests.conftest import Clock
from tests.log.command_line import run
from tests.log.samples import KEY, ORIGIN, SAMPLES, SHA, WITNESS, write_log
from tests.log.story import ANNEX, LETTER, REPLY, Served, Story, sha

OTHER_KEY = note_keys.make_key(ORIGIN)


def test_an_honest_site_passes(url: str, tmp_path: Path) -> None:
    (tmp_path / "letter.pdf").write_bytes(LETTER)
    done = run("verify", url, "--vkey", KEY.vkey, tmp_path / "letter.pdf")
    assert (done.code, done.failures, done.notes) == (0, [], [])
    assert "letter.pdf: logged as letter PL-1 of edition 1 of 2026-11-11, place 113 of 273." in done.out
    assert "/tally.json says what the log says: 2570 at 2026-11-24T00:00Z (entry 272), and 2 countries." in done.out
    assert "4 pages of letters of edition 1 show the log's hashes." in done.out


def test_so_does_a_saved_copy_and_a_copy_of_the_log_alone(folder: Path) -> None:
    assert run("verify", folder, "--vkey", KEY.vkey).code == 0
    done = run("verify", folder / "log", "--vkey", KEY.vkey)
    assert done.code == 0
    assert done.notes == ["This is a copy of the log without the site: what the site's pages say now was not compared."]


def test_without_a_key_from_outside_it_says_what_that_is_worth(url: str) -> None:
    done = run("verify", f"{url}/log/")
    assert done.code == 0
    (note,) = done.notes
    assert note.startswith("The key came from the site itself: this proves nothing against the site.")
    assert "newspaper" in note
    assert KEY.vkey in note


def test_another_key_is_refused_and_the_rest_is_still_checked(folder: Path) -> None:
    done = run("verify", folder, "--vkey", OTHER_KEY.vkey)
    assert done.code == 1
    assert done.failures[0] == "None of the known keys has signed this."
    assert "All 273 entries lead to the tiles" in done.out


def test_every_changed_byte_is_found(told: Story, folder: Path, tmp_path: Path) -> None:
    """In each file of the log and beside it, and in the pages that are compared."""
    rng, unseen = random.Random(20261202), []
    files = [file for file in folder.rglob("*") if file.is_file() and file.name != "vkey"]
    for file in rng.sample(files, 40) + [f for f in files if "tile" in f.parts or f.name == "checkpoint"]:
        content = file.read_bytes()
        at = rng.randrange(len(content))
        if file.suffix == ".html":
            at = content.index(b">") + 1 + rng.randrange(64)
        file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        if run("verify", folder, "--vkey", KEY.vkey).code != 1:
            unseen.append((str(file.relative_to(folder)), at, content[at : at + 1]))
        file.write_bytes(content)
    # What is not compared: names of countries, the header of a table, the end of a line.
    assert {name for name, _, _ in unseen} <= {"tally.json", "history.csv", "history-hours.csv", "governments.json"}
    assert run("verify", folder, "--vkey", KEY.vkey).code == 0


def test_every_missing_file_of_the_log_is_found(folder: Path) -> None:
    for file in [f for f in (folder / "log").rglob("*") if f.is_file()][::7]:
        content = file.read_bytes()
        file.unlink()
        done = run("verify", folder, "--vkey", KEY.vkey)
        kept = file.parent.name != "files" or any(file.name in line for line in done.failures)
        assert done.code == (1 if kept and file.name != "vkey" else 0), file
        file.write_bytes(content)


def test_files_that_may_have_gone_are_not_missed(told: Story, folder: Path) -> None:
    """Countries of six o'clock, noon and evening, after two days."""
    gone = 0
    for entry in told.log[:-30]:
        if entry["kind"] == "release" and "countries" in entry and not entry["at"].endswith("T00:00Z"):
            (folder / f"log/files/{entry['countries']}.json").unlink()
            gone += 1
    assert gone > 50
    assert run("verify", folder, "--vkey", KEY.vkey).code == 0


@pytest.mark.parametrize("saved", [3, 250])
def test_a_fork_is_found_by_who_saved_a_checkpoint(told: Story, folder: Path, tmp_path: Path, saved: int) -> None:
    seen = tmp_path / "heads"
    seen.write_text("".join(Story(log=told.log[:count]).write(tmp_path / "before") for count in (1, saved)))
    done = run("verify", folder, "--vkey", KEY.vkey, "--seen", seen)
    assert done.code == 0
    assert "2 saved checkpoints are extended by this one." in done.out
    told.log[2] = {"kind": "rule", "name": "signing", "value": "stopped"}
    shutil.rmtree(folder)
    told.write(folder)
    assert run("verify", folder, "--vkey", KEY.vkey).code == 0, "without a saved checkpoint nobody sees it"
    done = run("verify", folder, "--vkey", KEY.vkey, "--seen", seen)
    assert done.code == 1
    (failure,) = done.failures
    assert failure.startswith(f"FORK: a signed checkpoint of {saved} entries is not the beginning of this log.")


def test_a_log_that_was_rolled_back_is_found(told: Story, folder: Path, tmp_path: Path) -> None:
    seen = tmp_path / "heads"
    seen.write_text((folder / "log/checkpoint").read_text())
    part = Story(now=told.now, log=told.log[:200])
    part.write(tmp_path / "rolled back")
    done = run("verify", tmp_path / "rolled back/log", "--vkey", KEY.vkey, "--seen", seen)
    assert done.code == 1
    assert any(
        line.startswith("ROLLED BACK: 273 entries were signed before, and now there are 200.") for line in done.failures
    )


def test_saved_texts_that_are_no_checkpoints_prove_nothing(folder: Path, tmp_path: Path) -> None:
    seen = tmp_path / "heads"
    head = (folder / "log/checkpoint").read_text()
    other = write_log(tmp_path / "other", [b"x"], OTHER_KEY)
    foreign = write_log(
        tmp_path / "foreign", [b"x"], note_keys.make_key("other.example/log"), origin="other.example/log"
    )
    seen.write_text(f"{head}<html>busy</html>\n{head}{other}{head}{foreign}")
    done = run("verify", folder, "--vkey", KEY.vkey, "--seen", seen)
    assert done.code == 0
    assert done.notes == ["3 of the saved texts are no checkpoints that this log has signed; they prove nothing."]
    seen.write_text("nothing")
    done = run("verify", folder, "--vkey", KEY.vkey, "--seen", seen)
    assert done.failures == ["There is no checkpoint of this log among those that were saved."]


def test_the_last_run_is_remembered(told: Story, folder: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert run("verify", folder, "--vkey", KEY.vkey, "--state", state).code == 0
    assert state.read_text() == (folder / "log/checkpoint").read_text()
    told.release()
    told.write(folder)
    done = run("verify", folder, "--vkey", KEY.vkey, "--state", state)
    assert "The checkpoint of the last run is extended by this one." in done.out
    before = state.read_text()
    told.log[2] = {"kind": "rule", "name": "signing", "value": "stopped"}
    shutil.rmtree(folder)
    told.write(folder)
    done = run("verify", folder, "--vkey", KEY.vkey, "--state", state)
    assert done.code == 1
    assert "FORK" in done.failures[0]
    assert state.read_text() == before
    told.log[0]["vkey"] = OTHER_KEY.vkey
    told.write(folder, OTHER_KEY)
    done = run("verify", folder, "--state", state)
    assert any("has no checkpoint that a key of this log has signed" in line for line in done.failures)


def test_a_key_that_was_replaced_still_opens_what_it_signed(told: Story, folder: Path, tmp_path: Path) -> None:
    seen = tmp_path / "heads"
    seen.write_text((folder / "log/checkpoint").read_text())
    told.add("key", vkey=OTHER_KEY.vkey, state="added")
    told.add("key", vkey=KEY.vkey, state="retired")
    told.write(folder, OTHER_KEY)
    done = run("verify", folder, "--vkey", OTHER_KEY.vkey, "--seen", seen)
    assert (done.code, done.failures) == (0, [])
    assert run("verify", folder, "--vkey", KEY.vkey).failures[0] == "None of the known keys has signed this."


def test_the_key_must_be_named_in_the_log(told: Story, folder: Path) -> None:
    told.write(folder, OTHER_KEY)
    done = run("verify", folder, "--vkey", OTHER_KEY.vkey)
    assert done.failures == ["The log never names the key that has signed its checkpoint."]


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy"
    file.write_text(f"log {KEY.vkey}\nwitness w {WITNESS.vkey}\nquorum w\n")
    return file


def test_a_policy_asks_for_witnesses(folder: Path, tmp_path: Path, policy: Path) -> None:
    done = run("verify", folder, "--policy", policy)
    sentence = "Too few witnesses of the policy have signed it. A new one gets their signatures later: try again."
    assert done.failures == [sentence]
    checkpoint = folder / "log/checkpoint"
    checkpoint.write_text(notes.cosign(checkpoint.read_text(), WITNESS, 1_790_000_000))
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(LETTER)
    done = run("verify", folder, "--policy", policy, letter)
    assert (done.code, done.notes) == (0, [])
    assert "Enough witnesses of the policy have signed it too." in done.out
    assert "place 113 of 273; cosigned by witness.example/w1 at 2026-09-21 14:13 UTC." in done.out


def test_the_last_cosigned_checkpoint_counts_until_a_new_one_is(
    told: Story, folder: Path, tmp_path: Path, policy: Path
) -> None:
    before, cosigned = Story(log=told.log[:200]).write(tmp_path / "before"), folder / "log/cosigned"
    cosigned.write_text(notes.cosign(before, WITNESS, 7))
    (sentence,) = run("verify", folder, "--policy", policy).failures
    assert sentence.startswith("No witness of the policy has signed anything since 1970-01-01")
    assert sentence.endswith("nobody vouches for the 73 after it.")
    cosigned.write_text(notes.cosign(before, WITNESS, int(time.time()) - 3600))
    done = run("verify", folder, "--policy", policy)
    assert done.code == 0
    assert "Enough witnesses of the policy have signed one of 200 entries, which this one extends" in done.out
    cosigned.write_text(before)
    assert run("verify", folder, "--policy", policy).failures[0].endswith("the one that the site shows as cosigned.")
    told.log[2]["value"] = "paused"
    cosigned.write_text(notes.cosign(Story(log=told.log[:200]).write(tmp_path / "before"), WITNESS, 7))
    assert run("verify", folder, "--policy", policy).failures[0].startswith("FORK")


def test_two_keys_that_the_site_shows_while_one_replaces_the_other(told: Story, folder: Path) -> None:
    told.add("key", vkey=OTHER_KEY.vkey, state="added")
    told.write(folder, OTHER_KEY, KEY)
    (folder / "log/vkey").write_text(f"{OTHER_KEY.vkey}\n{KEY.vkey}\n")
    done = run("verify", folder)
    assert done.code == 0
    assert f"The site says: {OTHER_KEY.vkey} and {KEY.vkey}" in done.notes[0]


def test_the_index_leads_to_the_right_entries(folder: Path) -> None:
    index = folder / "log/index.json"
    right = {sha(LETTER): 112, sha(b"another"): 112, sha(REPLY): 113, sha(ANNEX): 114}
    for content, sentence in (
        (json.dumps(right | {sha(b"newer"): 273}), None),
        (json.dumps(right | {sha(LETTER): 111}), f"The index of documents leads to a wrong entry for {sha(LETTER)}."),
        (
            json.dumps(right | {sha(b"draft"): 112}),
            f"The index of documents leads to a wrong entry for {sha(b'draft')}.",
        ),
        (json.dumps({name: n for name, n in right.items() if n != 113}), f"The index of documents lacks {sha(REPLY)}."),
        ("[]", "The index of documents is no JSON object."),
        ("{", "The index of documents is no JSON object."),
    ):
        index.write_text(content)
        done = run("verify", folder, "--vkey", KEY.vkey)
        assert done.failures == ([sentence] if sentence else [])


def test_silence_is_said(folder: Path, time: Clock) -> None:
    time.moment += timedelta(hours=27)
    done = run("verify", folder, "--vkey", KEY.vkey)
    assert done.code == 0
    assert done.notes == ["The log has nothing new for 27 hours: its last release is of 2026-11-24 00:00 UTC."]


def test_the_end_is_said(told: Story, folder: Path, time: Clock) -> None:
    told.add("end", day="2026-11-24", reason="closed")
    told.write(folder)
    time.moment += timedelta(days=300)
    assert run("verify", folder, "--vkey", KEY.vkey).notes == ["The log says that the campaign has ended."]


Lie = Callable[[Story], None]


def _lower(told: Story) -> None:
    told.release(-60)


def _lower_more_than_withdrawn(told: Story) -> None:
    told.days(5)
    for _ in range(11):
        told.release()
    told.withdraw(20)
    told.log[-1]["total"] -= 40


def _earlier(told: Story) -> None:
    told.log.append(dict(told.log[-1], at="2026-11-20T00:00Z"))


def _letter_again(told: Story) -> None:
    told.add("letter", reference="PL-1", edition=1, day="2026-11-24", sha256=sha(b"another"))


def _edition_again(told: Story) -> None:
    told.issue(1)


def _other_total(told: Story) -> None:
    told.issue(2)
    told.log[-3]["total"] += 10


def _two_logs(told: Story) -> None:
    told.log.append(told.log[0])


def _counts_that_do_not_add_up(told: Story) -> None:
    at, total = told.log[-1]["at"], told.log[-1]["total"]
    told.log[-1]["countries"] = told.keep_json(at=at, total=total, other=0, countries={"PL": 30})


def _counts_of_another_time(told: Story) -> None:
    told.log[-1]["countries"] = told.log[-4]["countries"]


def _counts_of_another_form(told: Story) -> None:
    told.log[-1]["countries"] = told.keep(b"{}")


def _answer_of_another(told: Story) -> None:
    told.answer("DE", "refuses")
    told.log[-1]["key"] = "FR"
    del told.answers["DE"]


@pytest.mark.parametrize(
    ("lie", "sentence"),
    [
        (_lower, "The total falls by 60 at 2026-11-24T02:00Z (entry 273), but the log has reasons for 0."),
        (_lower_more_than_withdrawn, "The total falls by 60 at 2026-11-30T00:00Z"),
        (_earlier, "Entry 273 is a release of 2026-11-20T00:00Z, but entry 272 is of 2026-11-24T00:00Z."),
        (_letter_again, "PL-1 is logged twice: entries 112 and 273."),
        (_edition_again, "Edition 1 (entry 273) comes after edition 1."),
        (_other_total, "Edition 2 has another total than the release of 2026-11-24T00:00Z."),
        (_two_logs, "Entry 273 begins another log in the middle of this one."),
        (_counts_that_do_not_add_up, "The countries of the release of 2026-11-24T00:00Z do not add up to its total."),
        (_counts_of_another_time, "The countries of the release of 2026-11-24T00:00Z are those of another one."),
        (_counts_of_another_form, "The countries of the release of 2026-11-24T00:00Z have a wrong form."),
        (_answer_of_another, "The file with the answer of FR has a wrong form."),
    ],
)
def test_entries_that_an_honest_log_has_not(told: Story, folder: Path, lie: Lie, sentence: str) -> None:
    lie(told)
    told.write(folder)
    done = run("verify", folder, "--vkey", KEY.vkey)
    assert done.code == 1
    assert any(line.startswith(sentence) for line in done.failures), done.out


def test_a_clock_that_was_ahead_is_corrected(told: Story, folder: Path) -> None:
    entry = dict(told.log[-1])
    del entry["countries"]
    told.log.insert(-1, entry | {"at": "2027-01-01T00:00Z"})
    told.log.insert(-1, {"kind": "correction", "at": "2027-01-01T00:00Z", "reason": "clock"})
    told.write(folder)
    done = run("verify", folder, "--vkey", KEY.vkey)
    assert done.code == 0
    total = entry["total"]
    assert done.notes == [
        "The releases from 2027-01-01T00:00Z on (1) were taken back, since a clock was wrong. "
        f"The total was {total}, and is {total} after it."
    ]


@pytest.mark.parametrize(("reason", "code"), [("clock", 1), ("restored", 0)])
def test_only_after_a_restore_a_total_may_be_lower_than_what_is_taken_back(
    told: Story, folder: Path, reason: str, code: int
) -> None:
    entry = dict(told.log[-1])
    del entry["countries"]
    told.log.insert(-1, entry | {"at": "2026-11-23T23:58Z", "total": 99_990})
    told.log.insert(-1, {"kind": "correction", "at": "2026-11-23T23:58Z", "reason": reason})
    told.write(folder)
    done = run("verify", folder, "--vkey", KEY.vkey)
    assert done.code == code
    assert f"The total was 99990, and is {entry['total']} after it." in "".join(done.notes)
    assert any(line.startswith("The total falls by") for line in done.failures) == bool(code)


def test_an_entry_of_an_unknown_kind_is_found(told: Story, tmp_path: Path) -> None:
    content = [b'{"kind":"news","text":"hello"}', b"\x00\x1b[2J", b'{"day":"2026-11-30","kind":"audit","ok":true}']
    write_log(tmp_path / "log", content)
    done = run("verify", tmp_path / "log", "--vkey", KEY.vkey)
    assert done.failures[:2] == [
        "Entry 0: This version knows no entry of the kind 'news'.",
        "Entry 1: This is not canonical JSON (RFC 8785).",
    ]
    assert "\x1b" not in done.out


def _page(name: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        data = json.loads((folder / name).read_text())
        change(data)
        (folder / name).write_text(json.dumps(data))

    return apply


def _replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        text = (folder / name).read_bytes().decode()
        assert old in text
        (folder / name).write_bytes(text.replace(old, new).encode())

    return apply


@pytest.mark.parametrize(
    ("lie", "sentence"),
    [
        (
            _page("tally.json", lambda data: data.update(confirmed=9990)),
            "/tally.json says 9990 at 2026-11-24T00:00Z, and the log says 2570 (entry 272).",
        ),
        (
            _page("tally.json", lambda data: data.update(as_of="2026-11-23T23:50:00Z")),
            "/tally.json says 2570 at 2026-11-23T23:50Z, and the log has no release of that time: its newest is",
        ),
        (
            _page("tally.json", lambda data: data.update(countries=[{"code": "PL", "confirmed": 640}])),
            "/tally.json has other numbers of countries than the log: DE.",
        ),
        (_page("tally.json", lambda data: data.update(countries=[{}])), "/tally.json has another form"),
        (_page("tally.json", lambda data: data.update(as_of=3)), "/tally.json does not say as of when it is."),
        (_replace("tally.json", "{", "["), "/tally.json is no JSON."),
        (_replace("history-hours.csv", ",100\r\n", ",110\r\n"), "/history-hours.csv says 110 at 2026-11-02T20:00Z"),
        (
            _replace("history.csv", "PL,30\r\n", "PL,40\r\n"),
            "/history.csv has other numbers for 2026-11-02 than the log",
        ),
        (_replace("history.csv", "2026-11-02,PL,30\r\n", ""), "/history.csv has other numbers for 2026-11-02"),
        (
            _page("history.json", lambda data: data.update(set_aside=[])),
            "The log has 30 throw-away on 2026-11-12, and /history.json has not.",
        ),
        (
            _page(
                "history.json",
                lambda data: data.update(restored=[{"day": "2026-11-14", "reason": "restored", "signatures": 30}]),
            ),
            "/history.json has 30 restored on 2026-11-14, and the log has not.",
        ),
        (
            _page("tally.json", lambda data: data.update(as_of="2026-11-24T02:06:00Z")),
            "/tally.json says 2570 at 2026-11-24T02:06Z, which has not come yet.",
        ),
        (
            _page("governments.json", lambda data: data["governments"].append({"key": "LT", "stance": "supports"})),
            "/governments.json says other than the log about LT.",
        ),
        (
            _replace("governments.json", '"supports"', '"refuses"'),
            "/governments.json says other than the log about PL.",
        ),
        (_replace("governments.json", "They say yes.", "They say no."), "/governments.json says other than the log"),
        (
            _replace("en/letters/PL-1.html", sha(LETTER)[:9], "0" * 9),
            "/en/letters/PL-1 shows another hash than the log.",
        ),
    ],
)
def test_pages_that_say_other_than_the_log(folder: Path, lie: Callable[[Path], None], sentence: str) -> None:
    lie(folder)
    done = run("verify", folder, "--vkey", KEY.vkey)
    assert done.code == 1
    assert any(line.startswith(sentence) for line in done.failures), done.out


def test_a_release_that_the_log_need_not_have_yet(told: Story, folder: Path, time: Clock) -> None:
    """The log follows ten minutes later; after twenty it is late."""
    told.release()
    told.log.pop()
    told.write(folder)
    time.moment = told.now + timedelta(minutes=9)
    done = run("verify", folder, "--vkey", KEY.vkey)
    assert done.code == 0
    assert done.notes == ["/tally.json says 2580 at 2026-11-24T02:00Z: so new that the log need not have it yet."]
    time.moment = told.now + timedelta(minutes=21)
    assert run("verify", folder, "--vkey", KEY.vkey).code == 1


def test_pages_that_are_not_there_are_said(folder: Path) -> None:
    (folder / "history.csv").unlink()
    shutil.rmtree(folder / "en")
    done = run("verify", folder, "--vkey", KEY.vkey)
    assert done.code == 0
    assert done.notes == [
        "/history.csv is not there, so it was not compared.",
        "/en/letters is not there, so it was not compared.",
    ]


def test_pages_that_are_not_there_on_a_site_are_a_failure_until_its_end(
    told: Story, folder: Path, site: Served
) -> None:
    (folder / "history.csv").unlink()
    done = run("verify", site.url, "--vkey", KEY.vkey)
    assert done.code == 1
    assert "/history.csv is not there, so nobody can compare it with the log." in done.failures
    told.log.append({"kind": "end", "day": "2026-11-24", "reason": "destroyed"})
    told.write(folder)
    (folder / "history.csv").unlink()
    done = run("verify", site.url, "--vkey", KEY.vkey)
    assert done.code == 0
    assert "/history.csv is not there, so it was not compared." in done.notes


def test_what_was_taken_off_and_lost_in_a_restore_is_no_failure(told: Story, folder: Path) -> None:
    gone = {"kind": "removal", "day": "2026-11-23", "reason": "throw-away", "restored": False, "n": 70}
    told.log.insert(-1, gone)
    told.write(folder)
    assert run("verify", folder, "--vkey", KEY.vkey).code == 1
    told.log.insert(-1, {"kind": "correction", "at": "2026-11-23T23:58Z", "reason": "restored"})
    told.write(folder)
    done = run("verify", folder, "--vkey", KEY.vkey)
    assert done.code == 0
    assert done.notes == [
        "/history.json has not what was logged before releases were taken back: 70 throw-away on 2026-11-23."
    ]


def test_documents(folder: Path, told: Story, tmp_path: Path) -> None:
    forged, tally = tmp_path / "forged.pdf", tmp_path / "tally.json"
    forged.write_bytes(LETTER + b"x")
    tally.write_text(json.dumps({"as_of": "2026-11-20T10:00:00Z", "confirmed": 0}))
    early, later = tmp_path / "early.json", tmp_path / "between.json"
    early.write_text(json.dumps({"as_of": "2026-10-20T10:00:00Z", "confirmed": 10}))
    later.write_text(json.dumps({"as_of": "2026-11-20T10:10:00Z", "confirmed": 10}))
    text = next(file for file in (folder / "log/files").iterdir() if b"To all governments" in file.read_bytes())
    words = ["verify", folder, "--vkey", KEY.vkey, forged, tally, early, later, text, folder / "tally.json"]
    done = run(*words)
    assert done.code == 1
    assert done.failures == [
        f"{forged}: it is not in the log. {documents.NOT_LOGGED}",
        f"{tally}: The log says 2140 at 2026-11-20T10:00Z, and this tally says 0.",
        f"{early}: The log has no release of 2026-10-20T10:00Z: it begins later or has not reached it yet.",
        f"{later}: The log has no release of 2026-11-20T10:10Z, but some before and after it.",
    ]
    assert "logged as text of the appeal in the language en, place 2 of 273." in done.out
    assert "the tally of 2026-11-24T00:00Z: 2570 as at place 273." in done.out


def test_every_hash_in_an_entry_is_found() -> None:
    found = {kind: documents.find_places({0: entry}, SHA) for kind, entry in SAMPLES.items()}
    named = {kind for kind, places in found.items() if places}
    assert named == {kind for kind, entry in SAMPLES.items() if SHA in json.dumps(entry)}


def test_nothing_that_can_be_checked(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    for content in (b"", b"\xff", b"hello\n", b"a\n1\nb\n\nc\n"):
        (tmp_path / "log/checkpoint").write_bytes(content)
        done = run("verify", tmp_path, "--vkey", KEY.vkey)
        assert (done.code, len(done.failures)) == (1, 1)
    done = run("verify", tmp_path)
    assert done.failures[0].startswith("There is no key to check the log with: There is no log/vkey")
    done = run("verify", tmp_path / "nothing", "--vkey", KEY.vkey)
    assert "is no address (https://…) and no folder." in done.err
    assert "Name the address of the site" in run("verify").err
    assert run("verify", tmp_path, "--vkey", "hello").err.startswith("This is no public key")


def test_a_log_that_claims_to_be_endless_is_not_read(tmp_path: Path) -> None:
    head = notes.Head(ORIGIN, 2**62, hashlib.sha256(b"").digest())
    (tmp_path / "checkpoint").write_text(notes.sign_head(head, [KEY]))
    done = run("verify", tmp_path, "--vkey", KEY.vkey)
    assert "more than this program reads" in done.failures[0]


def test_a_state_that_cannot_be_kept_is_said(folder: Path, tmp_path: Path) -> None:
    done = run("verify", folder, "--vkey", KEY.vkey, "--state", tmp_path / "no folder/state")
    assert (done.code, len(done.failures)) == (1, 1)
    assert "cannot be written" in done.failures[0]
    done = run("verify", folder, "--vkey", KEY.vkey, "--state", tmp_path)
    assert (done.code, len(done.failures)) == (1, 1)
    assert "cannot be read" in done.failures[0]
