"""Slips of the hand in a file: said at the line where they were made, with the line to write."""

import pytest

from catalog.nodes import read_text

GOOD = """vet-permit:
  name: 动物诊疗许可
  code: "000120251000"
  department: ecology-bureau
  limits: {statutory: 20wd, promised: 5wd}
  asks:
    fields:
      - shop_name
    materials:
      - clinic_plan
      - waste_receipt:
          when: has_xray
  gives: [vet_permit]
"""
SLIPS = [
    ("department: ecology-bureau", "department ecology-bureau", 4,
     "缺少半角冒号；请写成「department: ecology-bureau」"),
    ("department: ecology-bureau", "department:ecology-bureau", 4,
     "冒号后面缺少空格；请写成「department: ecology-bureau」"),
    ("department: ecology-bureau", "department：ecology-bureau", 4,
     "全角冒号「：」不能代替半角冒号；请写成「department: ecology-bureau」"),
    ("  department: eco", "\u3000\u3000department: eco", 4, "行首有全角空格"),
    ("  department: eco", "\xa0\xa0department: eco", 4, "行首有全角空格(或不间断空格)"),
    ("  department: eco", "department: eco", 4, "这一行少缩进了 2 格"),
    ("  department: eco", "   department: eco", 4, "这一行比上一行多缩进了 1 格"),
    ('"000120251000"', '"000120251000', 3, "引号没有成对，从这一行开始"),
    ("- clinic_plan", "-clinic_plan", 10, "「-」后面空一格；请写成「- clinic_plan」"),
    ("5wd}", "5wd}}", 5, "多了 1 个「}」"),
    ("5wd}", "5wd", 5, "少了 1 个「}」"),
    ("20wd, promised", "20wd，promised", 5, "要用半角逗号，这里是全角逗号「，」；"
     "请写成「limits: {statutory: 20wd, promised: 5wd}」"),
    ("{statutory: 20wd, promised: 5wd}", "｛statutory: 20wd, promised: 5wd｝", 5, "花括号要用半角；"
     "请写成「limits: {statutory: 20wd, promised: 5wd}」"),
    ("name: 动物诊疗许可", "name: {zh: 射线 #1 防护}", 2, "「 #」后面被当作注释"),
    ("      - clinic_plan", "      clinic_plan", 10, "少了「- 」；请写成「- clinic_plan」"),
    ("vet-permit:\n", " name: 动物诊疗许可\nvet-permit:\n", 1, "第一层的键前面不留空格，这一行多了 1 格"),
    ("  asks:", "  asks", 6, "缺少半角冒号；请写成「asks:」"),
    ("          when: has_xray", "        when: has_xray", 11,
     "「waste_receipt」后面没有内容；请写在冒号后面，或写在下一行并再缩进两格"),
]


@pytest.mark.parametrize(("old", "new", "line", "says"), SLIPS, ids=[slip[1] for slip in SLIPS])
def test_a_slip_is_said_where_it_was_made(old, new, line, says):
    assert GOOD.count(old) == 1
    found = [(problem.place.line, problem.message) for problem in read_text("m.yaml", GOOD.replace(old, new)).problems]
    assert any(at == line and says in message for at, message in found), found


def test_a_good_text_has_no_slip():
    assert read_text("m.yaml", GOOD).problems == ()
