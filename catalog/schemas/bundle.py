"""The shapes of a bundle: situation, groups, entries and edges, figures, composite, guide, examples."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError

from catalog.schemas.dictionary import RoleShape, options
from catalog.schemas.fields import (
    Authored,
    Day,
    Duration,
    Either,
    Free,
    Line,
    ListOf,
    MapOf,
    Matching,
    Name,
    Number,
    OneOrMany,
    Pick,
    Shape,
    When,
    Whole,
    Words,
    YesNo,
)
from catalog.schemas.matter import AsksShape, RuleShape, VariantLimitShape, gives

EDGE_KINDS = ("before_start", "before_decide", "before_deliver", "cancels")
EFFECTS = ("stop", "continue", "ask", "void")
LANGUAGE = 1


class NumberBoundsShape(Authored):
    """The bounds of a number question."""

    min = Number("最小值")
    max = Number("最大值")


class QuestionShape(Authored):
    """One situation question."""

    short = "ask"
    ask = Line("问法", required=True)
    yes_no = YesNo("是否题")
    one = options("单选项")
    many = options("多选项")
    number = Either("数字题", YesNo("数字题"), Shape("数字题", NumberBoundsShape))
    date = YesNo("日期题")
    when = When("条件")
    why = Line("为什么问")
    default = Free("默认值")
    min = Number("最小值")
    max = Number("最大值")
    section = Name("分页")


class GroupShape(Authored):
    """A named set of matters."""

    any = ListOf("任选", Name("事项"))
    one_of = ListOf("只选一项", Name("事项"))
    some_of = ListOf("至少一项", Name("事项"))
    none = When("可以都不选", constant=True)
    deliver = Pick("送达", ("apart", "together"))
    name = Line("组名")


class OnShape(Authored):
    """What happens here when something above ends without a result."""

    refused = Pick("不予许可的后果", EFFECTS)
    withdrawn = Pick("撤回的后果", EFFECTS)
    lapsed = Pick("超期失效的后果", EFFECTS)
    voided = Pick("撤销的后果", EFFECTS)
    unclear = Pick("核查不明的后果", EFFECTS)


class EdgeShape(Authored):
    """One edge to a target."""

    short = "kind"
    kind = Pick("先后关系", EDGE_KINDS)
    feeds = ListOf("传递内容", Name("材料或字段"))
    join = Pick("汇总方式", ("all", "ended", "any", "first"))
    absent = Pick("缺席时", ("skip", "pull", "block"))
    within = Duration("最长间隔")
    on = Shape("后果", OnShape)
    need = When("传来的内容要满足的条件")
    say = Line("不满足时的说明")


class After(MapOf):
    """A target, a list of targets, or targets with their edges; always read as a map."""

    def __init__(self, title: str) -> None:
        super().__init__(title, OneOrMany("先后关系", EdgeShape), named="code")

    def _typed(self, value: Any) -> Any:
        if isinstance(value, dict):
            return super()._typed(value)
        return {target: ({},) for target in ListOf(self.title, Name("事项")).deserialize(value)}


class EntryShape(Authored):
    """A matter in a bundle. Limits, asks and gives may stand here only in a bundle that extends another."""

    number = Matching("序号", r"\d{2}", '序号写两位数字，例如 "09"', data_key="no")
    when = When("条件")
    optional = YesNo("可选")
    must_have = YesNo("必办")
    each = Name("每行一份")
    region = Name("区划来源")
    after = After("前置事项")
    droppable = YesNo("下级可不办")
    limits = OneOrMany("时限", VariantLimitShape)
    asks = Shape("要件", AsksShape, partial=True)
    gives = gives()


class PromiseShape(Authored):
    """The promise for the whole bundle."""

    short = "promised"
    promised = Duration("承诺时限", required=True)


class BeforeShape(Authored):
    """The old order, follower → targets."""

    after = MapOf("原先后关系", ListOf("原前置事项", Name("事项")), required=True)


class CompositeShape(Authored):
    """One certificate over several results, or one report of what several looks into data found."""

    id = Name("综合证编码", required=True)
    name = Line("综合证名称", required=True)
    kind = Pick("种类", ("certificate", "report"))
    issued_by = Name("发证部门", required=True)
    parts = ListOf("组成", Name("结果"), required=True)
    needs = ListOf("必备组成", Name("结果"))
    valid = Pick("有效期", ("parts",))
    shows = ListOf("报告上写明的内容", Name("字段"))


class FieldWordsShape(Authored):
    """What a bundle calls a field of the dictionary."""

    short = "name"
    name = Line("字段名称")
    help = Line("说明")
    purpose = Line("用途")


class SectionWordsShape(Authored):
    """What a bundle calls a page of the form."""

    short = "name"
    name = Line("分页名称")
    help = Line("说明")


class MaterialWordsShape(Authored):
    """What a bundle calls a paper."""

    short = "name"
    name = Line("材料名称")
    help = Line("说明")


class OwnWordsShape(Authored):
    """The bundle's own texts of what it shares with others."""

    fields_ = MapOf("字段的说法", Shape("字段的说法", FieldWordsShape), named="code", data_key="fields")
    sections = MapOf("分页的说法", Shape("分页的说法", SectionWordsShape), named="code")
    materials = MapOf("材料的说法", Shape("材料的说法", MaterialWordsShape), named="code")
    filer = MapOf("由谁提交的说法", Line("称呼"), named="code")


class Decided(Words):
    """What is decided, kept as one text: a bound, or some of several codes, which are written as a list too."""

    def _typed(self, value: Any) -> Any:
        if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            value = "、".join(value)
        return super()._typed(value)


class DecisionShape(Authored):
    """The author's answer to a clash of specifications."""

    field = Name("字段")
    material = Name("材料")
    attribute = Name("属性", required=True)
    value = Decided("裁定值", required=True)
    because = Line("理由", required=True)


class GuideShape(Authored):
    """Texts of the guide; each a line or a list of lines."""

    who = ListOf("谁可以办", Line("一句话"))
    what = ListOf("办什么", Line("一句话"))
    before_you_start = ListOf("办理前准备", Line("一句话"))
    steps = ListOf("步骤", Line("一句话"))
    after_you_file = ListOf("提交以后", Line("一句话"))
    contact = ListOf("咨询", Line("一句话"))
    text = ListOf("图文", Line("一句话"))
    video = ListOf("视频", Line("一句话"))
    pictures = ListOf("图片", Line("一句话"))
    notes = ListOf("注意", Line("一句话"))


class ExampleShape(Authored):
    """A situation and what must come out of it."""

    given = MapOf("情形", Free("回答"), named="code", required=True)
    on = Day("提交的那天")
    matters = ListOf("事项", Name("事项"))
    materials = Whole("材料数")
    days = Duration("办理时限")
    blocked_by = ListOf("挡住它的规则", Name("规则编号"))


class People(MapOf):
    """Roles of roles.yaml by name, or roles with their fields; always read as a map (None: as in roles.yaml)."""

    def __init__(self, title: str) -> None:
        super().__init__(title, Shape("角色", RoleShape, partial=True), named="identifier")

    def _typed(self, value: Any) -> Any:
        if isinstance(value, dict):
            return super()._typed(value)
        try:
            return dict.fromkeys(ListOf(self.title, Name("角色")).deserialize(value))
        except ValidationError as error:
            raise ValidationError(error.messages, valid_data=dict.fromkeys(error.valid_data or ())) from error


class ClosingShape(Authored):
    """Nothing new is taken any more."""

    short = "why"
    why = Line("停办说明", required=True)
    since = Day("停办之日", data_key="from")
    instead = Name("改办的一件事")


class BundleShape(Authored):
    """A life-event bundle."""

    id = Name("一件事编号", required=True)
    name = Line("一件事名称", required=True)
    origin = Pick("来源", ("national", "province", "city", "district", "local"))
    lead = Name("牵头部门")
    stage = Words("阶段")
    summary = Line("简介")
    people = People("角色")
    limits = Shape("总承诺", PromiseShape)
    window = Name("办理期")
    closed = Shape("停办", ClosingShape)
    tone = Pick("语气", ("plain", "condolence"))
    situation = MapOf("情形问题", Shape("情形问题", QuestionShape, partial=True), named="identifier")
    groups = MapOf("组", Shape("组", GroupShape, partial=True))
    matters = MapOf("事项", Shape("事项", EntryShape, partial=True), required=True)
    rules = OneOrMany("规则", RuleShape)
    before = Shape("改革前", BeforeShape)
    figures = MapOf("对外数字的情形", Free("回答"), named="code")
    form = MapOf("表单各页字段的先后", ListOf("字段", Name("字段")))
    words = Shape("本一件事的说法", OwnWordsShape)
    composite = Shape("综合证", CompositeShape)
    decisions = OneOrMany("裁定", DecisionShape)
    guide = Shape("办事指南", GuideShape)
    extends = Name("上级版本")
    drop = ListOf("不办的事项", Name("事项"))
    language = Pick("语言版本", (str(LANGUAGE),))
    examples = OneOrMany("例子", ExampleShape)


BUNDLE = BundleShape()
