"""JupyterLab's own files: where they may be, and which of them never change."""

from __future__ import annotations

import pytest

from hubkit import assets, settings


@pytest.mark.parametrize(
    ("written", "folders"),
    [
        ("auto", assets.USUAL),
        ("off", ()),
        ("/opt/conda/share/jupyter/lab/static/", ("/opt/conda/share/jupyter/lab/static",)),
    ],
)
def test_setting(written, folders):
    found, problems = settings.check({"STATIC_FILES": written})

    assert problems == []
    assert assets.folders(found.static_files) == folders


@pytest.mark.parametrize("written", ["on", "false", "share/lab", "/a/../b", "/a/./b", "/", "//a"])
def test_setting_refused(written):
    found, [problem] = settings.check({"STATIC_FILES": written})

    assert problem.wrong == "must be auto, off, or an absolute path in the image, without '..'."
    assert found.static_files == "auto"


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        ("1014.073326ef5d98db5e.js", True),
        ("0031b1860ea4ad75.woff", True),
        ("main.0123456789abcdef0123.js", True),
        ("vendors-node_modules_a_b-c_js.0123456789abcdef.js", True),
        ("a.0123456789abcdef.js.LICENSE.txt", False),
        ("index.html", False),
        ("style.js", False),
        ("package.json", False),
        ("1014.073326ef.js", False),
        ("073326ef5d98db5e", False),
        ("a/1014.073326ef5d98db5e.js", False),
        (".1014.073326ef5d98db5e.js", False),
        ("1014.073326ef5d98db5e.js\n", False),
    ],
)
def test_names(name, hashed):
    assert assets.is_hashed(name) == hashed
