"""Letters as files."""

from pathlib import Path

from tests.shell import Shell


def test_letters_without_a_browser(shell: Shell, tmp_path: Path) -> None:
    shell.fine("demo", "--signatures", "500")
    shell.fine("letters", "--output", str(tmp_path / "some"), "PL", "BE-fr", "BE", "eu-commission")
    written = sorted(file.name for file in (tmp_path / "some").iterdir())
    assert written == ["BE-fr.pdf", "BE-nl.pdf", "PL.pdf", "eu-commission.pdf"]
    assert "no addressee" in shell.fails("letters", "--output", str(tmp_path / "some"), "XX")
    (tmp_path / "file").touch()
    assert "cannot be written" in shell.fails("letters", "--output", str(tmp_path / "file"), "PL")
