"""What of a bundle still lacks its line in a language that its name has: whoever chose it would read half a form."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.bundle import Bundle
from catalog.checks.bundles import known_matters
from catalog.dictionary import Field
from catalog.findings import Findings
from catalog.model import Path
from catalog.reading import all_asks, fields_asked, kinds_asked, results
from catalog.text import BASE_LANGUAGE, Text


def check_languages(findings: Findings, bundle: Bundle) -> None:
    """Note where labels of the bundle's questions, form, papers and matters stand in Chinese alone."""
    for tag in sorted(set(bundle.name.lines) - {BASE_LANGUAGE}):
        for path, texts in _labels(findings, bundle):
            lacking = dict.fromkeys(str(text) for text in texts if text is not None and tag not in text.lines)
            if lacking:
                named = "".join(f"「{one}」" for one in lacking)
                findings.note(path, "no_line", f"{bundle.id} 的名称写了 {tag}，这里的{named}还没有；"
                                               f"请写成 {{zh: {next(iter(lacking))}, {tag}: …}}")


def _labels(findings: Findings, bundle: Bundle) -> Iterator[tuple[Path, list[Text | None]]]:
    catalog = findings.catalog
    matters = [matter for _, matter in known_matters(catalog, bundle)]
    yield ("bundles", bundle.id, "summary"), [bundle.summary]
    for role in bundle.people:
        yield ("bundles", bundle.id, "people", role.code), [role.name]
    for rule in bundle.rules:
        yield ("bundles", bundle.id, "rules", rule.id), [rule.say]
    for question in bundle.questions:
        yield (("bundles", bundle.id, "situation", question.id),
               [question.ask, question.why, *(option.name for option in question.options)])
    codes = frozenset(one.id for one in bundle.questions).union(*map(fields_asked, matters))
    fields = [one for code, one in catalog.fields.items() if code in codes]
    for code in {one.section for one in fields} & catalog.sections.keys():
        yield ("sections", code), [catalog.sections[code].name, catalog.sections[code].help]
    for one in fields:
        yield ("fields", one.code), list(_of_field(one))
    for matter in matters:
        pledges = [ask.pledge.text for asks in all_asks(matter) for ask in asks.materials if ask.pledge]
        yield ("matters", matter.id), [matter.name, *(rule.say for rule in matter.rules), *pledges]
    given = {code for matter in matters for one in results(matter) for code in one.materials}
    for code in sorted(frozenset(given).union(*map(kinds_asked, matters)) & catalog.materials.keys()):
        yield ("materials", code), [catalog.materials[code].name, catalog.materials[code].help]


def _of_field(one: Field) -> Iterator[Text | None]:
    yield from (one.name, one.help, one.purpose, *(option.name for option in one.options))
    for column in one.inner:
        yield from _of_field(column)
