"""Loss functions that keep their meaning when a model moves between frameworks.

Put ``polyloss.`` in front of the upstream import to say whose semantics a loss has; the tensors of a call say where it runs.
Importing polyloss imports NumPy's types at most, and never a framework.
"""

from polyloss.splitting import parts

__version__ = "0.1.0"

__all__ = ["parts"]
