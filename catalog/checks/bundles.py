"""Checks of bundles: entries, groups, questions, people, figures and what the applicant can be asked at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.answers import FILERS, AnswerType, narrowed, type_of_field, type_of_question
from catalog.bundle import Bundle, Entry, Question
from catalog.checks.agreements import check_agreements
from catalog.checks.conditions import Scope, check_condition, is_sound
from catalog.checks.dictionary import role_fields
from catalog.checks.matters import check_matter, fed_only, no_row
from catalog.conditions import names_in
from catalog.evaluate import EMPTY, holds
from catalog.findings import Findings
from catalog.matter import MaterialAsk, Matter
from catalog.model import Catalog, Path
from catalog.reading import all_asks, conditions_of_bundle, fields_asked, given, kinds_asked, ring
from catalog.rule_places import check_rules
from catalog.suggest import unknown
from catalog.terms import Compare, Literal, Name, walk

MANY = frozenset({"rows", "many", "regions"})
REGIONS = frozenset({"region", "regions", "address"})


def check_bundle(findings: Findings, bundle: Bundle) -> None:
    """One bundle, but for its edges and for specifications that clash."""
    path: Path = ("bundles", bundle.id)
    catalog = findings.catalog
    findings.known((*path, "lead"), "部门", bundle.lead, catalog.departments, "unknown_department")
    findings.known((*path, "window"), "办理期", bundle.window, catalog.windows)
    _closing(findings, bundle)
    for ident, matter in bundle.own_matters.items():
        check_matter(findings, matter, (*path, "matters", ident))
    scope = bundle_scope(catalog, bundle)
    _questions(findings, bundle, scope)
    _entries(findings, bundle, scope)
    _groups(findings, bundle, scope)
    on_form = _form_scope(findings, bundle)
    check_rules(findings, bundle.rules, ("bundles", bundle.id, "rules"), on_form)
    _people(findings, bundle)
    check_agreements(findings, bundle, on_form)
    _answers(findings, bundle, scope)
    _form(findings, bundle)
    _words(findings, bundle)
    _composite(findings, bundle)
    _before(findings, bundle)


def _closing(findings: Findings, bundle: Bundle) -> None:
    """What takes the place of a closed bundle must be there and be open itself."""
    if bundle.closed is None or bundle.closed.instead is None:
        return
    path: Path = ("bundles", bundle.id, "closed", "instead")
    findings.known(path, "一件事", bundle.closed.instead, findings.catalog.bundles)
    then = findings.catalog.bundles.get(bundle.closed.instead)
    if then is not None and then.closed is not None:
        says = f"{bundle.id} 停办后改办的 {then.id} 自己也停办了；请写现在可以办的一件事，或删去 instead"
        findings.say(path, "closed_instead", says)


def known_matters(catalog: Catalog, bundle: Bundle) -> Iterator[tuple[Entry, Matter]]:
    """The entries whose matter exists, with it."""
    for entry in bundle.entries:
        if entry.matter in catalog.matters:
            yield entry, catalog.matter_of(bundle, entry.matter)


def all_fields(catalog: Catalog, bundle: Bundle) -> frozenset[str]:
    """Everything the applicant may be asked: questions and the fields of all matters."""
    asked = {code for _, matter in known_matters(catalog, bundle) for code in fields_asked(matter)}
    return frozenset(asked | {question.id for question in bundle.questions})


def shown_fields(catalog: Catalog, bundle: Bundle) -> frozenset[str]:
    """The fields of the bundle's form: those that are asked, and those that an asked paper turns into."""
    kinds = {kind for _, matter in known_matters(catalog, bundle) for kind in kinds_asked(matter)}
    papers = (catalog.materials[kind] for kind in kinds & catalog.materials.keys())
    return all_fields(catalog, bundle) | {code for paper in papers for code in paper.becomes}


def question_types(catalog: Catalog, bundle: Bundle) -> dict[str, AnswerType]:
    """The types of the situation questions."""
    return {one.id: type_of_question(one, catalog.fields) for one in bundle.questions}


def bundle_scope(catalog: Catalog, bundle: Bundle) -> Scope:
    """What conditions of the bundle may use: situation questions, `filer`, `today`."""
    says = "条件用了字段 {name}，但它不是情形问题；一件事的条件只能用情形问题和分组的行"
    types = question_types(catalog, bundle)
    elsewhere = dict.fromkeys(catalog.fields, says)
    conditional = frozenset(one.id for one in bundle.questions if one.when is not None)
    return Scope(types, elsewhere, conditional)


def _row_scope(catalog: Catalog, entry: Entry, scope: Scope) -> Scope:
    group = catalog.fields.get(entry.each or "")
    inner = {one.code: type_of_field(one) for one in group.inner} if group else {}
    return Scope({**scope.names, **inner}, scope.elsewhere, scope.conditional)


def _questions(findings: Findings, bundle: Bundle, scope: Scope) -> None:
    path: Path = ("bundles", bundle.id, "situation")
    for one in bundle.questions:
        own = Scope(scope.names, scope.elsewhere, scope.conditional, one.id)
        check_condition(findings, (*path, one.id, "when"), one.when, own)
        findings.known((*path, one.id, "section"), "分页", one.section, findings.catalog.sections)
        _question_bounds(findings, one, (*path, one.id))
    found = ring({one.id: sorted(names_in(one.when) - {one.id}) for one in bundle.questions if one.when is not None})
    if found:
        findings.say((*path, found[0], "when"), "question_ring", f"问题互相依赖成环：{' → '.join(found)}")
    _unused_options(findings, bundle, scope)


def _question_bounds(findings: Findings, question: Question, path: Path) -> None:
    """A question that is a field may only be stricter than the field, and must leave something to answer."""
    known = findings.catalog.fields.get(question.id) if question.kind == "field" else None
    own = known or AnswerType("number")
    for key, sign in (("min", -1), ("max", 1)):
        ours, theirs = getattr(own, key), getattr(question, key)
        if ours is not None and theirs is not None and (theirs - ours) * sign > 0:
            says = f"问题 {question.id} 的 {key} {theirs} 比字典的 {ours} 更宽；问题只能问得更严"
            findings.say((*path, key), "looser", says)
    low, high = narrowed(question, own)
    if low is not None and high is not None and low > high:
        findings.say(path, "bounds", f"问题 {question.id} 的 min {low} 大于 max {high}，没有回答能满足")


def _unused_options(findings: Findings, bundle: Bundle, scope: Scope) -> None:
    """An option that no condition of the bundle names, though others of that question are named."""
    used = set(_named_options(bundle))
    read = {name for condition in conditions_of_bundle(bundle) for name in names_in(condition)}
    asked = all_matter_fields(findings.catalog, bundle)
    for one in bundle.questions:
        path: Path = ("bundles", bundle.id, "situation", one.id)
        kind = scope.names[one.id]
        if one.id not in read and one.id not in asked and kind.type not in REGIONS:
            findings.note(path, "unused", f"问题 {one.id} 没有条件使用，也没有事项要这个字段")
        named = {option for name, option in used if name == one.id}
        for option in kind.options if named and one.kind != "field" else ():
            if option not in named and kind.type == "many":
                findings.note(path, "unused_option", f"选项 {option} 没有条件使用")


def all_matter_fields(catalog: Catalog, bundle: Bundle) -> frozenset[str]:
    """The fields that matters of the bundle ask, groups of their columns included."""
    asked = {code for _, matter in known_matters(catalog, bundle) for code in fields_asked(matter)}
    read = {entry.each for entry in bundle.entries} | {entry.region for entry in bundle.entries}
    return frozenset(asked | {code.partition(".")[0] for code in asked} | {name for name in read if name})


def _named_options(bundle: Bundle) -> Iterator[tuple[str, str]]:
    for condition in conditions_of_bundle(bundle):
        for node in walk(condition.tree):
            if not isinstance(node, Compare):
                continue
            sides = (node.left, node.right)
            names = [side.name for side in sides if isinstance(side, Name)]
            yield from ((name, str(side.value)) for name in names for side in sides if isinstance(side, Literal))


def _entries(findings: Findings, bundle: Bundle, scope: Scope) -> None:
    catalog = findings.catalog
    numbers: dict[str, str] = {}
    for entry in bundle.entries:
        path: Path = ("bundles", bundle.id, "matters", entry.matter)
        findings.known(path, "事项", entry.matter, catalog.matters, "unknown_matter")
        other = numbers.setdefault(entry.number, entry.matter)
        if other != entry.matter:
            findings.say((*path, "no"), "same_number", f"序号 {entry.number} 已用于 {other}；每个事项的序号不能相同")
        if entry.optional and entry.must_have:
            findings.say(path, "optional_must", f"事项 {entry.matter} 不能既是 optional 又是 must_have；请删去一个")
        check_condition(findings, (*path, "when"), entry.when, _row_scope(catalog, entry, scope))
        _each(findings, bundle, entry, path)
        _region(findings, bundle, entry, path)
    for entry, matter in known_matters(catalog, bundle):
        path = ("bundles", bundle.id, "matters", entry.matter)
        if matter.secret:
            findings.say(path, "secret", f"事项 {matter.id} 涉密，不能放进网上办理的一件事；请删去")
        fed = any(edge.feeds for edge in entry.after)
        if not fed and not fields_asked(matter) and not kinds_asked(matter):
            says = f"事项 {matter.id} 既没有要字段和材料，也没有前面的事项传来内容；请写 asks 或 feeds"
            findings.say(path, "no_inputs", says)


def _each(findings: Findings, bundle: Bundle, entry: Entry, path: Path) -> None:
    if entry.each is None:
        return
    catalog = findings.catalog
    known = catalog.fields.get(entry.each)
    kind = question_types(catalog, bundle).get(entry.each) or (type_of_field(known) if known else None)
    asked = all_fields(catalog, bundle)
    if kind is None or not {entry.each, *(inner.code for inner in (known.inner if known else ()))} & asked:
        findings.say((*path, "each"), "each_unknown", f"each: {entry.each} 没有作为问题或字段询问，无法知道要办几份")
    elif kind.type not in MANY:
        findings.say((*path, "each"), "each_type", f"each: {entry.each} 不是多行、多选或多个区划，不能分别办理")


def _region(findings: Findings, bundle: Bundle, entry: Entry, path: Path) -> None:
    if entry.region is None:
        return
    catalog = findings.catalog
    below = (*path, "region")
    if entry.region == "each":
        known = catalog.fields.get(entry.each or "")
        if known is None or known.type != "regions":
            findings.say(below, "region_each", "region: each 只能用在 each 是多个区划(regions)的事项上")
        return
    known = catalog.fields.get(entry.region)
    if known is None and entry.region not in catalog.roles_of(bundle):
        findings.known(below, "区划字段", entry.region, all_fields(catalog, bundle), "unknown_field")
    elif known is not None and known.type not in REGIONS:
        says = f"region: {entry.region} 的类型是 {known.type}；请用 region 或 address 类型的字段"
        findings.say(below, "region_type", says)
    elif known is not None and entry.region not in all_fields(catalog, bundle):
        findings.say(below, "region_unasked", f"region: {entry.region} 没有作为问题或字段询问，无法知道送到哪里")


def _groups(findings: Findings, bundle: Bundle, scope: Scope) -> None:
    entries = {entry.matter for entry in bundle.entries}
    for group in bundle.groups:
        path: Path = ("bundles", bundle.id, "groups", group.id)
        if group.id in findings.catalog.matters:
            findings.say(path, "same_code", f"组 {group.id} 与事项同名；请换一个名称")
        for one in group.members:
            findings.known((*path, group.kind), "组里的事项", one, entries, "unknown_matter")
        if group.none is not None and group.kind != "one_of":
            findings.say((*path, "none"), "none", "none 只用于 one_of(只选一项)的组")
        if group.kind != "any" and len(group.members) < 2:
            findings.say((*path, group.kind), "small_group", f"组 {group.id} 只有一个事项；{group.kind} 至少要两个")
        check_condition(findings, (*path, "none"), group.none, scope)


def _form_scope(findings: Findings, bundle: Bundle) -> Scope:
    """What conditions may use that are judged with the filled form: questions, and fields that somebody asks."""
    catalog = findings.catalog
    asked = all_fields(catalog, bundle)
    types = {code: type_of_field(one) for code, one in catalog.fields.items()
             if code in asked or code.rpartition(".")[0] in asked}  # whoever asks a group asks its columns
    types |= question_types(catalog, bundle)
    says = "规则用了字段 {name}，但本一件事没有询问它"
    unknowable = {code: no_row(code, "规则是对整个办件的") for code in types if "." in code}
    unknowable |= {code: fed_only(code, bundle.id) for code in _always_fed(findings, bundle)}
    return Scope(types, dict.fromkeys(catalog.fields, says), unknowable=unknowable)


def _always_fed(findings: Findings, bundle: Bundle) -> frozenset[str]:
    """The fields that every matter asking them gets from an earlier one, or gives itself: no form ever has them."""
    asked: set[str] = set()
    typed = {question.id for question in bundle.questions}
    for entry, matter in known_matters(findings.catalog, bundle):
        come = {code for edge in entry.after for code in edge.feeds} | given(matter)
        asked |= fields_asked(matter)
        typed |= fields_asked(matter) - come
    return frozenset(asked - typed)


def asked_materials(matter: Matter) -> Iterator[tuple[Path, MaterialAsk]]:
    """Every material ask of a matter with its path below the matter."""
    for asks in all_asks(matter):
        yield from ((("asks", "materials", one.key), one) for one in asks.materials)


def _people(findings: Findings, bundle: Bundle) -> None:
    catalog = findings.catalog
    roles = catalog.roles_of(bundle)
    for role in bundle.people:
        role_fields(findings, ("bundles", bundle.id, "people", role.code), role.id, role.shown)
    matters = [matter for _, matter in known_matters(catalog, bundle)]
    asked = [(matter, path, ask) for matter in matters for path, ask in asked_materials(matter)]
    for matter, path, ask in asked:
        below: Path = ("matters", matter.id, *path)
        if ask.role is not None and ask.role not in roles:
            says = f"材料 {ask.key} 的角色 {ask.role} 不是一件事 {bundle.id} 的角色；请在 people 中声明"
            findings.say(below, "unknown_role", says)
        signers = ask.pledge.signers if ask.pledge else ()
        for signer in (one for one in signers if one not in roles):
            says = f"承诺书签署人 {signer} 不是本一件事的角色；请在 people 中声明"
            findings.say((*below, "pledge"), "unknown_signer", says)


def _answers(findings: Findings, bundle: Bundle, scope: Scope) -> None:
    known = {*(one.id for one in bundle.questions), "filer", "chosen"}
    known |= {group.id for group in bundle.groups if group.kind == "one_of"} | all_fields(findings.catalog, bundle)
    path: Path = ("bundles", bundle.id)
    for name in (one for one in bundle.figures if one not in known):
        findings.say((*path, "figures", name), "unknown_question", _no_question(name, bundle))
    for index, example in enumerate(bundle.examples):
        for name in (one for one in example.given if one not in known):
            findings.say((*path, "examples", index, "given", name), "unknown_question", _no_question(name, bundle))
        for matter in example.matters or ():
            entries = [entry.matter for entry in bundle.entries]
            findings.known((*path, "examples", index, "matters"), "事项", matter, entries, "unknown_matter")
    missing = _unanswered(bundle, scope)
    for name in missing if bundle.figures else ():
        says = f"figures 没有回答问题 {name}；请补上，否则对外的数字无法计算"
        findings.say((*path, "figures"), "figures", says)
    if missing and bundle.entries and not bundle.figures:
        line = "，".join(f"{name}: …" for name in missing)
        says = f"没有写 figures(公布的数字按哪种情形算)，前后对比无法公布；请写 figures: {{{line}}}，每个问题都要回答"
        findings.warn(path, "no_figures", says)


def _no_question(name: str, bundle: Bundle) -> str:
    ticked = [entry.matter for entry in bundle.entries if entry.optional]
    if name in ticked:
        return f"{name} 是由申请人勾选的事项，不是问题；勾选的写在一起：chosen: [{name}]"
    own = dict.fromkeys([*(one.id for one in bundle.questions), "filer", *(("chosen",) if ticked else ())])
    return f"问题 {name} 不存在{unknown(name, list(own), list_all=True)}"


def _unanswered(bundle: Bundle, scope: Scope) -> list[str]:
    """The questions that apply in the public situation (or may apply) and have no answer there."""
    known: dict[str, Any] = dict(bundle.figures)
    whens = [(one.id, one.when) for one in bundle.questions if one.when is not None and is_sound(one.when, scope)]
    for _ in bundle.questions:
        known |= {ident: EMPTY for ident, when in whens if holds(when, known) is False}
    return [one.id for one in bundle.questions if one.id not in known and one.default is None]


def _form(findings: Findings, bundle: Bundle) -> None:
    """The order of the fields on a page: each named once, on the page that the dictionary puts it on."""
    fields, asked = findings.catalog.fields, shown_fields(findings.catalog, bundle)
    for section, codes in bundle.form.items():
        path: Path = ("bundles", bundle.id, "form", section)
        findings.known(path, "分页", section, findings.catalog.sections)
        known = [code for code in dict.fromkeys(codes) if findings.known(path, "字段", code, fields)]
        for code in (code for code in known if fields[code].section != section):
            there = fields[code].section or "其他"
            findings.say(path, "other_page", f"字段 {code} 在分页 {there}，排不到 {section} 这一页")
        for code in (code for code in known if code not in asked):
            findings.note(path, "unused", f"本一件事没有事项要字段 {code}，排了先后也不会显示")
        for code in (code for code in known if codes.count(code) > 1):
            findings.say(path, "twice", f"字段 {code} 排了两次；请只留一处")


def _words(findings: Findings, bundle: Bundle) -> None:
    """Own texts are of what this bundle shows."""
    fields, asked = findings.catalog.fields, shown_fields(findings.catalog, bundle)
    for code in bundle.field_words:
        path: Path = ("bundles", bundle.id, "words", "fields", code)
        if findings.known(path, "字段", code, fields) and code not in asked:
            findings.note(path, "unused", f"本一件事没有事项要字段 {code}，写了说法也不会显示")
    for code in bundle.filer_words:
        findings.known(("bundles", bundle.id, "words", "filer", code), "由谁提交", code, FILERS)
    shown = {fields[code].section for code in asked if code in fields}
    for code in bundle.section_words:
        path = ("bundles", bundle.id, "words", "sections", code)
        if findings.known(path, "分页", code, findings.catalog.sections) and code not in shown:
            findings.note(path, "unused", f"本一件事没有字段在分页 {code}，写了说法也不会显示")
    matters = [matter for _, matter in known_matters(findings.catalog, bundle)]
    papers = {kind for matter in matters for kind in kinds_asked(matter) | given(matter)}
    for code in bundle.material_words:
        path = ("bundles", bundle.id, "words", "materials", code)
        if findings.known(path, "材料", code, findings.catalog.materials) and code not in papers:
            findings.note(path, "unused", f"本一件事没有事项要材料 {code}，写了说法也不会显示")


def _composite(findings: Findings, bundle: Bundle) -> None:
    one = bundle.composite
    if one is None:
        return
    path: Path = ("bundles", bundle.id, "composite")
    matters = [matter for _, matter in known_matters(findings.catalog, bundle)]
    made = {code for matter in matters for code in given(matter)}
    for part in one.parts:
        findings.known((*path, "parts"), "综合证的组成", part, made, "unknown_part")
    for part in one.needs:
        findings.known((*path, "needs"), "必备组成", part, one.parts, "unknown_part")
    fields, asked = findings.catalog.fields, all_fields(findings.catalog, bundle)
    for code in one.shows:
        if not findings.known((*path, "shows"), "字段", code, fields):
            continue
        if one.kind != "report" or code not in asked or fields[code].sensitive:
            says = f"报告上写不了 {code}：shows 只用于 kind: report，写有事项要的、不是敏感信息的字段"
            findings.say((*path, "shows"), "not_to_show", says)
    if one.issued_by not in {bundle.lead, *(matter.department for matter in matters)}:
        says = f"发证部门 {one.issued_by} 不办本一件事的任何事项，也不是牵头部门；请写办其中一个事项的部门，或牵头部门"
        findings.say((*path, "issued_by"), "composite_issuer", says)


def _before(findings: Findings, bundle: Bundle) -> None:
    path: Path = ("bundles", bundle.id, "before", "after")
    known = [entry.matter for entry in bundle.entries] + [group.id for group in bundle.groups]
    for follower, targets in bundle.before_after.items():
        for name in (follower, *targets):
            findings.known((*path, follower), "事项", name, known, "unknown_matter")
    for _, matter in known_matters(findings.catalog, bundle):
        if bundle.before_after and not any(row.before for row in matter.limits):
            says = f"事项 {matter.id} 没有写 before(原承诺时限)，改革前按现在的承诺时限计算"
            findings.note(("matters", matter.id, "limits"), "no_before", says)
