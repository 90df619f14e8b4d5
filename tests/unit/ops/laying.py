"""What is laid out, as its tests look at it."""

from __future__ import annotations


def contents(folder):
    """Return the path and content of every file under *folder*."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def server(layout):
    """Put what the stack's kernel gateway needs into secrets/, and more beside it."""
    for name in ("kernel-gateway", "elsewhere"):
        folder = layout.secrets / "gateway-ca" / "servers" / name
        folder.mkdir(parents=True)
        for file in ("key.pem", "cert.pem", "client-ca.pem", "crl.pem", "note"):
            (folder / file).write_text(f"{name} {file}")
    (layout.secrets / "gateway-ca" / "ca.key").write_text("the authority")


def person(layout, name, text):
    folder = layout.secrets / "gateway" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "key.pem").write_text(text)
