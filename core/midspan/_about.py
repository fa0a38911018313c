"""What midspan calls itself: the version stands here and nowhere else.

To ask the distribution's metadata would cost each program 15 ms and 4 MB, for the parser of e-mail in it.
"""

from __future__ import annotations

__all__ = ["USER_AGENT", "VERSION"]

VERSION = "0.1.0"
USER_AGENT = f"midspan/{VERSION}"
