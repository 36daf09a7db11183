"""What the server and its application must agree on before the application is imported."""

from __future__ import annotations

NAME = "yijianshi"
SOCKET = "portal.sock"


class RefusedStart(RuntimeError):
    """The definitions or the deployment have problems; all of them stand in the message."""

    code = "refused_start"
