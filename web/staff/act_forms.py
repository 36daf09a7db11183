"""The forms of the officers' acts: what each asks, and what was sent as the data of a notice of contract 3.4."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from cases.documents import NAMES
from desk.staff.officers import Sheet
from forms.papers.planned import MaterialSlot
from web.pages.inputs import Input, Linked, flat, pressed, problems_of, read, with_value
from web.staff.result_forms import Block, blocks_of, document_of, read_blocks, with_faults

NOTHING_ASKED = "请勾选或写明要补的材料或内容"
USUAL_DAYS, DAYS = "5", "请填 1–400 的整数"
MOST_ADDED = "10"  # working days, by 行政许可法 第42条
UNITS = (("wd", "工作日"), ("nd", "自然日"))
MODES = (("electronic", "电子送达"), ("window", "窗口领取"), ("post", "邮寄"))
REOPENED = (("in_review", "撤销原来的决定，继续审查"), ("received", "撤销原来的决定，回到已接收、等受理"))
# What must be filled in, where the schema of the notice does not ask for it.
NEEDED = {"leg.granted": "必填，后面的部门要用", "leg.corrected": "必填"}
_ASKED = ("materials", "other", "fields")
_NO_PAPER = frozenset({"form", "replaced", "result"})


@dataclass(frozen=True, slots=True)
class Form:
    """One act as it stands on the page. `open`: it was sent and came back; `done` is said once it had its effect."""

    type: str
    name: str
    button: str
    done: str
    hint: str = ""
    inputs: tuple[Input, ...] = ()
    handed: tuple[Block, ...] = ()
    open: bool = False

    @property
    def key(self) -> str:
        """What its controls' names begin with."""
        return self.type.removeprefix("leg.")

    @property
    def results(self) -> tuple[Block, ...]:
        """What a grant hands out."""
        return tuple(block for block in self.handed if not block.document)

    @property
    def documents(self) -> tuple[Block, ...]:
        """The document that goes with it."""
        return tuple(block for block in self.handed if block.document)

    @property
    def problems(self) -> list[Linked]:
        """All that is wrong with it, each linked to its control."""
        return [*(problem for block in self.handed for problem in block.problems), *problems_of(self.inputs)]


@dataclass(frozen=True, slots=True)
class Kind:
    """What an act is called, what its form asks of a leg, and how what was sent becomes a notice's data."""

    name: str
    button: str
    done: str
    asks: Callable[[Sheet], Sequence[Input]]
    hint: str = ""
    reads: Callable[[Form, Mapping[str, Any], str], dict[str, Any]] | None = None


def text(code: str, label: str, hint: str = "", *, required: bool = True, value: str = "") -> Input:
    """A line of text."""
    return Input(code, code, label, "text", required, hint=hint, value=value)


def long(code: str, label: str, hint: str = "", *, required: bool = True) -> Input:
    """A text of several lines."""
    return Input(code, code, label, "text", required, hint=hint, long=True)


def _reasoned(_sheet: Sheet) -> list[Input]:
    return [text("reason_code", "理由编号", "本单位理由清单里的编号；没有清单的写“其他”"),
            long("reason", "理由", "申请人会看到这段话，请写明依据和怎么办")]


def _asking(sheet: Sheet) -> list[Input]:
    """What the matter asks, to be ticked; the applicant can put all of it right but what other offices give."""
    part = sheet.plan.parts[sheet.planned.leg]
    names = {line.code: str(line.name) for line in sheet.plan.fields}
    papers = {_paper_key(slot): str(slot.name) for slot in part.slots
              if slot.obtained not in _NO_PAPER and not (slot.obtained == "later" and slot.by)}
    fields = [(one.code, names[one.code]) for one in part.declared if not one.given and one.code in names]
    return [
        *([Input("materials", "materials", "要补的材料", "many", False, options=tuple(papers.items()))]
          if papers else ()),
        text("other", "其他材料", "上面没有的，写材料名称", required=False),
        *([Input("fields", "fields", "要改正的填写内容", "many", False, options=tuple(fields))] if fields else ()),
        long("reason", "原因和要求", "申请人会看到这段话，请一次说清全部要补正的内容"),
        Input("days", "days", "补正期限", "integer", hint="从现在起算，期间停止计时", value=USUAL_DAYS),
        Input("unit", "unit", "期限单位", "choice", options=UNITS, value="wd"),
    ]


def _paper_key(slot: MaterialSlot) -> str:
    return slot.taken or slot.key


def _read_asking(form: Form, sent: Mapping[str, Any], token: str) -> dict[str, Any]:
    names = dict(next((item.options for item in form.inputs if item.code == "materials"), ()))
    papers = [{"material": code, "name": names[code]} for code in sent.get("materials", ()) if code in names]
    papers += [{"material": sent["other"], "name": sent["other"]}] if sent.get("other") else []
    fields = [{"field": code} for code in sent.get("fields", ())]
    limit = f"{sent.get('days', '')}{sent.get('unit', 'wd')}"
    return {"ask": f"BZ-{token[:12]}", "materials": papers, "fields": fields, "limit": limit,
            **({"reason": sent["reason"]} if sent.get("reason") else {})}


def _ending() -> Input:
    """When what stands should be over; without it a supervisor looks after twenty working days."""
    return Input("expected_end", "expected_end", "预计结束的日子", "date", False,
                 hint="不填的，超过二十个工作日会列给督办人员")


def _special(sheet: Sheet) -> list[Input]:
    known = "、".join(map(str, sheet.planned.special))
    return [text("kind", "哪种特别程序", f"本事项公布的：{known}" if known else "例如：听证、专家评审、检验检测",
                 value=str(sheet.planned.special[0]) if len(sheet.planned.special) == 1 else ""),
            text("basis", "法律依据", "例如：《行政许可法》第四十五条"), _ending()]


def _special_over(sheet: Sheet) -> list[Input]:
    running = next((pause.why for pause in sheet.leg.pauses if pause.kind == "special" and pause.end is None), "")
    return [text("kind", "哪种特别程序", value=running)]


def _extending(_sheet: Sheet) -> list[Input]:
    return [Input("days", "days", "延长几个工作日", "integer", value=MOST_ADDED),
            long("reason", "延长的理由", "申请人会看到这段话"),
            text("basis", "法律依据", value="《行政许可法》第四十二条"),
            text("approved_by", "谁批准的", "本单位负责人的姓名或职务")]


def _read_extending(form: Form, sent: Mapping[str, Any], token: str) -> dict[str, Any]:  # noqa: ARG001  # as others read
    said = {name: value for name, value in sent.items() if name != "days"}
    return {**said, "limit": f"{sent.get('days', '')}wd"}


def _correcting(sheet: Sheet) -> list[Input]:
    names = sheet.office.authorities
    return [Input("state", "state", "更正后", "choice", options=REOPENED, value=REOPENED[0][0]),
            long("reason", "更正理由", "申请人会看到这段话"),
            Input("authority", "authority", "谁决定更正", "choice", options=tuple((name, name) for name in names),
                  value=names[0] if len(names) == 1 else "")]


def _read_correcting(form: Form, sent: Mapping[str, Any], token: str) -> dict[str, Any]:  # noqa: ARG001  # as others read
    """What was decided no longer stands, and what was handed out with it is void."""
    return {"what": {"void": True, **{name: sent[name] for name in ("state", "reason") if name in sent}},
            **({"authority": sent["authority"]} if "authority" in sent else {})}


def _fee(sheet: Sheet) -> list[Input]:
    basis = str(sheet.planned.fees[0].basis) if sheet.planned.fees else ""
    amount = f"{sheet.planned.fees[0].amount:f}" if sheet.planned.fees else ""
    return [Input("amount", "amount", "金额", "number", unit="元", value=amount),
            text("basis", "收费依据", value=basis)]


def _nothing(_sheet: Sheet) -> list[Input]:
    return []


KINDS: Mapping[str, Kind] = {
    "leg.withdraw_confirmed": Kind("同意撤回", "同意撤回", "已同意撤回，这件已结束", lambda _: [
        long("reason", "说明", required=False)], hint="申请人要求撤回这件。同意后这件结束。"),
    "leg.withdraw_rejected": Kind("不同意撤回", "不同意撤回", "已答复不同意撤回，继续办理", lambda _: [
        long("reason", "理由", "申请人会看到", required=False)]),
    "leg.accepted": Kind("受理", "受理", "已受理，开始计时", lambda _: [
        text("ref", "本单位编号", required=False)]),
    "leg.supplement_required": Kind("要求补正", "发出补正通知", "已发出补正通知，暂停计时", _asking,
                                    reads=_read_asking),
    "leg.not_accepted": Kind("不予受理", "不予受理", "已不予受理，这件已结束", _reasoned,
                             hint="确定后这件结束，申请人会收到理由。不归本单位办的不要在这里结束，请联系平台运维人员转给别的单位。"),
    "leg.in_review": Kind("登记审查步骤", "登记", "已登记", lambda _: [
        text("step", "到了哪一步", "例如：现场勘察、技术审查")]),
    "leg.special_started": Kind("开始特别程序", "开始，暂停计时", "特别程序已开始，暂停计时", _special),
    "leg.special_ended": Kind("结束特别程序", "结束，恢复计时", "特别程序已结束，恢复计时", _special_over),
    "leg.extended": Kind("延长办理期限", "延长", "已登记延长，申请人会看到理由和新的日期", _extending,
                         reads=_read_extending,
                         hint="在期限届满以前登记，只能延长一次；超出法定时限最多十个工作日。"),
    "leg.granted": Kind("办结", "办结", "已办结", _nothing),
    "leg.refused": Kind("不予办理", "不予办理", "已作出不予办理的决定，这件已结束", _reasoned,
                        hint="确定后这件结束，申请人会收到理由。"),
    "leg.delivered": Kind("送达", "登记送达", "已登记送达，这件已结束", lambda _: [
        Input("mode", "mode", "怎样送达", "choice", options=MODES, value="electronic"),
        text("carrier", "快递公司", "邮寄的填，申请人会看到", required=False),
        text("tracking", "快递单号", required=False)]),
    "leg.forwarded": Kind("上报", "上报，暂停计时", "已登记上报，暂停计时", lambda sheet: [
        text("to", "报给谁", value=sheet.planned.forwards_to or ""), _ending()]),
    "leg.simulated": Kind("模拟审批意见", "登记意见，暂停计时", "已登记模拟审批意见", lambda _: [
        long("opinion", "意见", "申请人会看到"), _ending()]),
    "leg.fee": Kind("收费告知", "告知申请人", "已告知收费", _fee),
    "leg.remark": Kind("给申请人留言", "发出", "已发给申请人", lambda _: [long("text", "要告诉申请人的话")]),
    "leg.corrected": Kind("更正", "更正，重新办理", "已更正，这件重新办理", _correcting, reads=_read_correcting,
                          hint="只在决定登记错了时使用。原来的决定和结果作废，留在办理经过里；这件重新办理，申请人会看到理由。"),
}


def form_of(sheet: Sheet, type_: str) -> Form:
    """The blank form of an act."""
    kind = KINDS[type_]
    form = Form(type_, kind.name, kind.button, kind.done, kind.hint)
    inputs = tuple(replace(item, name=f"{form.key}.{item.code}") for item in kind.asks(sheet))
    own = (document_of(sheet, type_),) if type_ in NAMES else ()
    if type_ != "leg.granted":
        return replace(form, inputs=inputs, handed=own)
    blocks, given = blocks_of(sheet)
    return replace(form, handed=(*blocks, *own), inputs=given)


def filled(form: Form, sent: MultiDict[str, str]) -> Form:
    """The form as it was sent, to be shown again."""
    inputs = []
    for item in form.inputs:
        value = pressed(item, sent, sent.get("do", ""))
        missing = form.type in NEEDED and item.required and value is None
        inputs.append(with_value(item, value, [NEEDED[form.type]] if missing else None))
    return replace(form, open=True, inputs=tuple(inputs))


def data_of(form: Form, sent: MultiDict[str, str], token: str) -> dict[str, Any]:
    """What a filled form says, as the data of its notice; blanks are left out."""
    said = {item.code: value for item in form.inputs if (value := read(item, sent)) is not None}
    reads = KINDS[form.type].reads
    papers = read_blocks(form.documents, {})
    documents = {"documents": papers} if papers else {}
    if form.type == "leg.granted":
        return {"results": read_blocks(form.results, said), **documents}
    return {**(said if reads is None else reads(form, said, token)), **documents}


def told_faults(form: Form, tree: Mapping[str, Any]) -> Form:
    """The form with what the desk found wrong at its controls; `tree` are the faults of the notice's data."""
    wrong = {code: flat(says) for code, says in tree.items()}
    if "limit" in wrong:
        wrong["days"] = [DAYS]
    documents, _ = with_faults(form.documents, (), tree.get("documents") or {})
    if form.type == "leg.supplement_required" and _asks_nothing(form):
        wrong[next(item.code for item in form.inputs if item.code in _ASKED)] = [NOTHING_ASKED]
    if form.type == "leg.granted":
        blocks, inputs = with_faults(form.results, form.inputs, tree.get("results") or {})
        return replace(form, handed=(*blocks, *documents), inputs=inputs)
    inputs = tuple(replace(item, errors=tuple(wrong.get(item.code, ()))) for item in form.inputs)
    return replace(form, handed=documents, inputs=inputs)


def _asks_nothing(form: Form) -> bool:
    """Whether nothing at all is asked for; the desk says so only once everything else is right."""
    return not any(item.value for item in form.inputs if item.code in _ASKED)
