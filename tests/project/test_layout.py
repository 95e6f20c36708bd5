"""Checks the layout of the code: imports go down, SQL stays in sql/, sizes stay small, every setting is documented."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from petition.core.database import queries
from petition.features import features
from tests import HAS_LOG, ROOT, long_tests

CODE = sorted((ROOT / "petition").rglob("*.py"))
OF_THE_LOG = [f"{file.stem}." for file in (ROOT / "sql/queries/log").glob("*.sql")]  # so the names of its queries begin


def _module(file: Path) -> str:
    return str(file.relative_to(ROOT / "petition").with_suffix(""))


def test_one_module_names_each_library() -> None:
    owners = {
        "databases": "core/database/database",
        "itsdangerous": "core/tokens",
        "aiosmtplib": "mail/smtp",
        "email_validator": "core/email_addresses",
        "webauthn": "organisers/passkeys",
    }
    for library, module in owners.items():
        naming = {_module(f) for f in CODE if re.search(rf"^(import|from) {library}\b", f.read_text("utf-8"), re.M)}
        assert naming == {module}
    starlette = {_module(f) for f in CODE if re.search(r"^(import|from) starlette\b", f.read_text("utf-8"), re.M)}
    served = {module.split("/")[0] for module in starlette}
    assert served - {feature.name for feature in features()} == {"web"}


def test_sql_stays_in_its_folder() -> None:
    statement = re.compile(r"\b(select .+ from|insert into|delete from|update \w+ set|create table)\b", re.I)
    allowed = {"core/database/connection"}  # backup passes the names of tables to stream_rows() and insert_rows()
    allowed |= {"retention/older_backup"}  # the tables of an older schema, in a database of its own
    found = {_module(f) for f in CODE if statement.search(re.sub(r'""".*?"""', "", f.read_text("utf-8"), flags=re.S))}
    assert found <= allowed


def test_every_query_is_used_and_has_no_quoted_colon() -> None:
    code = "".join(f.read_text("utf-8") for f in CODE)
    elsewhere = ("reorder.recent_", *(() if HAS_LOG else OF_THE_LOG))
    for dialect in ("sqlite", "postgresql"):
        for name, sql in queries.queries(dialect).items():
            assert f'"{name}"' in code or name.startswith(elsewhere), name
            assert not [literal for literal in re.findall(r"'[^']*'", sql) if re.search(":[a-z]", literal)], name


def _functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for file in CODE:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield file, node


def _size(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def test_functions_and_modules_stay_small() -> None:
    sizes = [_size(node) for _, node in _functions()]
    assert median(sizes) <= 8
    long = [(f.name, n.name, _size(n)) for f, n in _functions() if _size(n) > (25 if "web" in f.parts else 40)]
    assert [entry for entry in long if entry[1] != "routes"] == []  # the list of routes is data
    assert [f.name for f in CODE if f.read_text("utf-8").count("\n") > 280] == []


def test_folders_have_a_door_and_modules_a_first_sentence() -> None:
    assert [str(f) for f in CODE if not (ast.get_docstring(ast.parse(f.read_text("utf-8"))) or "").strip()] == []
    doors = [f for f in CODE if f.name == "__init__.py" and f.parent.name != "petition"]
    told = {f.parent.name: ast.get_docstring(ast.parse(f.read_text("utf-8"))) or "" for f in doors}
    assert [name for name, text in told.items() if "Offers: " not in text or "May import: " not in text] == []


def test_every_setting_is_documented() -> None:
    code = "".join(f.read_text("utf-8") for f in CODE)
    named = {name.removesuffix("_FILE") for name in re.findall(r'"(PETITION_(?!SERVE_|TEST_)[A-Z_]+)"', code)}
    assert named == set(re.findall(r"^\| `(PETITION_[A-Z_]+)`", (ROOT / "README.md").read_text("utf-8"), re.M))


def test_nothing_of_a_machine_is_in_the_tree() -> None:
    words = re.compile(r"/(root|home/\w+)/|BEGIN [A-Z ]*PRIVATE KEY|AGE-SECRET-KEY-1[A-Z0-9]{20}")
    folders = ("petition", "templates", "static", "sql", "tests", "docs")
    kinds = {".py", ".md", ".toml", ".html", ".txt", ".sql", ".css", ".lock", ".typ", ".po"}
    files = [f for folder in folders for f in (ROOT / folder).rglob("*") if f.suffix in kinds]
    assert [f for f in files if f.name != "test_layout.py" and words.search(f.read_text("utf-8"))] == []


def test_the_top_level_is_what_was_agreed() -> None:
    import subprocess

    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    top = {line.split("/")[0] for line in tracked.splitlines()}
    fixed = {"pyproject.toml", "petition", "templates", "static", "sql", "tests"}
    beside = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "Makefile", "requirements.lock"}
    assert top <= fixed | beside | {".gitignore", "docs", ".ci", "LICENSE"}


# A file in one of our folders, named in a document, comment or docstring; `xx` stands for any language.
NAMED = re.compile(
    r"(?<![\w/.:-])((?:petition|sql|templates|static|tests|docs|core|campaign|tally|protection|mail|signing|organisers"
    r"|letters|retention|web|commands)/[a-z_/]+\.(?:py|sql|md|toml|html))\b"
)
FOLDERS = [ROOT / folder for folder in ("", "petition", "petition/data", "sql/queries", "templates", "tests")]


def test_every_file_that_is_named_exists() -> None:
    texts = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "sql").rglob("*.sql"), *CODE]
    texts += (ROOT / "tests").rglob("*.py")
    named = {(name, text.name) for text in texts for name in NAMED.findall(text.read_text("utf-8"))}
    assert len(named) > 50
    missing = {one for one in named if not any((folder / one[0]).exists() for folder in FOLDERS)}
    assert {name for name, _ in missing if "/xx" not in name and (HAS_LOG or "/log/" not in name)} == set()


def test_every_long_test_exists() -> None:
    for name in long_tests.read():
        file, _, function = name.partition("::")
        if HAS_LOG or not file.startswith("tests/log/"):
            assert f"def {function}(" in (ROOT / file).read_text("utf-8"), f"{name}: take it out of tests/long.txt"
