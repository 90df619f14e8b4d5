"""Run in the hub's container: how many tokens, codes and clients its database has.

The hub's API shows a user's tokens alone; what a user who is gone has left, only this does.
"""

import sqlite3
import sys

from hubkit import stack

TABLES = "api_tokens", "oauth_codes", "oauth_clients"

with sqlite3.connect(stack.DATABASE.removeprefix("sqlite:///")) as database:
    counts = [f"SELECT count(*) FROM {table}" for table in TABLES]  # noqa: S608 (our own)
    sys.stdout.write(str(sum(database.execute(one).fetchone()[0] for one in counts)))
