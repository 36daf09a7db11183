"""`flask check`, `plan`, `figures`, `sheet`, `due`: what files come to; only `check --open-legs` reads the store."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import click

from cases.calendar_days import work_calendar
from cases.clock import as_json as due_json
from cases.clock import explain
from cases.errors import CaseError
from cases.instants import read_instant, read_pause
from catalog.assemble import Loaded
from catalog.edition import edition_of
from catalog.limits import BadLimit, parse_limit
from catalog.load import load_catalog
from catalog.model import Catalog
from catalog.nodes import read_text
from catalog.report import by_weight, found_in, report_lines
from catalog.text import Place, Problem
from commands.shell import JSON, beside, definitions, minute, read_settings, stop
from connectors.deployment import Deployment, read_deployment
from connectors.shipped import registry
from desk.upkeep.expiring import NAMES, certificates, soon
from desk.upkeep.offices import absent, advice
from forms.compose import compose
from forms.errors import FormsError
from forms.figures import figures_json
from forms.plan import Plan
from forms.shown.plan_text import plan_lines, pledge_texts
from forms.shown.public import plan_json
from forms.shown.sheet import sheet_lines, sheet_of
from forms.trials.explore import explore
from settings.clock import Clock
from settings.values import Settings
from sources.connected import Connected
from sources.file import SourceList
from sources.shipped import sources
from web.check_offices import check_offices
from web.check_sources import check_sources, sources_of
from web.names import REFUSED
from web.parts import start_faults


def _today(settings: Settings) -> date:
    return Clock(settings.clock_file).now().astimezone(settings.zone).date()


class _Found(NamedTuple):
    """Every problem of the definitions and of the lists of departments and sources, the gravest first; whether a file
    could not be read, so that more may be wrong than is known; and whether a start is refused for one of them: it
    explores nothing."""

    problems: list[Problem]
    unread: bool
    refuses: bool


def _problems(settings: Settings, loaded: Loaded, deployment: Deployment, listed: SourceList) -> _Found:
    found, explored = found_in(loaded, _today(settings)), list[Problem]()
    if not _has_errors(found):
        for bundle in loaded.catalog.bundles:
            explored += explore(loaded.catalog, bundle, _today(settings))
    if settings.departments is not None and not loaded.unread:
        found += check_offices(settings, loaded.catalog, deployment)
    if (settings.departments or settings.sources) is not None and not loaded.unread:
        found += check_sources(settings, loaded.catalog, listed, sources(
            settings.demonstrates, [Connected(one, settings.zone) for one in listed.places]))
    return _Found(by_weight([*found, *explored]), bool(loaded.unread), _has_errors(found))


def _has_errors(problems: Iterable[Problem]) -> bool:
    return any(problem.level == "error" for problem in problems)


@click.command()
@JSON
@click.option("--open-legs", is_flag=True, help="Also whether the department list has every office with open legs; "
              "only this reads the store, beside the portal.")
@click.option("--start", "starts", is_flag=True, help="Also whatever else would refuse a start with these settings: "
              "what is missing, connections, keys, the store, beside the portal; exit 4 if it would be refused.")
def check(*, as_json: bool, open_legs: bool, starts: bool) -> None:
    """Check all definitions, departments and sources; every problem at once, exit 1 if there is an error."""
    settings, loaded = read_settings(), load_catalog(read_settings().bundles)
    listed = Deployment() if settings.departments is None else read_deployment(
        settings.departments, os.environ, registry())
    looked_up_at = sources_of(settings, os.environ)
    found, unread, refuses = _problems(settings, loaded, listed, looked_up_at)
    refused = _refused(settings, loaded, listed) if starts else []
    found += [*_ending(settings, listed, looked_up_at), *(_absent(settings, listed) if open_legs else ()), *refused]
    if as_json:
        click.echo(json.dumps([{"file": p.place.file, "line": p.place.line, "level": p.level, "code": p.code,
                                "message": p.message} for p in found], ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(report_lines(found, unread)))
    sys.exit(REFUSED if starts and (refuses or refused) else int(_has_errors(found)))


def _refused(settings: Settings, loaded: Loaded, listed: Deployment) -> list[Problem]:
    """What would refuse a start though definitions and list are right."""
    return [Problem(Place("start", 1), "start_refused", says)
            for says in start_faults(settings, os.environ, loaded.catalog, listed)]


def _ending(settings: Settings, listed: Deployment, looked_up_at: SourceList) -> list[Problem]:
    """The certificates in files of the two lists that are over, or will be within a month."""
    now = Clock(settings.clock_file).now()
    at = {name: Place(str(settings.sources), line) for name, line in looked_up_at.lines.items()}
    at |= {one.id: Place(str(settings.departments), one.line) for one in listed.listed}
    return [Problem(at[one.of], "certificate_ends",
                    f"{one.of}：{NAMES[one.what]}{'已于' if one.at <= now else '将于'} "
                    f"{minute(one.at, settings.zone)} 到期，请换新的文件", "warning")
            for one in soon(certificates(registry(), [*looked_up_at.bodies, *listed.bodies.values()]), now)]


def _absent(settings: Settings, listed: Deployment) -> list[Problem]:
    """What is to be done about offices that have open legs and are not in the list."""
    with beside() as opened:
        missing = absent(opened.db, listed.bodies)
    return [Problem(Place(str(settings.departments), 1), "office_missing", advice(missing))] if missing else []


def _situation(catalog: Catalog, bundle: str, file: Path | None) -> Mapping[str, Any]:
    if file is None:
        known = catalog.bundles.get(bundle)
        return known.figures if known else {}
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        stop(f"情形文件 {file} 的文字编码不是 UTF-8；请另存为 UTF-8")
    except OSError:
        stop(f"读不到情形文件 {file}；请核对路径，文件要存在并且可读")
    situation = _answers(str(file), text)
    if not isinstance(situation, dict):
        stop(f"情形文件 {file} 里要写「问题: 回答」，例如 {{services: [water], filer: self}}")
    return situation


def _answers(file: str, text: str) -> Any:
    """Answers as JSON, or written as in a bundle's `figures:`."""
    try:
        return json.loads(text)
    except ValueError:
        read = read_text(file, text)
    if read.node is None or read.problems:
        stop("\n".join(map(str, read.problems)) or f"情形文件 {file} 是空的；请写上回答，例如 {{filer: self}}")
    return read.node.plain()


def _composed(bundle: str, file: Path | None) -> tuple[Plan, Catalog]:
    settings = read_settings()
    catalog = definitions(settings)
    try:
        situation = _situation(catalog, bundle, file)
        edition = edition_of(catalog, bundle).hash if bundle in catalog.bundles else ""
        return compose(catalog, bundle, situation, today=_today(settings), edition=edition), catalog
    except FormsError as error:
        stop(f"{error}；可用：{'、'.join(sorted(catalog.bundles))}")


_SITUATION = click.option("--situation", type=click.Path(path_type=Path), default=None,
                          help="A JSON file with the answers; without it the bundle's own `figures:`.")


@click.command()
@click.argument("bundle")
@_SITUATION
@JSON
def plan(bundle: str, situation: Path | None, as_json: bool) -> None:
    """The composed plan: matters and why, fields and who asks, materials kept and removed, order, figures."""
    made, catalog = _composed(bundle, situation)
    if as_json:
        click.echo(json.dumps(plan_json(made), ensure_ascii=False, indent=2))
    _stop_at_bad_answers(made)
    if not as_json:
        places = {code: str(region.name) for code, region in catalog.regions.items()}
        click.echo("\n".join(plan_lines(made, pledge_texts(catalog.matters.values()), places)))


def _stop_at_bad_answers(made: Plan) -> None:
    """A plan that leaves out what was answered wrongly is a plan for somebody else."""
    bad = [f"  {problem.at}：{problem.text}" for problem in made.problems if problem.rule == "bad_answer"]
    if bad:
        stop("\n".join(["情形里有答错的问题，请改正后再算：", *bad]))


@click.command()
@click.argument("bundle")
@_SITUATION
@JSON
def figures(bundle: str, situation: Path | None, as_json: bool) -> None:
    """The computed figures before and after, where every source of the definitions is connected."""
    made, _ = _composed(bundle, situation)
    shown = json.dumps(figures_json(made), ensure_ascii=False, indent=2)
    if as_json:
        click.echo(shown)
    _stop_at_bad_answers(made)
    open_ones = [f"  {problem.at}：{problem.text}" for problem in made.problems if problem.rule == "open_question"]
    if open_ones:
        says = "还有问题没有回答，下面的数字不能公布；请在一件事里写 figures: {…}，或用 --situation 给出情形："
        click.echo("\n".join([says, *open_ones]), err=True)
    if not as_json:
        click.echo("\n".join(made.figures.because))


@click.command()
@click.argument("matters", metavar="MATTER…", nargs=-1)
@JSON
def sheet(matters: tuple[str, ...], as_json: bool) -> None:
    """For a department's engineer: every field and paper of MATTER… (else of all) with type, unit and code values."""
    catalog = definitions(read_settings())
    if missing := [name for name in matters if name not in catalog.matters]:
        stop(f"没有事项 {'、'.join(missing)}；可用：{'、'.join(sorted(catalog.matters))}")
    made = [sheet_of(catalog, catalog.matters[name]) for name in matters or sorted(catalog.matters)]
    text = "\n".join(line for one in made for line in sheet_lines(one))
    click.echo(json.dumps(made, ensure_ascii=False, indent=2) if as_json else text)


@click.command()
@click.argument("start")
@click.argument("limit")
@click.option("--pause", multiple=True, help="FROM..TO, may be repeated.")
@JSON
def due(start: str, limit: str, pause: tuple[str, ...], as_json: bool) -> None:
    """When LIMIT (7wd, 20nd, 4h, 4wh, 30min, 1mo) that starts at START ends, day by day."""
    settings = read_settings()
    loaded = load_catalog(settings.bundles)
    calendar = work_calendar(loaded.catalog.calendar.values(), settings.zone)
    try:
        spans = [read_pause(text, settings.zone) for text in pause]
        answer = explain(read_instant(start, settings.zone), parse_limit(limit), spans, calendar)
    except (BadLimit, CaseError) as error:
        stop(str(error))
    if as_json:
        click.echo(json.dumps(due_json(answer), ensure_ascii=False, indent=2))
        return
    for line in answer.days:
        click.echo(f"{line.date}  {'计入  ' if line.counted else '不计入'}  {line.why}")
    unsure = "（所在年份的节假日尚未公布，暂按法定节假日推算）" if answer.provisional else ""
    click.echo(f"到期：{minute(answer.due, settings.zone)}{unsure}")
