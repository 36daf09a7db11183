"""A plan made by hand in the shape of the utilities bundle, for picture tests that need no catalog."""

from __future__ import annotations

from catalog.dictionary import Option, Spec
from catalog.limits import Limit
from catalog.text import Text
from forms.counts import Count2, Figures
from forms.papers.planned import MaterialLine, MaterialSlot, RemovedMaterial
from forms.plan import AskedQuestion, FieldAsker, FieldLine, Plan, PlannedEdge, PlannedLeg, SectionLine
from forms.reason import Reason

MATTERS = (
    ("01", "供水报装", "水务集团", 2),
    ("02", "污水排入排水管网许可", "水务管理局", 3),
    ("03", "供电报装", "供电公司", 3),
    ("04", "燃气报装", "燃气公司", 3),
    ("05", "供热报装", "热力公司", 2),
    ("06", "通信报装", "通信广电联席窗口", 1),
    ("07", "有线电视报装", "通信广电联席窗口", 1),
    ("08", "外线接入联合踏勘与方案会审", "城市管理局", 1),
    ("09", "市政管线建设工程规划许可", "自然资源和规划局", 2),
    ("10", "临时占用城市道路", "城市管理局", 2),
    ("11", "挖掘城市道路", "城市管理局", 3),
    ("12", "影响交通安全的占道（挖掘）施工审核", "公安交警支队", 2),
    ("13", "临时占用城市绿地", "园林和林业局", 3),
    ("14", "城市树木迁移（砍伐）", "园林和林业局", 3),
    ("15", "涉路施工活动许可（公路）", "交通运输局", 3),
    ("16", "河道管理范围内建设项目工程建设方案审批", "水务管理局", 3),
    ("17", "城市建筑垃圾处置核准", "城市管理局", 1),
)
WHY = Reason("always", "所有申请都要办")
CRITICAL = frozenset({"08", "03", "11"})


def _edges() -> tuple[PlannedEdge, ...]:
    services = ("01", "03", "04", "05", "06", "07")
    first = tuple(PlannedEdge(leg, ("08",), "before_start", "all") for leg in (*services, "02", "17"))
    second = tuple(
        PlannedEdge(leg, services, "before_start", "all") for leg in ("09", "10", "11", "12", "13", "14", "15", "16")
    )
    papers = (
        PlannedEdge("11", ("09",), "before_decide", "all", ("K24",)),
        PlannedEdge("12", ("11",), "before_decide", "all"), PlannedEdge("14", ("13",), "before_decide", "all"),
        PlannedEdge("16", ("08",), "before_decide", "all", ("K14",)),
    )
    return first + second + papers


def sample_plan() -> Plan:
    """17 legs in three steps with a track that skips a step, two pages of fields, one paper kept and one removed."""
    legs = tuple(
        PlannedLeg(number, f"m{number}", Text(name), department, Text(department), WHY, promised=Limit(days, "wd"),
                   statutory=Limit(20, "wd"), critical=number in CRITICAL)
        for number, name, department, days in MATTERS
    )
    askers = tuple(FieldAsker(leg.leg, leg.matter, "x") for leg in legs)
    fields = (
        FieldLine("holder_name", Text("单位名称"), "text", "applicant", True, askers, WHY),
        FieldLine("load_kw", Text("用电总负荷"), "number", "power", True, askers[2:3], WHY, unit="kW"),
        FieldLine("voltage", Text("供电电压"), "choice", "power", True, askers[2:3], WHY,
                  options=(Option("220", Text("220 V")), Option("380", Text("380 V")))),
    )
    return Plan(
        bundle="utilities", bundle_name=Text("水电气网联合报装"), edition="e1", situation={},
        questions=(AskedQuestion("outside_line", Text("是否需要外线接入？"), "yes_no", "answered", True),),
        legs=legs, absent=(), edges=_edges(),
        sections=(SectionLine("applicant", Text("申请单位"), ("holder_name",)),
                  SectionLine("power", Text("用电"), ("load_kw", "voltage"))),
        fields=fields, removed_fields=(),
        materials=(MaterialLine("K17", "K17", Text("交通组织方案"), ("10", "12"), WHY, Spec()),),
        removed_materials=(RemovedMaterial("K02", "K02", Text("营业执照"), "licence", ("01",), WHY),),
        slots=tuple(MaterialSlot(leg.leg, "K02", Text("营业执照"), "library") for leg in legs), problems=(),
        figures=Figures(Count2(11, 1), Count2(17, 1), 129, 24, 9, 640, 81, 30, Count2(37, 7), Count2(109, 38),
                        None, None, ("材料：17 个事项逐一办理时共要 129 份。",)),
        critical=("08", "03", "11"),
    )
