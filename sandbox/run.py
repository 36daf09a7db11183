"""Starts the demo departments of a deployment file (`flask sandbox`, `dev.py run`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from connectors.base import Body
from connectors.deployment import Deployment, read_deployment
from connectors.shipped import registry
from sandbox.demo_secrets import ensure_secrets
from sandbox.server import Sandbox, Setting

DEPLOYMENT = Path(__file__).parent / "departments.yaml"


class NothingToPlay(ValueError):
    """The deployment file lists no department that this sandbox can play; the message has its problems."""

    code = "nothing_to_play"


def start(deployment: Path, environ: Mapping[str, str], setting: Setting) -> Sandbox:
    """Start every pushed body of `deployment`, making missing demo secrets in `YJS_SECRETS` first.

    Port 0 in `setting` means the port that the file's own addresses name (5100 in the demo). Raises `NothingToPlay`.
    """
    folder = Path(environ.get("YJS_SECRETS") or deployment.parent)
    ensure_secrets(deployment, folder)
    found = read_deployment(deployment, environ, registry())
    bodies = [body for body in found.bodies.values() if body.channel == "push"]
    if found.problems or not bodies:
        raise NothingToPlay("\n".join(map(str, found.problems)) or f"{deployment.name} lists no body that is pushed to")
    port = setting.port or urlsplit(bodies[0].address).port or 0
    return Sandbox(bodies, replace(setting, port=port))


def moved(deployment: Deployment, sandbox: Sandbox) -> Deployment:
    """The same deployment with the addresses of a sandbox that runs on another port."""
    bodies: dict[str, Body] = {
        name: replace(body, address=sandbox.address(name)) if name in sandbox.offices else body
        for name, body in deployment.bodies.items()}
    return Deployment(bodies, deployment.problems)
