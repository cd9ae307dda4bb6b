"""The command ``polyloss``: a group of commands that other packages register in the entry-point group ``polyloss.commands``."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

GROUP = "polyloss.commands"
_EXTRA = "pip install 'polyloss-suite[conformance]'"


def main() -> None:
    """Run the command that the command line names."""
    try:
        import click
    except ImportError:
        print(f"polyloss: the command line needs more than the library does: {_EXTRA}", file=sys.stderr)
        sys.exit(2)

    class Commands(click.Group):
        """Loads a command when it is asked for."""

        def list_commands(self, ctx: click.Context) -> list[str]:
            return sorted(entry.name for entry in entry_points(group=GROUP))

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            for entry in entry_points(group=GROUP, name=cmd_name):
                try:
                    command: click.Command = entry.load()
                except ImportError as error:
                    raise click.ClickException(f"{cmd_name} cannot start: {error}. Install it with {_EXTRA}") from None
                return command
            return None

    @click.group(cls=Commands)
    @click.version_option(package_name="polyloss-suite", prog_name="polyloss")
    def polyloss() -> None:
        """Loss functions that keep their meaning across frameworks, and the suite that proves it."""

    polyloss(prog_name="polyloss")
