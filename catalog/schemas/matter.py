"""The shapes of a matter: limits, asks, results, variants, rules, fees; and of an ask set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, get_args

from marshmallow import ValidationError, validates_schema

from catalog.basic_codes import LENGTH, fault
from catalog.dictionary import FieldType
from catalog.schemas.dictionary import LEVELS, BoundsShape, SpecShape
from catalog.schemas.fields import (
    Authored,
    Duration,
    Either,
    Entries,
    Line,
    ListOf,
    MapOf,
    Matching,
    Name,
    Number,
    OneOrMany,
    Pick,
    Scalar,
    Shape,
    When,
    Whole,
    Words,
    YesNo,
)

DATE_FORMS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日")


class LimitShape(Authored):
    """One row of limits."""

    statutory = Duration("法定时限")
    promised = Duration("承诺时限", required=True)
    wait = Duration("公告期")
    before = Duration("原承诺时限")
    when = When("条件")


class VariantLimitShape(LimitShape):
    """One row of limits of a variant: what it leaves out stays as in the matter."""

    promised = Duration("承诺时限")


class FieldAskShape(BoundsShape):
    """How a matter asks a field."""

    short = "as"
    forbidden: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("name", "label", "help", "prefill"), "事项不能改变字段的名称、说明和预填；它们只写在字典里",
    )
    as_name = Words("部门字段名", data_key="as")
    paper_as = Words("部门的证件种类字段名")
    unit = Words("单位")
    required = YesNo("必填")
    values = Either("代码对应", Words("对应列"), MapOf("代码对应", Words("部门代码"), named="any"))
    date_form = Pick("日期写法", DATE_FORMS)
    type = Pick("字段类型", get_args(FieldType))
    options = ListOf("选项", Name("选项"))
    when = When("条件")
    note = Line("备注")


class ToleranceShape(Authored):
    """Within which time a tolerated paper must follow."""

    within = Duration("容缺期限", required=True)


class ToleranceText(Scalar):
    """yes, or the time."""

    def _read(self, text: str) -> object:
        """True, False or a limit."""
        if text in {"yes", "true", "no", "false"}:
            return YesNo(self.title).deserialize(text)
        return Duration(self.title).deserialize(text)


class PledgeForm(Name):
    """The code of a pledge, which is the author's to choose; a bare yes would name a pledge that says nothing."""

    def _read(self, text: str) -> str:
        if text in {"yes", "no", "true", "false", "是", "否"}:
            raise ValidationError("pledge 要写承诺书的编码(自己取名)和承诺内容，例如 {form: my_pledge, text: 我承诺…}；"
                                  "不能承诺的删去这一项")
        return super()._read(text)


class PledgeShape(Authored):
    """A signed statement in place of a paper."""

    short = "form"
    form = PledgeForm("承诺书", required=True)
    signers = ListOf("签署人", Name("签署人"))
    when = When("条件")
    later_check = Name("事后核查")
    text = Line("承诺内容")


class MaterialAskShape(Authored):
    """How a matter asks a material."""

    when = When("条件")
    any_of = ListOf("任选其一", Name("材料"))
    tolerable = Either("容缺", ToleranceText("容缺期限"), Shape("容缺", ToleranceShape))
    pledge = Shape("告知承诺", PledgeShape)
    itself = YesNo("必须本件")
    per = Name("每行一份")
    spec = Shape("规格", SpecShape)
    note = Line("备注")


class SetShape(Authored):
    """A named list of asks that many matters share."""

    fields_ = Entries("字段", FieldAskShape, "code", data_key="fields")
    materials = Entries("材料", MaterialAskShape, "kind")


class AsksShape(SetShape):
    """What a matter asks."""

    sets = ListOf("共同询问", Name("共同询问"))


class GivesShape(Authored):
    """What a grant yields."""

    materials = ListOf("结果材料", Name("材料"))
    fields_ = ListOf("结果字段", Name("字段"), data_key="fields")
    ends = ListOf("注销的证照", Name("证照"))
    replaces = ListOf("换发的证照", Name("证照"))


def gives() -> Either:
    """A list of codes, or the long form."""
    return _Gives("结果", ListOf("结果", Name("结果")), Shape("结果", GivesShape, partial=True))


class _Gives(Either):
    """A list goes the short way too."""

    def _typed(self, value: Any) -> object:
        return (self.text if isinstance(value, str | list) else self.shape).deserialize(value)


class RuleShape(Authored):
    """An eligibility rule, or a rule table that must not list the place."""

    id = Name("规则编号", required=True)
    need = When("必须满足的条件")
    say = Line("提示")
    when = When("条件")
    effect = Pick("后果", ("block", "warn", "manual"))
    source = Line("依据")
    table = Name("规则表")
    by = MapOf("对应字段", Name("字段"), named="any")

    @validates_schema(skip_on_field_errors=True)
    def complete(self, data: Any, **_: Any) -> None:
        """A rule says what must hold and what to show, or names its table."""
        if "table" in data and ("need" in data or "by" not in data):
            raise ValidationError("规则表要写 table 和 by(列名: 字段)，不写 need")
        if "table" not in data and not {"need", "say"} <= set(data):
            raise ValidationError("规则要写 need(必须满足的条件)和 say(不满足时的提示)")


class BasicCode(Matching):
    """The code of a matter that all places share."""

    def __init__(self, title: str) -> None:
        super().__init__(title, rf"\d{{{LENGTH}}}", "")

    def _read(self, text: str) -> str:
        if wrong := fault(text):
            raise ValidationError(f"{self.title} {text} 不对：{wrong}")
        return text


class SpecialShape(Authored):
    """A procedure that stops the clock."""

    short = "name"
    name = Line("特别程序名称", required=True)
    when = When("条件")


class ForwardShape(Authored):
    """A hand-over to an upper level."""

    to = Pick("上报层级", LEVELS, required=True)
    when = When("条件")


class FeeShape(Authored):
    """A fee with its legal basis."""

    id = Name("收费项目", required=True)
    amount = Number("金额", required=True)
    basis = Line("收费依据", required=True)
    per = Name("计费单位")
    due = Pick("缴费时点", ("before_decide", "before_deliver"))
    exempt = Line("减免")


class ChangeShape(Authored):
    """A count before and now."""

    before = Whole("改革前", required=True)
    now = Whole("改革后", required=True)


FIXED_IN_VARIANTS = {"department": "部门", "code": "基本编码", "each": "份数", "level": "层级", "rules": "规则"}


class VariantShape(Authored):
    """The same matter in another form."""

    forbidden: ClassVar[Mapping[str, str]] = {
        key: f"变体不得改变{word}；变体只能改名称、时限、材料、结果等" for key, word in FIXED_IN_VARIANTS.items()
    }
    when = When("条件", required=True)
    name = Line("事项名称")
    matter_class = Words("事项类型", data_key="class")
    limits = OneOrMany("时限", VariantLimitShape)
    asks = Shape("要件", AsksShape, partial=True)
    gives = gives()
    fees = OneOrMany("收费", FeeShape)


class MatterShape(Authored):
    """One thing one department decides."""

    forbidden: ClassVar[Mapping[str, str]] = {
        key: f"{key} 要写在 asks 下面，再缩进两格" for key in ("sets", "fields", "materials")
    }
    id = Name("事项编号")
    name = Line("事项名称", required=True)
    department = Name("部门", required=True)
    code = BasicCode("基本编码")
    level = Pick("层级", LEVELS)
    matter_class = Words("事项类型", data_key="class")
    handling = Words("办件类型")
    kind = Pick("性质", ("decision", "check"))
    limits = OneOrMany("时限", LimitShape, required=True)
    asks = Shape("要件", AsksShape, partial=True)
    gives = gives()
    ends = ListOf("注销的证照", Name("证照"))
    replaces = ListOf("换发的证照", Name("证照"))
    variants = MapOf("变体", Shape("变体", VariantShape, partial=True))
    rules = OneOrMany("规则", RuleShape)
    special = OneOrMany("特别程序", SpecialShape)
    forwards = OneOrMany("上报", ForwardShape)
    fees = OneOrMany("收费", FeeShape)
    milestones = ListOf("后续环节", Line("后续环节"))
    visits = Shape("跑动次数", ChangeShape)
    steps = Shape("环节数", ChangeShape)
    secret = YesNo("涉密")
    basis = Line("依据")


MATTER = MatterShape()
ASK_SET = SetShape()
