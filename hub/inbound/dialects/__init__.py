"""The dialects that the core speaks, one file each."""

from __future__ import annotations

from hub.inbound.dialects.flowtrux import FLOWTRUX
from hub.inbound.dialects.tracecat import TRACECAT
from hub.inbound.dialects.vectense import VECTENSE
from hub.inbound.dialects.vibeiq import VIBEIQ
from hub.sdk.dialect import Dialect

__all__ = ["CORE_DIALECTS"]

CORE_DIALECTS: tuple[Dialect, ...] = (TRACECAT, FLOWTRUX, VECTENSE, VIBEIQ)
