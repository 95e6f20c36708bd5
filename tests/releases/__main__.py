"""`python -m tests.releases`: keeps a filled database of the newest schema, and names its migration as released."""

import asyncio
import hashlib
import tempfile

from petition.core.database import migrations
from petition.core.database.database import open_database
from tests.releases import MODE, make


async def _keep() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_database(f"sqlite:///{folder}/petition.db", create=True) as database:
            await migrations.migrate(database, MODE)
            await make(database)
    released = migrations.MIGRATIONS_FOLDER / "RELEASED"
    known = released.read_text("utf-8")
    for file in sorted(migrations.MIGRATIONS_FOLDER.glob("*.sql")):
        if f" {file.name}\n" not in known:
            known += f"{hashlib.sha256(file.read_bytes()).hexdigest()} {file.name}\n"
    released.write_text(known, "utf-8")


asyncio.run(_keep())
