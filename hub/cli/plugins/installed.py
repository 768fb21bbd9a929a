"""The installed plugins, for commands that need no running hub."""

from __future__ import annotations

from hub.plugins.host import Plugins

__all__ = ["installed_plugins"]


def installed_plugins() -> Plugins:
    """All plugins of this environment, imported and registered. A broken one does not affect the others."""
    from hub import __version__
    from hub.inbound.dialects import CORE_DIALECTS
    from hub.workflows.actions import CORE_ACTIONS

    found = Plugins(version=__version__, dialects=CORE_DIALECTS, actions=CORE_ACTIONS.values())
    found.load()
    return found
