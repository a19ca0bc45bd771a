"""A tiny package, as a wheel, for tests that install something without asking a package index."""

import base64
import hashlib
import zipfile
from pathlib import Path


def write_wheel(folder: Path, version: str) -> Path:
    """A package `tiny` with a module and a console script."""
    path = folder / f"tiny-{version}-py3-none-any.whl"
    path.parent.mkdir(exist_ok=True)
    information = f"tiny-{version}.dist-info"
    files = {
        "tiny.py": f"version = {version!r}\ndef main():\n    print('tiny', version)\n",
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{information}/entry_points.txt": "[console_scripts]\ntiny = tiny:main\n",
    }
    lines = []
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(text)}")
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
        wheel.writestr(f"{information}/RECORD", "\n".join([*lines, f"{information}/RECORD,,", ""]))
    return path
