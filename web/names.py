"""What the server and its application must agree on before the application is imported."""

from __future__ import annotations

NAME = "yijianshi"
SOCKET = "portal.sock"
BAD_SETTINGS, REFUSED = 2, 4  # how a start ends that is refused; 4 is gunicorn's of a worker that will never load


class RefusedStart(RuntimeError):
    """The definitions or the deployment have problems; all of them stand in the message."""

    code = "refused_start"
