"""Starts the demo departments of a deployment file (`flask sandbox`, `dev.py run`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connectors.deployment import Deployment, Listed, read_deployment
from connectors.shipped import registry
from sandbox.demo_secrets import make_secrets
from sandbox.gateway import NAME, PATH
from sandbox.server import Sandbox, Setting

if TYPE_CHECKING:
    from sandbox.idp import Idp

IDP = "sandbox.idp"  # by name: few who read this module play the platform, and its library takes long to import
DEPLOYMENT = Path(__file__).parent / "departments.yaml"


class NothingToPlay(ValueError):
    """The deployment file lists no department that this sandbox can play; the message has its problems."""

    code = "nothing_to_play"


class PortTaken(NothingToPlay):
    """The port of the sandbox cannot be listened on."""

    code = "port_taken"


def start(deployment: Path, environ: Mapping[str, str], setting: Setting,
          say: Callable[[str], None] = lambda _: None) -> Sandbox:
    """Start every pushed body of `deployment` that stands at the sandbox's own address, making their missing demo
    secrets first (which is told to `say`).

    Only those are played and given secrets, so that real departments may stand in the same file: a secret that nobody
    knows would make every message to them badly signed. The address is `YJS_SANDBOX_URL`, else the one that most bodies
    share. Port 0 in `setting` means that address's own (5100 in the demo). Raises `NothingToPlay`, `PortTaken`.
    """
    found = read_deployment(deployment, environ, registry())
    here = _sandbox_place(found, environ)
    mine = [one for one in found.listed if one.address and _place(one.address) == here]
    if mine:
        found = _with_secrets(mine, deployment, environ, say)
    bodies = [found.bodies[one.id] for one in mine if one.id in found.bodies]
    if here is None or len(bodies) < len(mine):
        raise NothingToPlay("\n".join(map(str, found.errors)) or f"{deployment.name} lists no body that is pushed to")
    if not bodies:
        raise NothingToPlay(f"{deployment.name} 里没有地址在 {here[0]}://{here[1]}:{here[2]} 的单位；"
                            "请核对 YJS_SANDBOX_URL，或把要演示的单位写成 host: sandbox")
    port = setting.port or here[2]
    try:
        setting = replace(setting, port=port, host=_listens_at(here[1], setting.host),
                          gateway=_gateway_secrets(here, environ, say))
        return Sandbox(bodies, setting, _stand_in(here, environ, say))
    except OSError as error:
        raise PortTaken(f"端口 {port} 不能使用（{error.strerror}）；请停掉占用它的程序，"
                        "或用 YJS_SANDBOX_URL 换一个端口，门户和演示部门要写成一样") from error


def _gateway_secrets(here: tuple[str, str, int], environ: Mapping[str, str],
                     say: Callable[[str], None]) -> tuple[str, ...]:
    """The secrets of the message gateway if the portal is to find it here, at `/gateway`; one that is not there yet is
    made."""
    address, file = environ.get("YJS_GATEWAY", ""), environ.get("YJS_GATEWAY_SECRET", "")
    if not file or _place(address) != here or urlsplit(address).path != PATH:
        return ()
    path = Path(file)
    if make_secrets([f"file:{path.name}"], path.parent):
        say(f"made a secret for {NAME} in {path.parent}: played here, nobody else has it")
    return tuple(path.read_text("ascii").split())


def _sandbox_place(found: Deployment, environ: Mapping[str, str]) -> tuple[str, str, int] | None:
    """Where the sandbox listens; None if the file lists no address at all."""
    places = [_place(one.address) for one in found.listed if one.address]
    if not places:
        return None
    named = environ.get("YJS_SANDBOX_URL")
    return _place(named) if named else Counter(places).most_common(1)[0][0]


def _with_secrets(
        mine: Sequence[Listed], deployment: Path, environ: Mapping[str, str], say: Callable[[str], None]) -> Deployment:
    """The deployment once each of `mine` has its secrets and tokens; what had to be made is said."""
    folder = Path(environ.get("YJS_SECRETS") or deployment.parent)
    made = [one.id for one in mine if make_secrets(one.references, folder)]
    if made:
        say(f"made a secret for {', '.join(made)} in {folder}: played here, nobody else has it")
    return read_deployment(deployment, environ, registry())


def _stand_in(here: tuple[str, str, int], environ: Mapping[str, str], say: Callable[[str], None]) -> Idp | None:
    """The stand-in for the identity platform, where YJS_OIDC_ISSUER stands at the sandbox's own address."""
    issuer, reference = environ.get("YJS_OIDC_ISSUER", ""), environ.get("YJS_OIDC_SECRET", "")
    if _place(issuer) != here or not reference.startswith("file:"):
        return None
    path = Path(environ.get("YJS_SECRETS", "")) / Path(reference.removeprefix("file:")).expanduser()
    if make_secrets([f"file:{path.name}"], path.parent):
        say(f"made the secret of the stand-in identity platform in {path}")
    idp = import_module(IDP)
    made: Idp = idp.Idp(issuer, idp.Client(environ.get("YJS_OIDC_CLIENT_ID", ""), path.read_text("utf-8").strip(),
                                           environ.get("YJS_PUBLIC_URL", "")))
    return made


def _listens_at(named: str, otherwise: str) -> str:
    """The address to listen on: the one in `YJS_SANDBOX_URL`, where it is one; a name may be another machine's."""
    try:
        return str(ip_address(named))
    except ValueError:
        return otherwise


def _place(address: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address; the path is the department's own."""
    parts = urlsplit(address)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
