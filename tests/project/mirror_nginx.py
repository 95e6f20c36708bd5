"""The shipped nginx of a mirror, before a folder of this machine. The tests change only names, ports and paths."""

import re
from pathlib import Path

from tests import ROOT
from tests.project.nginx import NAME, Nginx

MIRROR = ROOT / "docs" / "deploy" / "mirror"


class MirrorNginx(Nginx):
    """It serves `pages`."""

    def __init__(self, folder: Path, pages: Path) -> None:
        self._pages = pages
        super().__init__(folder, 0)

    def _site(self, application: int) -> str:
        del application  # it has none
        text = (MIRROR / "nginx.conf").read_text("utf-8").replace("mirror.example", NAME)
        text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.M)  # this machine may have no IPv6
        text = text.replace("listen 80", f"listen 127.0.0.1:{self.clear}")
        text = text.replace("listen 443", f"listen 127.0.0.1:{self.port}")
        text = text.replace(f"/etc/letsencrypt/live/{NAME}/", f"{self.folder}/")
        return text.replace("/var/www/petition-mirror", str(self._pages))
