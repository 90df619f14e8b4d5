"""DATABASE_URL: a real PostgreSQL server instead of SQLite."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.person import Person
from tests.support import Stack, run, until

pytestmark = pytest.mark.docker

DOCKERFILE = """\
FROM hubkit-base
RUN apt-get update && apt-get install -y --no-install-recommends postgresql
USER postgres
ENV PATH=/usr/lib/postgresql/17/bin:$PATH
RUN initdb -D /tmp/db --auth-local=trust --auth-host=scram-sha-256 \\
    && echo "host all all all scram-sha-256" >> /tmp/db/pg_hba.conf
CMD ["postgres", "-D", "/tmp/db", "-c", "listen_addresses=*", "-k", "/tmp"]
"""
PASSWORD = "p:a/s@s"
QUOTED = "p%3Aa%2Fs%40s"


@pytest.fixture(scope="module")
def server(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a PostgreSQL server on the control network."""
    folder = tmp_path_factory.mktemp("postgres")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    name = f"{stack.project}-postgres"
    run("docker", "build", "--quiet", "--tag", name, str(folder))
    network = f"{stack.project}-control"
    run("docker", "run", "-d", "--name", name, "--network", network, name)
    sql = f"CREATE ROLE hub LOGIN PASSWORD '{PASSWORD}'"
    psql = ("docker", "exec", name, "psql", "-h", "/tmp", "-c")
    until(lambda: run(*psql, sql, check=False).returncode == 0, 30, "PostgreSQL answers")
    run(*psql, "CREATE DATABASE hub OWNER hub")
    try:
        yield name
    finally:
        run("docker", "rm", "-f", "-v", name)
        run("docker", "image", "rm", name)


@pytest.mark.thorough
def test_the_hub_keeps_its_users_in_postgresql(stack: Stack, server: str):
    """With the URL in a secret file: sign in, start, restart the hub, still there."""
    url = f"postgresql://hub:{QUOTED}@{server}:5432/hub"
    (stack.path / "secrets" / "database-url").write_text(url + "\n")
    (stack.path / "secrets" / "database-url").chmod(0o600)
    name = f"p{uuid.uuid4().hex[:8]}"
    stack.apply(DATABASE_URL_FILE="secrets/database-url")
    try:
        person = Person(stack, name).accept(stack.link(name)).sign_in().start()
        person.write("kept.txt", "1")
        stack.compose("restart", "jupyterhub")
        stack.wait()
        again = Person(stack, name).sign_in()
        assert again.read("kept.txt") == "1"
        again.stop()
        count = "SELECT count(*) FROM users_info"
        psql = run("docker", "exec", server, "psql", "-h", "/tmp", "-tA", "-c", count, "hub")
        assert int(psql.stdout) >= 1
        assert QUOTED not in stack.compose("logs", "--no-color").stdout
        assert QUOTED not in str(stack.inspect(stack.project))
    finally:
        stack.settings.pop("DATABASE_URL_FILE")
        stack.apply()
