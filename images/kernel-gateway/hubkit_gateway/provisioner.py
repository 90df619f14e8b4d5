"""Starts a kernel as its user's own Unix account, through jupyter_client's provisioners."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner

from hubkit_gateway.accounts import SHELL, Account

NAME = "hubkit-account"  # the entry point in pyproject.toml
# The shell goes home, because a home lets nobody in but its owner, not even root without
# the capability to override permissions, and `Popen` changes folder before it changes user.
# When memory runs out a kernel shall end and not the gateway, hence the score.
GO_HOME = 'echo 500 >/proc/self/oom_score_adj; cd -- "$0" && exec "$@"'


class AccountProvisioner(LocalProvisioner):
    """A local process of the account that ``start_kernel`` was given.

    The kernel reads a copy of the connection file that is its account's alone. It may
    write to it, as ipykernel does; the gateway goes by its own.
    """

    copy: Path | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Prepare the launch: whose it is, where, and with which environment."""
        account: Account = kwargs.pop("account")
        kwargs["env"] = {**kwargs["env"], **environment(account)}
        launch: dict[str, Any] = await super().pre_launch(**kwargs)
        original = Path(self.parent.connection_file).resolve()
        self.copy = original.with_name(f"own-{original.name}")
        give(self.copy, original.read_bytes(), account)
        command = [word.replace(str(original), str(self.copy)) for word in launch["cmd"]]
        return launch | {
            "cmd": ["/bin/sh", "-c", GO_HOME, str(account.home), *command],
            "user": account.uid,
            "group": account.uid,
            "extra_groups": [],
            "umask": 0o077,
            "cwd": "/",
        }

    async def cleanup(self, restart: bool = False) -> None:
        """Remove the copy, too."""
        await super().cleanup(restart=restart)
        if self.copy and not restart:
            self.copy.unlink(missing_ok=True)


def give(path: Path, content: bytes, account: Account) -> None:
    """Write *content* into a new file of *account* alone, in a folder of root alone."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
        os.fchown(file.fileno(), account.uid, account.uid)


def environment(account: Account) -> dict[str, str]:
    """Return what a login as *account* would set."""
    return {
        "HOME": str(account.home),
        "USER": account.name,
        "LOGNAME": account.name,
        "SHELL": SHELL,
        "LANG": "C.UTF-8",
        "KERNEL_USERNAME": account.user,
    }
