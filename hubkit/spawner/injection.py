"""What is placed into a created container so that any image's server starts sooner."""

from __future__ import annotations

import functools
from importlib import resources

from hubkit.spawner.archives import Entry, packed

FOLDER = "/opt/hubkit"
WAIT = "HUBKIT_WAIT"  # "1": import the server's modules, then wait for an identity
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # Docker's own
WRAPPER = "jupyterhub-singleuser"
PACKAGE = "hubkit/launcher"  # the launched files' own name, so that they find each other


@functools.cache
def archive() -> bytes:
    """Return a tar archive to be put at "/": `FOLDER` and all in it, owned by root."""
    own = resources.files("hubkit.launcher")
    files = {
        f"bin/{WRAPPER}": (own / f"{WRAPPER}.sh").read_bytes(),
        "etc/jupyter_server_config.d/hubkit.json": (own / "hubkit.json").read_bytes(),
        "hubkit/__init__.py": b"",
    }
    for source in own.iterdir():
        if source.name.endswith(".py"):
            files[f"{PACKAGE}/{source.name}"] = source.read_bytes()
    folders = {folder for name in files for folder in _above(f"{FOLDER.strip('/')}/{name}")}
    inside = {f"{FOLDER.strip('/')}/{name}": content for name, content in files.items()}
    folders = {folder for name in inside for folder in _above(name)} - {"opt"}
    return packed(
        [
            *(Entry(folder, 0o755) for folder in sorted(folders)),
            *(Entry(name, _mode(name), inside[name]) for name in sorted(inside)),
        ]
    )


def environment(image_env: list[str]) -> dict[str, str]:
    """Return the variables that let an image find the launcher first.

    Args:
        image_env: The image's own, as `inspect_image` shows them: `["PATH=/usr/bin", …]`.
    """
    own = dict(line.partition("=")[::2] for line in image_env)
    return {"PATH": f"{FOLDER}/bin:{own.get('PATH') or DEFAULT_PATH}"}


def _above(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[: at + 1]) for at in range(len(parts))]


def _mode(name: str) -> int:
    return 0o755 if name.endswith(f"bin/{WRAPPER}") else 0o644
