"""Broken definitions: each a small change of the good mini catalogue, refused at the right line with what to write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalog.assemble import assemble
from catalog.check import check, check_departments
from catalog.load import load_catalog, read_folder
from catalog.report import found_in, report_lines
from catalog.text import Problem

MINI = Path(__file__).parent / "mini"
GOOD: Mapping[str, str] = read_folder(MINI)[0]
U, M, T, D, F = "utilities.yaml", "matters/utilities.yaml", "transport.yaml", "materials.yaml", "fields.yaml"


@dataclass(frozen=True)
class Broken:
    """In `file`, `old` becomes `new`; the problem stands in `where` (else there) at the line that holds `at`."""

    file: str
    old: str
    new: str
    at: str
    says: str
    where: str = ""
    level: str = "error"


def problems_of(texts: Mapping[str, str]) -> list[Problem]:
    loaded = assemble(texts)
    return sorted([*loaded.problems, *check(loaded.catalog)])


def line_of(text: str, piece: str) -> int:
    assert text.count(piece) >= 1, f"{piece!r} is not in the text"
    return text[: text.index(piece)].count("\n") + 1


# The forty of language.md section 4 that need no composing, then more of the same kinds.
BROKEN = [
    Broken(U, "  dig_area: {ask: 挖掘", "  line_length: {ask: 又一次}\n  dig_area: {ask: 挖掘", "又一次",
           "重复的键 line_length，第 9 行已有；请删去一处"),
    Broken(U, "say: 只接供水请到窗口", "say: 请先缴清,再来", "请先缴清",
           "「再来」后面没有内容；花括号里的半角逗号会截断文字，请改用全角逗号或加引号"),
    Broken(U, "name: 水气联合报装", "name: &n 水气联合报装", "name: &n", "不允许锚点或别名(&、*、<<)；请把内容写全"),
    Broken(U, "people: [holder, agent]", "people: [holder, holder]", "people:", "角色里重复写了 holder；请删去一处"),
    Broken(U, "name: 水气联合报装", "name: !!str 水气联合报装", "!!str", "不允许类型标记"),
    Broken(U, "people: [holder, agent]", "people: [holder, agent]\nclosed: {why: 不办了, instead: utilitys}", "closed:",
           "一件事 utilitys 不存在；是否想写 utilities？"),
    Broken(U, "people: [holder, agent]", "people: [holder, agent]\nclosed: {why: 不办, instead: utilities}", "closed:",
           "utilities 停办后改办的 utilities 自己也停办了；请写现在可以办的一件事，或删去 instead"),
    Broken(M, "{statutory: 20wd, promised: 2wd, before: 7wd}", "{statutory: 20wd, promise: 2wd}", "promise: 2wd",
           "未知的键 promise；是否想写 promised？可用：statutory、promised、wait、before"),
    Broken(M, "promised: 2wd, before: 7wd}", "promised: 3d, before: 7wd}", "3d",
           "时限 3d 无法识别；请写 3wd(工作日)、3nd(自然日)、3h、4wh(工作小时)、3min 或 3mo"),
    Broken(M, "promised: 2wd, before: 7wd}", "promised: 25wd, before: 7wd}", "25wd", "承诺时限 25wd 超过法定时限 20wd"),
    Broken(M, "promised: 2wd, before: 7wd}", "promised: 1000000wd}", "1000000wd",
           "时限 1000000wd 不在允许范围(0 或 1–400)"),
    Broken(M, "wait: 1wd", "wait: 20nd", "20nd", "公告期 wait 20nd 长于承诺时限 1wd，永远无法按时办结"),
    Broken(M, "- {statutory: 20wd, promised: 3wd, before: 5wd}", "- {when: dig_area > 5, promised: 3wd}",
           "dig_area > 5",
           "条件时限的最后一行必须没有 when，否则可能没有时限可用"),
    Broken(M, "department: gas-utility", "department: gas-utlity", "gas-utlity",
           "部门 gas-utlity 不存在；是否想写 gas-utility？"),
    Broken(M, "{load_kw: {as: rqgf, unit: W}}", "{load_kw: {as: rqgf, type: text}}", "type: text",
           "字段 load_kw 在字典中是数字，本事项写成文字；同一编码类型必须一致"),
    Broken(M, "unit: W}", "unit: kVA}", "kVA", "单位 kVA 不能换算为 kW；请使用 W、kW、MW"),
    Broken(M, "fields: [line_length, dig_area, road_done_on]",
           "fields: [line_length, dig_area, road_done_on, {holder_name: {max_length: 1}}]", "max_length: 1",
           "最长 1(matters/utilities.yaml:40)与最短 2(fields.yaml:1)无法同时满足；请在 decisions 中裁定"),
    Broken(M, "{meter: {options: [DN15, DN20, DN100]}}", "{meter: {options: [DN100]}}",
           "meter: {options: [DN15, DN20]}",
           "选项交集为空：供水报装要求 {DN15, DN20}，燃气报装要求 {DN100}"),
    Broken(M, 'values: {resident: "01", special: "02"}', 'values: {resident: "01"}', 'resident: "01"',
           "部门代码表缺少选项「特种用水」的对应值"),
    Broken(M, "materials: [K14, K24,", "materials: [K14, K24, K99,", "K99", "材料 K99 不存在；清单之外不得要材料"),
    Broken(D, "PR02: {name: 租赁合同, sources: [self]}", "PR02: {name: 租赁合同}", "PR02:",
           "材料 PR02 没有任何来源，也没有事项产生它，谁也提供不了"),
    Broken(D, "CO02: {name: 用地批准,", "CO02: {name: 用地批准, proves: [CO03],", "CO02: {",
           "proves 成环：CO02 → CO03 → CO02"),
    Broken(D, "by: [site_address]}, self]", "by: [project_code]}]", "project_code",
           "共享来源需要字段 project_code，但本一件事(utilities)没有事项询问它；请加入问题或改用上传"),
    Broken(M, "any_of: [PR01, PR02]", "any_of: [PR01]", "any_of: [PR01]", "any_of 至少要有两种材料，现在只有 PR01"),
    Broken(M, "premises: {any_of: [PR01, PR02]}", "PR01: {any_of: [PR01, PR02]}", "PR01: {any_of",
           "PR01 是一种材料的编码，不能又作任选一种的名称；请另取名称"),
    Broken(M, "within: 2wd", "within: 5wd", "within: 5wd", "容缺期限 5wd 超过本事项承诺时限 3wd"),
    Broken(M, "signers: [holder]", "signers: [designer]", "designer",
           "承诺书签署人 designer 不是本一件事的角色；请在 people 中声明"),
    Broken(M, "name: 管线规划备案,", "name: 管线规划备案, department: water-group,", "department: water-group,",
           "变体不得改变部门；变体只能改名称、时限、材料、结果等"),
    Broken(U, "when: dig_area > 0", "when: dig_aera > 0", "dig_aera", "条件里的 dig_aera 不认识；是否想写 dig_area？"),
    Broken(U, "when: dig_area > 0", "when: outside_line && dig_area > 0", "&&", "条件写法不对：「&&」请写 and"),
    Broken(U, "when: dig_area > 0", "when: dig_area ＞ 0", "＞", "条件写法不对：「＞」请写 >"),
    Broken(U, "when: water in services", "when: steam in services", "steam",
           "选项 steam 不在问题 services 的选项中(water、gas)"),
    Broken(U, "外线？, yes_no: yes}", "外线？, yes_no: yes, when: dig_area > 0}", "when: dig_area > 0}",
           "问题互相依赖成环：outside_line → dig_area → outside_line"),
    Broken(M, "when: line_length <= 200, name", "when: gas in services, name", "gas in services",
           "事项的条件用了 services，但本事项没有询问它；事项条件只能用自己询问的字段"),
    Broken(U, "joint-survey: {when: outside_line}", "joint-survey: {when: outside_line, after: road-excavation}",
           "joint-survey: {when", "依赖成环：joint-survey → road-excavation → joint-survey"),
    Broken(U, "plans: before_start, joint-survey: {feeds: [K14]}", "plans: before_start, joint-survey: {feeds: [K24]}",
           "feeds: [K24]}}}", "feeds 写了 K24，但 joint-survey 只产出 K14"),
    Broken(U, "after: {plans: before_start, joint-survey: {feeds: [K14]}}", "optional: yes", "optional: yes",
           "K14 既由 joint-survey 产出又被 pipeline-permit 要求，两者之间没有先后关系；请写 feeds 或 itself"),
    Broken(T, "{each: vehicles}", "{each: trucks}", "each: trucks",
           "each: trucks 没有作为问题或字段询问，无法知道要办几份"),
    Broken(T, "join: all, ", "", "fleet-summary: {after",
           "汇总多份 vehicle-registration 必须写明 join(all、ended、any)"),
    Broken(U, "figures: {services: [water, gas], ", "figures: {", "figures:", "figures 没有回答问题 services"),
    Broken(U, "figures: {services: [water, gas]", "figures: {services: [water, oil]", "oil",
           "services 的回答不对：选项 oil 不存在"),
    Broken(U, "lead: city-management", "lead: city-managment", "city-managment", "是否想写 city-management？"),
    Broken(U, "  joint-survey: {when: outside_line}", '  joint-survey: {when: outside_line, no: "03"}',
           "gas-connection: {",
           "序号 03 已用于 joint-survey"),
    Broken(U, "on: {refused: stop}", "on: {refused: halt}", "halt", "不予许可的后果 halt 不认识；可用：stop、continue"),
    Broken(U, "on: {refused: stop}", "on: {refused: void}", "refused: void", "road-excavation 没有产出结果"),
    Broken(U, "kind: before_decide", "kind: before_decided", "before_decided", "是否想写 before_decide？"),
    Broken(U, "ask: 是否需要新建外线？, yes_no: yes", "ask: 是否需要新建外线？, yes_no: maybe", "maybe",
           "请写 yes 或 no"),
    Broken(U, "{any: [water-supply", "{any: [water-suply", "water-suply", "组里的事项 water-suply 不存在"),
    Broken(U, "outside_line or gas in services", "outside_line or", "outside_line or,", "条件没有写完"),
    Broken(M, "  name: 联合踏勘", "  name: 联合踏勘\n  secret: yes", "joint-survey: {when", "涉密", where=U),
    Broken(M, "gives: [gas_plan]", "gives: [gas_plam]", "gas_plam",
           "结果 gas_plam 既不是材料也不是字段；是否想写 gas_plan？"),
    Broken(M, "gives: [pipeline_receipt]", "gives: [K14]", "feeds: [K24], on", "某个变体不产出 K24", where=U),
    Broken(M, "materials: [K14]}", "materials: [K14, ID01]}", "ID01]", "按角色分别提供；请写成 ID01@角色"),
    Broken(M, "sets: [filer]\n    fields: [site_address, {daily", "sets: [filler]\n    fields: [site_address, {daily",
           "filler", "共同询问 filler 不存在；是否想写 filer？"),
    Broken(M, "as: rysl", "as: holder_name", "as: holder_name", "部门字段名 holder_name 用了两次"),
    Broken(M, "{load_kw: {as: rqgf, unit: W}}", "{load_kw: {max: 6000}}", "max: 6000", "比字典的 5000 更宽"),
    Broken(M, "road_done_on + 60mo", "road_done_on + 60wd", "60wd", "条件里的日期只能加减 mo(月)或 nd(自然日)"),
    Broken(M, "road_done_on + 60mo > today", "road_done_on > 5", "road_done_on > 5", "不能与 5(数字)比较"),
    Broken(M, "when: dig_area > 100", "when: dig_area", "when: dig_area,", "不能单独作条件"),
    Broken(F, "purpose: 办理进度通知", "help: 手机", "mobile:", "敏感字段 mobile 要用 purpose 写明用途"),
    Broken(F, "section: works, not_after", "section: work, not_after", "section: work,",
           "分页 work 不存在；是否想写 works？"),
    Broken(F, "unit: kW", "unit: kw", "unit: kw", "单位 kw 不认识；是否想写 kW？"),
    Broken(F, "key: vin", "key: plate", "key: plate", "关键字段 plate 不存在"),
    Broken(F, "min: 1, max: 5000", "min: 9000, max: 5000", "min: 9000", "没有内容能满足"),
    Broken(F, "type: project_code", "type: projectcode", "projectcode",
           "字段类型 projectcode 不认识；是否想写 project_code？"),
    Broken(F, "options: [DN15, DN20, DN100]", "type: choice", "meter:", "字段 meter 是选择题，但没有 options 或 table"),
    Broken(F, "max: 50000", "max: 050000", "050000", "最大值 050000 不是数字"),
    Broken("regions.yaml", 'parent: "370200"', 'parent: "370300"', "370300", "区划 370300 不存在"),
    Broken("roles.yaml", "id: holder_uscc, shown: holder_name}\nlegal", "id: load_kw, shown: holder_name}\nlegal",
           "load_kw",
           "角色的证件号字段 load_kw 的类型是 number"),
    Broken("calendar/2026.yaml", "2026-01-04", "2025-01-04", "2025-01-04", "2025-01-04 不在 2026 年"),
    Broken("calendar/2026.yaml", "2026-01-04", "2026-02-30", "2026-02-30", "不是日期"),
    Broken("tables.yaml", "place: A区, ", "", "rows:", "表 forbidden 第 1 行缺少列 place"),
    Broken(M, "  name: 联合踏勘", '  name: 联合踏勘\n  code: "0131024000"', "0131024000",
           "旧的 10 位编码；请在前面加上 2 位区划，国家目录的事项写 000131024000"),
    Broken(M, "  name: 联合踏勘", "  name: 联合踏勘\n  code: 11370800MB285591843370117002011", "11370800MB",
           "这是 31 位的实施编码，请只写其中的基本编码 370117002011（第 20 到 31 位）"),
    Broken(M, "  name: 联合踏勘", "  name: 联合踏勘\n  code: 31024", "31024",
           "应为 12 位数字（区划 2、类型 2、主项 5、子项 3），现在是 5 位"),
    Broken(M, "  name: 联合踏勘", '  name: 联合踏勘\n  code: "00O131024000"', "00O131024000", "应为 12 位半角数字"),
    Broken(M, "  name: 联合踏勘", "  name: 联合踏勘\n  code: 990131024000", "990131024000", "前 2 位 99 不是区划"),
    Broken(M, "  name: 联合踏勘", '  name: 联合踏勘\n  code: "001431024000"', "001431024000",
           "第 3、4 位 14 不是事项类型；请写国家的编号：01 行政许可、"),
    Broken(M, "  name: 联合踏勘", '  name: 联合踏勘\n  class: 行政许可\n  code: "000731024000"', "000731024000",
           "事项类型写的是行政许可，基本编码 000731024000 的第 3、4 位 07 却是行政确认", level="warning"),
    Broken("departments.yaml", "level: city}", "level: town}", "level: town", "层级 town 不认识"),
    Broken(D, "licence: business_licence", "licence: busines_licence", "busines_licence",
           "证照 busines_licence 不存在；是否想写 business_licence？"),
    Broken(U, "id: utilities", "id: utilities\nextends: nation", "extends: nation", "上级版本 nation 不存在"),
    Broken(U, "situation:\n", "situation：\n", "situation：", "全角冒号「：」不能代替半角冒号"),
    Broken(U, "on: {refused: stop}}}}", "on: {refused: stop}}}", "road-excavation: {when", "少了 1 个「}」"),
    Broken(U, "lead: city-management", "lead: city-management\ncomposite: {id: c, name: 报告, "
           "issued_by: human-resources, parts: [gas_plan]}", "composite:", "；请写办其中一个事项的部门，或牵头部门"),
    Broken(U, "lead: city-management", "lead: city-management\ncomposite: {id: c, name: 报告, "
           "issued_by: city-management, parts: [gas_plan], shows: [agent_id]}", "composite:", "报告上写不了 agent_id"),
    Broken(U, "lead: city-management", "\tlead: city-management", "\tlead", "制表符"),
    Broken(U, "name: 水气联合报装", "name: 水气\u202e联合报装", "\u202e", "看不见的字符 U+202E"),
    Broken(U, "lead: city-management", "lead: city-management\n---\nid: x", "---", "一个文件只能有一份内容"),
    Broken(D, "{licence: citizen_card}", "{licence: business_licence}", "ID01:",
           "证照 business_licence 的持有人是单位(held_by: enterprise)，一件事 utilities 却按角色 agent(经办人)的"
           "身份证号去查，永远查不到；请把 holder 改成单位角色，或把证照的 held_by 改为 person"),
    Broken(D, "{licence: business_licence, holder: holder}", "{licence: citizen_card, holder: holder}", "BL01:",
           "一件事 utilities 却按角色 holder(申请人)的统一社会信用代码去查"),
    Broken(D, "{licence: business_licence, holder: holder}", "{licence: business_licence}", "BL01:",
           "来源 business_licence 要用 holder 写明查谁的证照，例如 {licence: business_licence, holder: holder}"),
    Broken(D, "by: [site_address]}, self]", "holder: holder}, self]", "K15:",
           "来源 pipe_registry 要用 by 写明按哪些字段查询，例如 {sharing: pipe_registry, by: [holder_uscc]}"),
    Broken("sets.yaml", ", {agent_id: {when: filer == agent}}", "", "materials: [{premises",
           "一件事 utilities 用了角色 agent，但没有事项询问它的证件号字段 agent_id，无法查证照，只能上传",
           where=M, level="warning"),
    Broken("matters/transport.yaml", "到龄确认, department: human-resources, limits: {promised: 1wd}, asks: {fields: [",
           "到龄确认, department: human-resources, limits: {promised: 1wd}, asks: {fields: [{vehicles: {when: "
           "filer == agent}}, vehicles.vin, ", "age-check:", "vehicles 写了 when，它的列 vehicles.vin 没有写，"
           "别的情形下仍会问这张表；请在列上也写同样的 when", level="warning"),
    Broken(M, "pledge: {form: works_pledge, signers: [holder], when: line_length <= 200, text: 我承诺按规范施工}",
           "pledge: yes", "pledge: yes",
           "pledge 要写承诺书的编码(自己取名)和承诺内容，例如 {form: my_pledge, text: 我承诺…}"),
    Broken(M, ", text: 我承诺按规范施工}", ", later_check: 3weeks, text: 我承诺按规范施工}", "3weeks",
           "事后核查的时限 3weeks 无法识别"),
    Broken(M, "materials: [K14, K24, {K16",
           "materials: [{K14: {pledge: {form: works_pledge, text: 我承诺别的}}}, K24, {K16", "road-excavation:",
           "承诺书 works_pledge 在 utilities 里有两种内容(事项 road-excavation 和 road-excavation)，"),
    Broken(M, ", text: 我承诺按规范施工}", "}", "works_pledge", "承诺书 works_pledge 没有写承诺内容", level="warning"),
    Broken(U, "id: utilities", "id: utility", "id: utility",
           "id utility 与文件名 utilities.yaml 不同；请把 id 写成 utilities，或把文件改名为 utility.yaml"),
    Broken(D, "CO02: {name: 用地批准,", "CO02: {name: 用地批准, help: 见 https://example.com 的说明,", "https:",
           "说明里不能写网址(https://…)；请写名称、地点或电话"),
    Broken(D, "CO02: {name: 用地批准,", "CO02: {name: 用地批准, sample: www.example.com,", "www.",
           "里不能写网址(www.…)"),
    Broken(U, "effect: warn}", "effect: warn}\n  - {id: R-1, need: outside_line, say: 又一条}", "又一条",
           "规则编号 R-1 写了两次；请改一个"),
    Broken(M, "special: [{name: 政府批准",
           "rules: [{id: R-1, need: dig_area > 0, say: 请核对}]\n  special: [{name: 政府批准",
           "rules: [", "规则编号 R-1 在一件事 utilities里也有，提示时分不清是哪一条", level="warning"),
    Broken("departments.yaml", "traffic-police: 交警支队", "traffic-police: 城市管理局", "traffic-police",
           "部门 traffic-police 和 city-management 的名称都是「城市管理局」", level="note"),
    Broken(U, "figures: {services: [water, gas], outside_line: yes, line_length: 250, dig_area: 10, filer: agent}\n",
           "", "id: utilities", "没有写 figures(公布的数字按哪种情形算)，前后对比无法公布；请写 "
           "figures: {services: …，", level="warning"),
    Broken(M, "promised: 2wd, before: 7wd}", "promised: ２ 天, before: 7wd}", "２ 天",
           "时限 ２ 天 无法识别；请写 2wd(2个工作日)"),
    Broken(F, "unit: kW", "unit: 千瓦", "unit: 千瓦", "单位 千瓦 不认识；请写 kW"),
    Broken(M, "promised: 2wd, before: 7wd}", "promised: 2WD, before: 7wd}", "2WD", "请写 2wd"),
    Broken(M, "department: gas-utility", "department: 燃气公司", "燃气公司",
           "部门 燃气公司 不存在；要写编码，「燃气公司」的编码是 gas-utility"),
    Broken(M, "materials: [K14, K24,", "materials: [K14, K24, 房产证,", "房产证", "要写编码，「房产证」的编码是 PR01"),
    Broken(M, "any_of: [PR01, PR02]", "any_of: [PR01，PR02]", "PR01，PR02",
           "里有全角标点；几项之间请用半角逗号：[PR01, PR02]"),
    Broken(U, "when: dig_area > 0", "when: dig_area >= 200米", "200米", "「200米」的数字后面不写单位；请写 200"),
    Broken(U, "when: dig_area > 0", "when: outside_line 且 dig_area > 0", "且", "「且」请写 and"),
    Broken(U, "when: dig_area > 0", "when: joint-survey", "when: joint-survey",
           "条件里的名字不能有连字符「-」(会当作减号)：joint-survey"),
    Broken(U, "figures: {services", "form: {project: [site_adress]}\nfigures: {services", "site_adress",
           "字段 site_adress 不存在；是否想写 site_address？"),
    Broken(U, "figures: {services", "form: {projects: [site_address]}\nfigures: {services", "projects",
           "分页 projects 不存在；是否想写 project？"),
    Broken(U, "figures: {services", "form: {works: [site_address]}\nfigures: {services", "works: [",
           "字段 site_address 在分页 project，排不到 works 这一页"),
    Broken(U, "figures: {services", "form: {project: [site_address, site_address]}\nfigures: {services", "project: [",
           "字段 site_address 排了两次；请只留一处"),
    Broken(U, "figures: {services", "form: {project: [project_code]}\nfigures: {services", "project: [",
           "本一件事没有事项要字段 project_code，排了先后也不会显示", level="note"),
    Broken(U, "figures: {services: [water, gas]", "figures: {has_xray: yes, services: [water, gas]", "has_xray",
           "问题 has_xray 不存在；可用：services、outside_line、line_length、dig_area、filer"),
    Broken(U, "days: 2wd}", "days: 2wd, materials: [K16]}", "days: 2wd", "要写成一个数，例如 2，不是列表或花括号"),
    # Whom a person must have agreed for, before somebody else files.
    *(Broken(U, "people: [holder, agent]", f"people: {{holder: {{id: {number}, shown: agent_name, consents: {said}}}}}",
             "people:", says) for number, said, says in (
        ("holder_uscc", "{to: [我同意]}", "只有个人能在网上确认，申请人的证件号字段 holder_uscc 的类型是 uscc"),
        ("agent_id", "{sees: [meter]}", "缺少 to(同意什么)；请补上"),
        ("agent_id", "{to: [我同意], sees: [metre]}", "sees 里的 metre 不在本一件事的申请表上；是否想写 meter？"),
        ("agent_id", "{to: [我同意], sees: [vehicles]}", "sees 里的 vehicles 不在本一件事的申请表上"),
        ("agent_id", "{to: [我同意], when: dig > 5}", "条件里的 dig 不认识"),
        ("agent_id", "{to: [我同意], when: line_length}", "条件里的 line_length 是数字，不能单独作条件"))),
    Broken(U, "people: [holder, agent]", "people: {holder: {id: agent_id, shown: agent_name, consents: yes}}",
           "people:", "consents: yes 不会去问任何人；要请申请人在网上确认，请写 consents: {to", level="warning"),
    Broken(U, "people: [holder, agent]", "people: {agent: {id: agent_id, shown: agent_name, consents: {to: [我同意]}}}",
           "people:", "代办人凭委托办理，不用另外确认；请删去 consents"),
    Broken(T, "name: 车队",
           "name: 车队\npeople: {owner: {id: agent_id, shown: agent_name, consents: {to: [我同意]}}}", "people:",
           "申请表上没有字段 agent_id，无法知道请哪一位owner确认；请让本一件事的一个事项询问它"),
    # For whom the filer consents, once a register found them related.
    *(Broken(U, "people: [holder, agent]",
             "people: {holder: {id: holder_uscc, shown: agent_name}, "
             f"agent: {{id: agent_id, shown: agent_name, related: {{{said}}}}}}}",
             "people:", says) for said, says in (
        ("registers: [{sharing: kin, by: [holder_uscc, agent_id]}]", "缺少 law(依据)；请补上"),
        ("law: 示例法, registers: [{sharing: kin}]", "缺少 by(查询条件)；请补上"),
        ("law: 示例法", "缺少 registers(先查的登记)；请补上"),
        ("law: 示例法, registers: [{sharing: dead, by: [agent_id]}]",
         "by 同时写经办人的证件号 agent_id 和另一个角色的证件号，例如 by: [holder_uscc, agent_id]，才查得到"),
        ("law: 示例法, registers: [{sharing: kin, by: [holder_uscc, meter]}]", "by 同时写经办人的证件号 agent_id"),
        ("law: 示例法, registers: [{sharing: kin, by: [agent_id, holder_uscc]}], when: dig > 5", "条件里的 dig 不认识"),
        ("law: 示例法, registers: [{sharing: kin, by: [holder_uscc, agent_id, metre]}]", "申请表上没有字段 metre"))),
    Broken(T, "name: 车队",
           "name: 车队\npeople: {owner: {id: agent_id, shown: agent_name, consents: {to: [我同意]}, "
           "related: {law: 示例法, registers: [{sharing: kin, by: [agent_id, holder_uscc]}]}}}", "people:",
           "owner已经写了 consents，由本人确认，不能再由填表人代为同意；请删去其中一个"),
    Broken("roles.yaml", "shown: agent_name}", "shown: agent_name, consents: yes}", "agent:",
           "consents: yes 不会去问任何人", level="warning"),
]


def test_the_mini_catalogue_is_good() -> None:
    assert problems_of(GOOD) == []


@pytest.mark.parametrize("case", BROKEN, ids=[f"{case.file}: {case.new[:40]}" for case in BROKEN])
def test_a_broken_definition_is_refused_at_its_line(case: Broken) -> None:
    assert case.old in GOOD[case.file]
    texts = {**GOOD, case.file: GOOD[case.file].replace(case.old, case.new, 1)}
    where = case.where or case.file
    found = problems_of(texts)
    expected = f"{where}:{line_of(texts[where], case.at)}"
    there = [problem for problem in found if str(problem.place) == expected and case.says in problem.message]
    assert there, f"{expected}: {case.says}\nfound:\n" + "\n".join(map(str, found))
    assert there[0].level == case.level


def test_all_problems_come_at_once_sorted_by_file_and_line() -> None:
    texts = dict(GOOD)
    for case in (case for case in BROKEN if case.file == M and case.new.count("\n") == case.old.count("\n")):
        texts[M] = texts[M].replace(case.old, case.new, 1)
    found = problems_of(texts)
    assert len({problem.place for problem in found}) > 8
    assert found == sorted(found)


def test_a_department_without_a_body_in_a_region_is_refused() -> None:
    catalog = assemble(GOOD).catalog
    everywhere = {code: {""} for code in catalog.departments}
    assert check_departments(catalog, everywhere) == ()
    there = {**everywhere, "gas-utility": {"370200"}, "water-group": {"370202"}}
    assert check_departments(catalog, there) == ()
    missing = [str(problem) for problem in check_departments(catalog, {**there, "gas-utility": set()})]
    assert missing == [
        "matters/utilities.yaml:11: 部门 gas-utility 没有配置对接方式，事项无法送达；请在部门接入清单中补上"]
    moved = {**there, "gas-utility": {"370000"}, "traffic-police": {"110000"}}
    elsewhere = [str(one) for one in check_departments(catalog, moved)]
    assert any("部门 traffic-police 在区划 370202 没有配置对接方式（" in one for one in elsewhere)


def test_a_missing_department_is_one_fault_with_all_its_matters() -> None:
    catalog = assemble(GOOD).catalog
    kinds = sorted({matter.department for matter in catalog.matters.values()})
    found = check_departments(catalog, {})
    assert sorted(str(one).partition("部门 ")[2].split(" ")[0] for one in found) == kinds
    for one in found:
        kind = one.message.partition("部门 ")[2].split(" ")[0]
        places = sorted(catalog.places.of("matters", matter.id, "department").line
                        for matter in catalog.matters.values() if matter.department == kind)
        assert one.place.line == places[0]
        assert one.message.count(":") == (len(places) if len(places) > 1 else 0)


def test_regions_without_a_department_are_said_in_one_line() -> None:
    catalog = assemble(GOOD).catalog
    served = {code: {""} for code in catalog.departments} | {"traffic-police": {"110000"}, "gas-utility": {"370202"}}
    found = [one.message for one in check_departments(catalog, served)]
    assert len(found) == len({message.split(" 在区划")[0] for message in found})


def test_only_unreadable_files_are_reported_while_there_are_any() -> None:
    broken = {**GOOD, M: GOOD[M].replace("department: gas-utility", 'department: "gas-utility'), "new.yaml": "id: x"}
    loaded = assemble(broken)
    assert len(problems_of(broken)) > 5
    found = found_in(loaded)
    assert {problem.place.file for problem in found} == {M}
    assert report_lines(found, True)[-1].endswith("这些文件还读不出来，先改好它们，再运行一次看其余的。")


def test_errors_come_before_warnings_and_notes_wherever_they_stand() -> None:
    texts = {**GOOD, "departments.yaml": GOOD["departments.yaml"] + "other: 城市管理局\n",
             U: GOOD[U].replace("lead: city-management", "lead: nobody")}
    found = found_in(assemble(texts))
    assert [problem.level for problem in found] == ["error", "note"]
    assert report_lines(found)[0].startswith(U)


def test_files_that_are_no_text_or_too_large_are_named(tmp_path: Path) -> None:
    (tmp_path / "fields.yaml").write_bytes("a: 甲\nb: 乙".encode("gb18030"))
    (tmp_path / "sets.yaml").write_text("#" * 1_000_001)
    (tmp_path / "roles.yml").write_text("a: 1")
    (tmp_path / "店.yaml.txt").write_text("a: 1")
    (tmp_path / "TABLES.YAML").write_text("a: 1")
    (tmp_path / "feilds.yaml").write_text("a: 甲")
    (tmp_path / "mater").mkdir()
    (tmp_path / "mater" / "x.yaml").write_text("a: 甲")
    found = [str(problem) for problem in load_catalog(tmp_path).problems]
    assert found == [
        "TABLES.YAML:1: 定义文件的名字要以 .yaml 结尾；请改名为 TABLES.yaml",
        "feilds.yaml:1: 这个文件没有 id，不是一件事；也不是字典文件；是否想写 fields？",
        "fields.yaml:1: 文字编码不是 UTF-8；请另存为 UTF-8",
        "mater/x.yaml:1: 不认识的文件夹 mater；是否想写 matters？可用：departments、regions、sections、fields、"
        "materials、licences、roles、tables、windows、sets、matters、calendar",
        "roles.yml:1: 定义文件的名字要以 .yaml 结尾；请改名为 roles.yaml",
        "sets.yaml:1: 文件超过 1 MB；请拆成几个文件",
        "店.yaml.txt:1: 定义文件的名字要以 .yaml 结尾；请改名为 店.yaml",
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "# 以后再写\n"])
def test_an_empty_file_says_so(text: str) -> None:
    found = [str(one) for one in problems_of({**GOOD, "later.yaml": text})]
    assert found == ["later.yaml:1: 文件里没有内容；请写上定义，或删去这个文件"]


def test_a_key_without_a_value_is_one_problem() -> None:
    found = problems_of({**GOOD, U: GOOD[U].replace("lead: city-management", "lead:")})
    assert [problem.message for problem in found] == [
        "「lead」后面没有内容；请写在冒号后面，或写在下一行并再缩进两格，不需要就删去这一行"]


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    assert "没有任何 .yaml 文件" in load_catalog(tmp_path).problems[0].message


@pytest.mark.parametrize("text", ["[" * 5000, "{a: " * 5000, "- " * 5000 + "x", "a: " + "[" * 30 + "]" * 30])
def test_deep_nesting_is_refused_without_a_traceback(text: str) -> None:
    found = problems_of({**GOOD, "deep.yaml": text})
    assert any(problem.place.file == "deep.yaml" for problem in found)


def test_a_variant_that_its_follower_never_meets_may_give_less() -> None:
    less = {**GOOD, M: GOOD[M].replace("gives: [pipeline_receipt]", "gives: [K14]", 1)}
    assert "variant_gives" in {problem.code for problem in problems_of(less)}
    apart = {**less, U: less[U].replace("road-excavation: {when: dig_area > 0,",
                                        "road-excavation: {when: dig_area > 0 and line_length > 200,", 1)}
    assert "variant_gives" not in {problem.code for problem in problems_of(apart)}
