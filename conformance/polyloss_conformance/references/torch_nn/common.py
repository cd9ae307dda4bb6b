"""What the references of ``torch.nn`` share."""

from __future__ import annotations

from functools import partial

from polyloss_conformance.references.reference import Reference

torch = partial(Reference, module="torch.nn", release="PyTorch 2.13")

REDUCED = r"\ell = \operatorname{mean}_n l_n,\ \sum_n l_n \text{ or } (l_n)_n \qquad "
