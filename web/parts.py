"""What the portal is made of: definitions, deployment, keys, sources; read and checked before anything is opened."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial

from cases.calendar_days import work_calendar
from cases.quiet import Quiet
from catalog.check import check
from catalog.dictionary import Role
from catalog.load import load_catalog
from catalog.model import Catalog
from catalog.papers import of_kind
from catalog.reading import kinds_of_paper
from connectors.addresses import address_fault
from connectors.base import Body, Registry
from connectors.clamd import Clamd
from connectors.deployment import Deployment, read_deployment
from connectors.endpoint import OTHERS
from connectors.gateway import gateway_body
from connectors.scanners import BadScanner, NoScanner, Scanner, place_of
from connectors.shipped import registry as shipped
from connectors.signing import BadSecret, secret_bytes
from desk.applicants.places import Places
from desk.desk import Desk
from desk.parties.persons import OWN_ROLES, numbers
from desk.premises import Keep, Premises
from people.oidc.person import RoleFields
from people.oidc.setup import BadSetup, Given, Setup, read_setup
from people.personas import Persona, staff
from settings.values import Settings, unused
from sources.connected import Connected
from sources.samples import PERSONAS, SamplePerson
from sources.shipped import sources as shipped_sources
from store.cipher import Cipher
from store.copies.journal import Journal
from store.engine.opening import Opened, Place, open_store, try_start
from store.errors import StoreError
from store.keys import create_keys, load_keys
from web.check_offices import check_offices
from web.check_sources import check_sources, sources_of, unconnected
from web.wiring import Parts, RefusedStart, refuse_absent

LOG = logging.getLogger("yijianshi.start")
MOST_SECRETS = 2  # the new one and, while it is changed, the one before
LOOKING = 3, 8  # of so many threads so many may wait for sources, as for uploads: the others serve whoever else comes
UNFILED_UPLOADS = 40  # of the largest size, that one person may have


def read_parts(settings: Settings, environ: Mapping[str, str]) -> Parts:
    """Read everything that `settings` names; raises `RefusedStart` with every problem found."""
    loaded = load_catalog(settings.bundles)
    registry = shipped()
    deployment = _deployment(settings, environ, registry)
    catalog = replace(loaded.catalog, offered=settings.offered)
    offices = check_offices(settings, catalog, deployment)
    listed = sources_of(settings, environ)
    sources = shipped_sources(settings.demonstrates,
                              [Connected(one, settings.zone, registry.shown) for one in listed.places])
    doubts = check_sources(settings, catalog, listed, sources)
    _refuse([*_missing(settings, environ), *loaded.problems, *check(catalog), *offices, *doubts])
    for problem in (*deployment.problems, *doubts):  # warnings, or the start were refused
        LOG.warning("%s", problem)
    cipher, place = _cipher(settings), Place(settings.data, settings.database_url)
    parts = Parts(
        catalog=catalog, deployment=deployment, registry=registry,
        open_store=lambda: open_store(place, cipher, LOG.warning),
        make_desk=lambda opened: _desk(settings, parts, opened),
        personas=_personas(settings, catalog, deployment), cookie_key=cipher.index("cookies", "web.cookies"),
        oidc=_oidc(settings, environ, catalog), roles=_roles(catalog), gateway=gateway_of(settings),
        scanner=scanner_of(settings), sources=sources, looked_up_at=listed.bodies,
        unconnected=unconnected(catalog, sources))
    return parts


def start_faults(settings: Settings, environ: Mapping[str, str], catalog: Catalog,
                 deployment: Deployment) -> list[str]:
    """What would refuse a start beside what `catalog.check` and `check_offices` say: settings that are missing, the
    connections, the keys, the store as it stands. Nothing is made, taken or changed."""
    faults = _missing(settings, environ)
    for reads in (partial(_oidc, settings, environ, catalog), partial(scanner_of, settings),
                  partial(gateway_of, settings), partial(_store_refused, settings, deployment)):
        try:
            reads()
        except RefusedStart as refused:
            faults.append(str(refused))
    return faults


def _store_refused(settings: Settings, deployment: Deployment) -> None:
    """`RefusedStart` if keys and store are not fit for each other and for the list of departments."""
    if settings.demonstrates and not settings.key_file.exists():
        return  # the start makes them
    try:
        opened = try_start(Place(settings.data, settings.database_url), _cipher(settings))
        if opened is not None:
            with closing(opened):
                refuse_absent(opened.db, deployment.bodies)
    except StoreError as error:
        raise RefusedStart(error.says) from error


def _oidc(settings: Settings, environ: Mapping[str, str], catalog: Catalog) -> Setup | None:
    """The connection to the identity platform; `RefusedStart` with everything that is wrong with it."""
    given = Given(settings.oidc_issuer, settings.oidc_client_id or "", settings.oidc_secret or "", settings.oidc_label,
                  settings.oidc_scopes, settings.oidc_claims, settings.oidc_level, settings.oidc_ca,
                  settings.public_url, plain=settings.demonstrates, secrets=settings.secrets)
    try:
        return read_setup(given, environ, catalog.fields, {kind: of_kind(kind, "") for kind in kinds_of_paper(catalog)},
                          {role.id for role in _all_roles(catalog)})
    except BadSetup as error:
        raise RefusedStart(f"统一身份认证平台的设置有 {len(error.problems)} 处问题：\n{error}") from error


def _roles(catalog: Catalog) -> tuple[RoleFields, ...]:
    """The roles that whoever signs in may have in any case: holder, agent, legal representative."""
    kinds = {code: one.type for code, one in catalog.fields.items()}
    return tuple(dict.fromkeys(
        RoleFields(role.code, role.id, role.shown, kinds[role.id] == "uscc") for role in _all_roles(catalog)
        if role.code in OWN_ROLES and kinds.get(role.id) in {"citizen_id", "uscc"}))


def _all_roles(catalog: Catalog) -> Iterator[Role]:
    """Those of every bundle, and those that the bundles share."""
    for roles in (catalog.roles, *(catalog.roles_of(bundle) for bundle in catalog.bundles.values())):
        yield from roles.values()


def _deployment(settings: Settings, environ: Mapping[str, str], registry: Registry) -> Deployment:
    if settings.departments is None:
        return Deployment()
    return read_deployment(settings.departments, environ, registry)


def _missing(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """Settings without which nothing can be served, each with what to write; and those that nobody reads."""
    needed = [("YJS_DEPARTMENTS", "请指定部门接入清单，写法见 docs/connecting.zh-CN.md")]
    if not settings.demonstrates:
        needed += [("YJS_KEYS", "正式运行必须指定密钥文件，并放在数据目录之外"),
                   ("YJS_PUBLIC_URL", "正式运行必须写明公众和部门访问本服务的网址，例如 https://yjs.example.gov.cn")]
    lists = [one for one in (settings.departments, settings.sources) if one is not None and one.is_file()]
    referred = " ".join([*(one.read_text("utf-8", "replace") for one in lists), str(settings.oidc_secret)])
    return [*(f"{name} 没有设置；{say}" for name, say in needed if not environ.get(name)), *unused(environ, referred)]


def _refuse(problems: Iterable[object]) -> None:
    """Stop with every error among the problems."""
    errors = [str(problem) for problem in problems if getattr(problem, "level", "error") == "error"]
    if errors:
        raise RefusedStart(f"设置、定义或接入清单有 {len(errors)} 处问题：\n" + "\n".join(errors))


def _cipher(settings: Settings) -> Cipher:
    """The keys; demo and test make their own at the first start."""
    path = settings.key_file
    try:
        if settings.demonstrates and not path.exists():
            create_keys(path)
        return load_keys(path, settings.data)
    except StoreError as error:
        raise RefusedStart(error.says) from error


def gateway_of(settings: Settings) -> Body | None:
    """The city's message gateway, if there is one; `RefusedStart` if its secrets cannot be read, or if nothing could be
    sent to its address, which operators are shown, so that it may hold no login."""
    if settings.gateway is None or settings.gateway_secret is None:
        return None
    if fault := address_fault(settings.gateway):
        raise RefusedStart(f"YJS_GATEWAY：{fault}")
    try:
        if settings.gateway_secret.stat().st_mode & OTHERS:
            LOG.warning("YJS_GATEWAY_SECRET: whoever is on this machine can read %s; run chmod o= on it",
                        settings.gateway_secret)
        secrets = tuple(settings.gateway_secret.read_text("ascii").split())
        for secret in secrets:
            secret_bytes(secret)
    except (OSError, UnicodeDecodeError, BadSecret) as wrong:
        secrets, why = (), str(wrong) if isinstance(wrong, BadSecret) else type(wrong).__name__
    else:
        why = f"{len(secrets)} secrets"
    if not 1 <= len(secrets) <= MOST_SECRETS:
        raise RefusedStart(f"YJS_GATEWAY_SECRET={settings.gateway_secret}："
                           f"里面应有一或两行 whsec_（国密 whsm3_）开头的密钥（{why}）")
    return gateway_body(settings.gateway, secrets)


def scanner_of(settings: Settings) -> Scanner:
    """The virus scanner, or none; `RefusedStart` for what names none. One that does not answer stops no start: uploads
    are kept and wait for it."""
    if settings.scanner == "none":
        return NoScanner()
    try:
        return Clamd(place_of(settings.scanner), anywhere=settings.scanner_anywhere)
    except BadScanner as wrong:
        raise RefusedStart(f"YJS_SCANNER={settings.scanner}：{wrong}") from wrong


def _desk(settings: Settings, parts: Parts, opened: Opened) -> Desk:
    calendar = work_calendar(parts.catalog.calendar.values(), settings.zone)
    return Desk(Premises(
        database=opened.db, vault=opened.vault, catalog=parts.catalog, deployment=parts.deployment,
        calendar=calendar, sources=parts.sources,
        zone=settings.zone, public_url=settings.public_url, embedded=settings.database_url is None,
        keep=Keep(timedelta(days=settings.keep_drafts), timedelta(days=settings.keep_uploads),
                  UNFILED_UPLOADS * settings.upload_limit),
        urges=settings.auto_urge, gateway=settings.gateway is not None, gateway_gets_mobiles=settings.gateway_mobile,
        quiet=Quiet(*settings.quiet_hours, settings.zone), scanner=parts.scanner,
        journal=Journal(settings.journal_file), places=Places(settings.threads * LOOKING[0] // LOOKING[1])))


def _personas(settings: Settings, catalog: Catalog, deployment: Deployment) -> tuple[Persona, ...]:
    """The sample persons of demo and test; none in production."""
    if not settings.demonstrates:
        return ()
    applicants = tuple(Persona(one.id, one.name, "applicant", note=one.note, details=one.details,
                               number=_own_number(catalog, one)) for one in PERSONAS)
    return applicants + staff({body.id: body.name or body.id for body in deployment.bodies.values()})


def _own_number(catalog: Catalog, one: SamplePerson) -> str:
    """The number of a sample person who is there for themself, and not for an organisation."""
    for_a_body = any(role.body and role.id in one.details for role in _roles(catalog))
    return "" if for_a_body else next(iter(numbers(catalog, one.name, one.details, "citizen_id")), "")
