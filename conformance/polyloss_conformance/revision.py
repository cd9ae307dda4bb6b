"""Which code ran."""

from __future__ import annotations

import hashlib
import subprocess
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("polyloss", "polyloss_backends", "polyloss_conformance")


def revision(packages: tuple[str, ...] = PACKAGES) -> str:
    """The version, with a fingerprint of all Python sources of `packages`: two runs of one revision ran the same code."""
    from polyloss import __version__

    digest = hashlib.sha256()
    for package in packages:
        spec = find_spec(package)
        for root in (spec.submodule_search_locations or ()) if spec else ():
            for file in sorted(Path(root).rglob("*.py")):
                digest.update(f"{package}/{file.relative_to(root).as_posix()}\0".encode() + file.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"


def commit() -> str:
    """The git commit of the checkout that polyloss runs from, ``-dirty`` behind it where files differ; empty outside a checkout."""
    spec = find_spec("polyloss")
    for root in (spec.submodule_search_locations or ()) if spec else ():
        command = ["git", "-C", root, "describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"]
        try:
            tracked = subprocess.run(
                ["git", "-C", root, "ls-files", "--error-unmatch", "__init__.py"], capture_output=True
            )
            if tracked.returncode == 0:
                return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return ""
    return ""
