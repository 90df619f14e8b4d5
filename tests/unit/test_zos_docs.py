"""The page about z/OS: what it has administrators define is whole, and not weak.

That its settings and commands exist is tested in `test_gateway_docs.py`.
"""

from __future__ import annotations

import re
from pathlib import Path

from hubkit.certs import pem

FOLDER = Path(__file__).parents[2] / "docs" / "kernel-gateway"
PAGE = (FOLDER / "zos.md").read_text(encoding="utf-8")
FENCES = re.findall(r"^ *```(\w*)\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
BLOCKS = [text for language, text in FENCES if not language]
[POLICY] = [block for block in BLOCKS if "TTLSRule" in block]


def test_at_tls_admits_new_versions_only():
    """TLS 1.2 and 1.3 are on and every older one is named as off."""
    versions = dict(re.findall(r"^\s*((?:TLS|SSL)v[\d.]+)\s+(On|Off)$", POLICY, re.MULTILINE))

    assert {name for name, state in versions.items() if state == "On"} == {"TLSv1.2", "TLSv1.3"}
    assert versions.keys() == {"SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}
    assert re.search(r"HandshakeRole +ServerWithClientAuth\n", POLICY)
    assert re.search(r"ClientAuthType +SAFCheck\n", POLICY)


def test_at_tls_is_whole():
    """Each statement that is referred to is there, and every brace is closed."""
    there = re.findall(r"^(TTLS\w+) +(\w+)$", POLICY, re.MULTILINE)

    for kind, name in re.findall(r"^\s+(TTLS\w+)Ref +(\w+)$", POLICY, re.MULTILINE):
        assert (kind, name) in there
    assert POLICY.count("{") == POLICY.count("}") == len(there) + 1
    suites = re.search(r"V3CipherSuites4Char +(\w+)", POLICY)[1]
    assert len(suites) % 4 == 0
    assert suites.startswith("13021301")


def test_racf_keys_are_large_enough():
    """No key is smaller than what the import warns of, and each certificate says its size."""
    made = [
        command
        for block in BLOCKS
        for command in re.split(r"\n(?=\S)", block)
        if "GENCERT" in command
    ]
    for command in made:
        size = int(re.search(r" RSA SIZE\((\d+)\)", command)[1])
        assert size >= pem.SMALLEST_RSA

    assert len(made) == 3
    assert sum("ALTNAME(DOMAIN(" in command for command in made) == 1
    assert not re.search("[‘’]", "".join(BLOCKS))  # noqa: RUF001 (RACF takes ' alone)


def test_it_says_what_was_not_tried():
    assert "Nothing on this page was tried on a z/OS machine." in PAGE
