"""The shapes of the dictionary files: departments, regions, fields, materials, licences, roles, tables, calendar."""

from __future__ import annotations

from typing import Any, get_args

from catalog.dictionary import FieldType
from catalog.schemas.fields import (
    Authored,
    Day,
    Duration,
    Either,
    Line,
    ListOf,
    MapOf,
    Matching,
    Name,
    Number,
    Pick,
    Scalar,
    Shape,
    When,
    Whole,
    Words,
    YesNo,
)
from catalog.units import SPOKEN, UNITS

LEVELS = ("nation", "province", "city", "district")
FILE_TYPES = ("pdf", "jpg", "jpeg", "png", "ofd", "doc", "docx", "xls", "xlsx", "dwg", "dxf", "zip", "mp4")
_EDGE_DAY = r"(?:today|\d{4}-\d{2}-\d{2})(?: [+-] \d{1,3}(?:nd|mo))?"
_EDGE_SAYS = "请写 2026-01-31、today 或 today + 3mo"
HOURS = r"(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d"


class DepartmentShape(Authored):
    """A kind of body."""

    short = "name"
    name = Line("部门名称", required=True)
    level = Pick("层级", LEVELS)
    acts_for = Name("代行部门")
    phone = Words("电话")


class RegionShape(Authored):
    """A region of GB/T 2260."""

    name = Line("区划名称", required=True)
    level = Pick("层级", LEVELS, required=True)
    parent = Name("上级区划")
    recognises = ListOf("互认区划", Name("区划"))


class SectionShape(Authored):
    """A page of the form."""

    short = "name"
    name = Line("分页名称", required=True)
    help = Line("说明")


class SourceShape(Authored):
    """Where a material or a prefill comes from."""

    licence = Name("证照")
    sharing = Name("共享接口")
    premises = Name("场所库")
    zone = Name("区划库")
    holder = Name("持证人")
    by = ListOf("查询字段", Name("字段"))


class SourceText(Scalar):
    """The short form of a source: the applicant brings it, or a mandate given online stands for it."""

    def _read(self, text: str) -> dict[str, Any]:
        """The long form of a word that is allowed."""
        word = Pick(self.title, ("self", "mandate")).deserialize(text)
        return {word: word}


def sources(title: str) -> ListOf:
    """A list of sources."""
    return ListOf(title, Either("来源", SourceText("来源"), Shape("来源", SourceShape)))


def options(title: str) -> Either:
    """Options as `{code: label}` or as a list of codes that are their own labels."""
    listed = ListOf(title, Name("选项"))
    return _Options(title, listed, MapOf(title, Line("选项名称"), named="any"))


class _Options(Either):
    """A list or a map of options, always read as a map."""

    def _typed(self, value: Any) -> Any:
        if isinstance(value, list):
            return {code: Line("选项名称").deserialize(code) for code in self.text.deserialize(value)}
        return self.shape.deserialize(value)


class BoundsShape(Authored):
    """The bounds that both a field and an asker of it may set."""

    min = Number("最小值")
    max = Number("最大值")
    decimals = Whole("小数位数")
    min_length = Whole("最短长度")
    max_length = Whole("最大长度")
    not_before = Matching("不早于", _EDGE_DAY, _EDGE_SAYS)
    not_after = Matching("不晚于", _EDGE_DAY, _EDGE_SAYS)


class InnerFieldShape(BoundsShape):
    """A field, without rows of its own."""

    short = "name"
    name = Line("字段名称")
    type = Pick("字段类型", get_args(FieldType))
    section = Name("分页")
    unit = Pick("单位", UNITS, SPOKEN)
    options = options("选项")
    table = Name("代码表")
    level = Pick("层级", LEVELS)
    sensitive = YesNo("敏感")
    purpose = Line("用途")
    prefill = sources("预填来源")
    default = Words("默认值")
    required = YesNo("必填")
    unique = YesNo("各行不同")
    help = Line("说明")
    when = Words("条件")


class FieldShape(InnerFieldShape):
    """A field of the dictionary, with rows where it is a repeated group."""

    name = Line("字段名称", required=True)
    key = Name("关键字段")
    shown = Name("称呼字段")
    rows = MapOf("分组字段", Shape("分组字段", InnerFieldShape, partial=True), named="identifier")


class Age(Scalar):
    """A limit that stays text."""

    def _read(self, text: str) -> str:
        """The limit as written once it is known to be one."""
        return str(Duration(self.title).deserialize(text))


class SpecShape(Authored):
    """How a material must look."""

    file_types = ListOf("文件类型", Pick("文件类型", FILE_TYPES))
    max_mb = Whole("文件大小上限(MB)")
    copies = Whole("份数")
    original = YesNo("原件")
    seals = ListOf("印章", Words("印章"))
    signers = ListOf("签署人", Name("签署人"))
    max_age = Age("出具时限")
    note = Line("说明")


class MaterialShape(Authored):
    """A paper by code."""

    short = "name"
    name = Line("材料名称", required=True)
    per_role = YesNo("按角色分别提供")
    per = Name("每行一份")
    becomes = ListOf("转为表单", Name("字段"))
    covers = ListOf("可代替", Name("材料"))
    proves = ListOf("可证明", Name("材料"))
    sources = sources("来源")
    sensitive = YesNo("敏感")
    spec = Shape("规格", SpecShape)
    help = Line("说明")
    blank = Words("空白表格")
    sample = Words("样例")


class LicenceShape(Authored):
    """An electronic licence type."""

    name = Line("证照名称", required=True)
    held_by = ListOf("持有人类型", Pick("持有人类型", ("person", "enterprise")), required=True)
    gives_fields = MapOf("可预填字段", ListOf("字段", Name("字段")), named="any")


class AgreementShape(Authored):
    """What a person must have agreed to before somebody else files."""

    to = ListOf("同意什么", Line("一句话"), required=True)
    sees = ListOf("给对方看的字段", Name("字段"))
    when = When("条件")


class RegisterShape(Authored):
    """A register that is asked, and with which fields."""

    sharing = Name("登记", required=True)
    by = ListOf("查询条件", Name("字段"), required=True)


class RelationShape(Authored):
    """By which law whoever files consents for a person, when, and the registers that must tell so."""

    law = Line("依据", required=True)
    registers = ListOf("先查的登记", Shape("登记", RegisterShape), required=True)
    when = When("条件")


class RoleShape(Authored):
    """A person or body in the case; the name may be left to roles.yaml or to the code."""

    name = Line("角色名称")
    id = Name("证件号字段", required=True)
    shown = Name("姓名字段", required=True)
    consents = Either("需本人同意", YesNo("需本人同意"), Shape("需本人同意", AgreementShape))
    related = Shape("代为同意", RelationShape)


class TableShape(Authored):
    """A code list (`codes`) or a table with columns and rows."""

    name = Line("表名")
    columns = ListOf("列", Words("列"))
    rows = ListOf("行", MapOf("行", Words("内容"), named="any"))
    codes = MapOf("代码", Words("名称"), named="any")


class CalendarShape(Authored):
    """One year of the working-day calendar."""

    year = Whole("年份")
    source = Line("依据", required=True)
    days_off = ListOf("放假日", Day("放假日"), required=True)
    make_up_days = ListOf("调休上班日", Day("调休上班日"), required=True)
    provisional = YesNo("暂定")


class WindowShape(Authored):
    """A period that changes yearly."""

    start = Day("开始日", data_key="from", required=True)
    end = Day("结束日", data_key="to", required=True)
    hours = Matching("时段", HOURS, "请写 09:00-17:00")


SHAPES: dict[str, Authored] = {
    "departments": DepartmentShape(), "regions": RegionShape(), "sections": SectionShape(), "fields": FieldShape(),
    "materials": MaterialShape(), "licences": LicenceShape(), "roles": RoleShape(), "tables": TableShape(),
    "windows": WindowShape(), "calendar": CalendarShape(),
}
