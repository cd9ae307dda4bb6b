"""Which code ran."""

from __future__ import annotations

import hashlib
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
