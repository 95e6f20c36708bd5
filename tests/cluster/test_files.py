"""The files of docs/deploy/cluster are read by the programs they are for. Starts nothing that stays."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cluster import engines
from tests.cluster.engines import HAPROXY, SHIPPED
from tests.cluster.network import APPS, DATABASES
from tests.core.database.test_pgbouncer import PROGRAM as PGBOUNCER
from tests.postgres import free_port

LIBRARY = "/usr/bin/python3"  # Debian's Patroni is a library of Debian's Python


@pytest.mark.parametrize("name", ["haproxy.cfg", "leader.cfg"])
def test_haproxy_reads_its_files(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(engines.haproxy_cfg(tmp_path, name), "utf-8")
    done = subprocess.run([HAPROXY, "-c", "-f", tmp_path / name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr


def test_haproxy_repeats_no_form_that_was_sent() -> None:
    text = (SHIPPED / "haproxy.cfg").read_text("utf-8")
    assert re.findall(r"^ *retry-on (.*)$", text, flags=re.M) == ["conn-failure"]
    assert "option httplog" not in text
    assert not re.search(r"^ *log ", text, flags=re.M)
    assert "forwardfor" not in text


@pytest.mark.parametrize("name", list(DATABASES))
def test_patroni_reads_its_file(name: str, tmp_path: Path) -> None:
    text = engines.patroni_yml(tmp_path, name)
    (tmp_path / "patroni.yml").write_text(text, "utf-8")
    load = "import sys; from patroni.config import Config; print(Config(sys.argv[1])['name'])"
    done = subprocess.run(
        [LIBRARY, "-I", "-c", load, tmp_path / "patroni.yml"], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == name, done.stderr
    own = [line for line in text.splitlines() if re.search(r"^ +(listen|connect_address):", line)]
    assert len(own) == 4
    assert all(DATABASES[name] in line for line in own)


def test_each_etcd_has_its_own_addresses_and_knows_all(tmp_path: Path) -> None:
    for name, address in DATABASES.items():
        found = engines.etcd_environment(tmp_path, name)
        assert found["ETCD_LISTEN_CLIENT_URLS"] == f"http://{address}:2379"
        assert found["ETCD_INITIAL_CLUSTER"] == ",".join(f"{n}=http://{a}:2380" for n, a in DATABASES.items())


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_pgbouncer_starts_with_its_files(mode: str, tmp_path: Path) -> None:
    """It starts with any that it can read. It takes a comment behind a value as a part of the value, and stops."""
    file, users = tmp_path / "pgbouncer.ini", tmp_path / "userlist.txt"
    file.write_text(engines.pgbouncer_ini(tmp_path, mode).replace("6432", str(free_port())), "utf-8")
    users.write_text('"petition" "CHANGE-petition"\n', "utf-8")
    account = ["-u", "postgres"] if os.geteuid() == 0 else []
    started = subprocess.Popen([PGBOUNCER, *account, file], stderr=subprocess.PIPE, text=True)
    assert started.stderr is not None
    said = ""
    while "process up" not in said and (line := started.stderr.readline()):
        said += line
    started.terminate()
    said += started.communicate(timeout=60)[1]
    assert "process up" in said
    assert not re.search("ERROR|FATAL|WARNING", said), said


def test_one_app_machine_is_named_everywhere_alike() -> None:
    text = (SHIPPED / "haproxy.cfg").read_text("utf-8")
    for name, address in APPS.items():
        assert f"server {name} {address}:8000 check" in text
        assert name in (SHIPPED / "README.md").read_text("utf-8")


def test_the_script_is_well_formed() -> None:
    assert shutil.which("sh")
    subprocess.run(["sh", "-n", SHIPPED / "take-out.sh"], check=True)
    assert os.access(SHIPPED / "take-out.sh", os.X_OK)


def test_the_guide_names_every_file() -> None:
    text = (SHIPPED / "README.md").read_text("utf-8")
    assert [file.name for file in SHIPPED.iterdir() if file.name != "README.md" and f"`{file.name}`" not in text] == []
