"""What is placed into a created container so that any image's server starts sooner."""

from __future__ import annotations

import functools
import io
import tarfile
from importlib import resources

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
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for folder in sorted(folders - {"opt"}):
            tar.addfile(_entry(folder, tarfile.DIRTYPE, 0o755))
        for name in sorted(files):
            mode = 0o755 if name.startswith("bin/") else 0o644
            entry = _entry(f"{FOLDER.strip('/')}/{name}", tarfile.REGTYPE, mode)
            entry.size = len(files[name])
            tar.addfile(entry, io.BytesIO(files[name]))
    return written.getvalue()


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


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = kind, mode
    return entry
