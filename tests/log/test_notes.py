"""Signed notes: the examples of the specifications, keys, and every way in which a note can be wrong."""

from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.log import note_keys, notes
from petition.log.errors import LogError
from petition.log.note_keys import LogKey
from petition.log.notes import Head
from tests.log.samples import KEY, ORIGIN, WITNESS

# From c2sp.org/signed-note.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYj"
    "OBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
HEAD = Head(ORIGIN, 9250, bytes(range(32)))
NOTE = notes.sign_head(HEAD, [KEY])
COSIGNED = notes.cosign(NOTE, WITNESS, 1_790_000_000)


def test_the_example_of_the_specification() -> None:
    opened = notes.open_note(EXAMPLE, [EXAMPLE_KEY])
    assert (opened.text, opened.signed) == ("This is an example message.\n", {"example.com/foo": 0})


def test_a_checkpoint_is_signed_and_cosigned() -> None:
    assert notes.parse_head(notes.head_text(HEAD)) == HEAD
    opened = notes.open_note(COSIGNED, [KEY.vkey, WITNESS.vkey])
    assert notes.parse_head(opened.text) == HEAD
    assert opened.signed == {ORIGIN: 0, "witness.example/w1": 1_790_000_000}
    assert COSIGNED.endswith(opened.lines[WITNESS.vkey])


def test_two_keys_of_one_name_sign_while_one_replaces_the_other() -> None:
    new = note_keys.make_key(ORIGIN)
    note = notes.sign_head(HEAD, [new, KEY])
    for known in ([KEY.vkey], [new.vkey], [KEY.vkey, new.vkey]):
        assert notes.open_note(note, known).times.keys() == set(known)


def test_two_machines_write_the_same_bytes() -> None:
    assert notes.sign_head(HEAD, [LogKey.parse(KEY.secret_text)]) == NOTE


def test_other_signatures_are_ignored() -> None:
    stranger = note_keys.make_key("stranger.example")
    same_name = note_keys.make_key(ORIGIN)
    other_kind = f"— {ORIGIN} {b64encode(b'0000' + bytes(2428)).decode()}\n"  # a signature of ML-DSA-44 is so long
    text = notes.head_text(HEAD)
    note = f"{NOTE}{stranger.sign(text)}{same_name.sign('another text')}{other_kind}"
    assert notes.open_note(note, [KEY.vkey]).signed == {ORIGIN: 0}
    with pytest.raises(LogError, match="None of the known keys"):
        notes.open_note(note, [WITNESS.vkey])


def test_at_least_sixteen_signatures_are_read() -> None:
    keys = [note_keys.make_key(f"w{n}.example", note_keys.WITNESS) for n in range(16)]
    note = NOTE
    for key in keys:
        note = notes.cosign(note, key, 7)
    assert len(notes.open_note(note, [key.vkey for key in keys]).times) == 16


def test_a_wrong_signature_of_a_known_key_refuses_the_note() -> None:
    for changed in (NOTE.replace("9250", "9251"), NOTE.replace(ORIGIN, "other.example/log", 1)):
        with pytest.raises(LogError, match=f"The signature of {ORIGIN} is wrong"):
            notes.open_note(changed, [KEY.vkey])
    wrong = f"{NOTE}{WITNESS.cosign('other', 5)}"
    with pytest.raises(LogError, match="The signature of witness"):
        notes.open_note(wrong, [KEY.vkey, WITNESS.vkey])
    assert notes.open_note(wrong, [KEY.vkey]).signed == {ORIGIN: 0}


@pytest.mark.parametrize("time", [0, 2**63])
def test_an_impossible_time_is_refused(time: int) -> None:
    with pytest.raises(LogError, match="has no possible time"):
        notes.open_note(notes.cosign(NOTE, WITNESS, time), [WITNESS.vkey])


def test_every_changed_byte_is_seen() -> None:
    known = [KEY.vkey, WITNESS.vkey]
    opened, content = notes.open_note(COSIGNED, known), COSIGNED.encode()
    for at in range(len(content)):
        for bit in (1, 128):
            changed = (content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :]).decode("utf-8", "replace")
            try:
                assert notes.open_note(changed, known).times != opened.times
            except LogError:
                continue


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        NOTE.rstrip("\n"),
        NOTE.replace("\n\n", "\n"),
        NOTE + "\n",
        NOTE + "— \n",
        NOTE + "- name AAAAAAAA\n",
        NOTE + "— name\n",
        NOTE + "— name AAAA\n",
        NOTE + "— na+me AAAAAAAA\n",
        NOTE + "— na\u00a0me AAAAAAAA\n",
        NOTE + "— name AAAAAA==AA\n",
        NOTE + "— name AAAAAAB=\n",
        "\r" + NOTE,
        "a\x00" + NOTE,
        NOTE + "— name AAAAAAAA\n" * 10_000,
    ],
)
def test_other_texts_are_no_note(note: str) -> None:
    with pytest.raises(LogError):
        notes.open_note(note, [KEY.vkey])


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a\n",
            "a\n1\n",
            f"a\n01\n{'A' * 43}=\n",
            f"a\n-1\n{'A' * 43}=\n",
            f"a\n1\n{'A' * 43}=",
            f"\n1\n{'A' * 43}=\n",
        ),
        f"a\n{2**63}\n{'A' * 43}=\n",
        "a\n1\nAAAA\n",
        f"a\n1\n{'A' * 43}\n",
        f"a\n1\n{'A' * 42}B=\n",
        f"a\n1\n{'A' * 43}=\n\n",
    ],
)
def test_other_texts_are_no_checkpoint(text: str) -> None:
    with pytest.raises(LogError):
        notes.parse_head(text)


def test_a_log_does_not_cosign_and_a_witness_signs_no_head() -> None:
    with pytest.raises(LogError, match="has the key of a log"):
        notes.cosign(NOTE, KEY, 7)
    with pytest.raises(LogError, match="has the key of a witness"):
        notes.sign_head(HEAD, [WITNESS])


def test_lines_that_a_log_adds_to_its_checkpoint_are_allowed() -> None:
    assert notes.parse_head(f"{notes.head_text(HEAD)}more\n") == HEAD


def test_a_key_reads_back() -> None:
    for key in (KEY, WITNESS):
        assert LogKey.parse(f"{key.secret_text}\n").vkey == key.vkey
        assert note_keys.parse_vkey(key.vkey).text == key.vkey
        assert note_keys.parse_vkey(key.vkey).kind == key.kind


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b", "a" * 256, "\ud800"])
def test_some_names_are_no_names(name: str) -> None:
    with pytest.raises(LogError, match="name of a key"):
        note_keys.make_key(name)


def test_a_damaged_key_is_refused_and_not_shown() -> None:
    secret = KEY.secret_text
    wrong = ["", secret[:-4], secret.replace("PRIVATE", "PUBLIC"), secret.replace(ORIGIN, "other"), KEY.vkey]
    wrong.append(secret[:-8] + ("AAAA" if secret[-8:-4] != "AAAA" else "BBBB") + secret[-4:])
    for text in wrong:
        with pytest.raises(LogError) as raised:
            LogKey.parse(text)
        assert secret.split("+", 4)[4][:20] not in str(raised.value)
    for text in ("", "a+b", secret, KEY.vkey[:-4], KEY.vkey.replace(ORIGIN, "other"), f"a+00000000+{'A' * 40}"):
        with pytest.raises(LogError):
            note_keys.parse_vkey(text)
    assert len(b64decode(secret.split("+", 4)[4])) == 33


def test_a_key_under_which_anybody_signs_is_refused() -> None:
    """Of such a point a signature for any text can be made up, so two heads would prove nothing against the log."""
    order_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
    p, d = 2**255 - 19, -121665 * pow(121666, -1, 2**255 - 19)
    x2 = (order_8**2 - 1) * pow(d * order_8**2 + 1, -1, p) % p
    assert (-x2) % p == order_8**2 % p, "x² = -y²: twice this point has y = 0"
    for y in (0, 1, p - 1, p, p + 1, order_8, p - order_8):
        for sign in (0, 1 << 255):
            key = note_keys.VerifierKey(ORIGIN, note_keys.LOG, (y | sign).to_bytes(32, "little"))
            with pytest.raises(LogError, match="under which anybody can sign"):
                note_keys.parse_vkey(key.text)


@given(st.text() | st.text("\n—A+= w1").map(lambda text: NOTE + text))
def test_any_text_is_opened_or_refused(note: str) -> None:
    try:
        opened = notes.open_note(note, [KEY.vkey, WITNESS.vkey])
    except LogError:
        return
    assert notes.open_note(f"{opened.text}\n{''.join(opened.lines.values())}", [KEY.vkey]).text == opened.text
    try:
        head = notes.parse_head(opened.text)
    except LogError:
        return
    assert opened.text.startswith(notes.head_text(head))


@given(st.text(), st.sampled_from([KEY.vkey, KEY.secret_text]))
def test_any_text_is_a_key_or_is_refused(text: str, right: str) -> None:
    for one in (text, right + text, text + right):
        for parse in (note_keys.parse_vkey, LogKey.parse):
            try:
                parse(one)
            except LogError:
                continue
            assert one.strip() == right
