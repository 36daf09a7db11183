"""The plan as text: the situation first, then what stands in the way, then matters, form, materials, figures."""

from datetime import date
from functools import cache
from pathlib import Path

import pytest

from catalog.load import load_catalog
from forms.compose import compose
from forms.shown.plan_text import plan_lines, pledge_texts

TODAY = date(2026, 3, 2)


@cache
def shipped():
    return load_catalog(Path(__file__).resolve().parents[2] / "bundles").catalog


def text(bundle, **answers):
    catalog = shipped()
    situation = {**catalog.bundles[bundle].figures, **answers}
    places = {code: str(region.name) for code, region in catalog.regions.items()}
    return plan_lines(compose(catalog, bundle, situation, today=TODAY), pledge_texts(catalog.matters.values()), places)


@pytest.mark.parametrize("bundle", sorted(shipped().bundles))
def test_every_shipped_bundle_has_a_text_in_plain_words(bundle):
    lines = text(bundle)
    heads = [line for line in lines if line and not line.startswith(" ")]
    assert heads[1] == "按这样的情形"
    assert heads[-1] in {"前后对比", "要把改革前的天数算准"}
    assert not any(word in line for line in lines for word in ("undecided", "block", "None"))


def test_what_is_open_stands_before_the_matters():
    lines = text("newborn", has_certificate=None)
    assert lines.index("待定") < next(at for at, line in enumerate(lines) if line.startswith("办 "))


@pytest.mark.parametrize(("bundle", "line"), [
    ("oversize", "途经哪些省份？ 山东省、江苏省、上海市"),
    ("transport-company", "请逐辆填写车架号和总质量 车架号 LSGJA52U9AH000018，总质量 18000；"
     "车架号 LZZ5CLVB9NA000024，总质量 3500"),
])
def test_an_answer_is_said_by_the_names_of_regions_and_columns(bundle, line):
    assert f"  {line}" in text(bundle)


def test_order_rows_counts_and_pledges_are_said():
    lines = "\n".join(text("utilities", line_length=150))
    assert "可以同时办，等 09 市政管线建设工程规划备案 办结才能决定" in lines
    assert "多行表按列算是" in lines
    assert "每行填：" in lines
    assert "承诺内容：我单位承诺按规范围挡" in lines
    assert "〔从电子证照库调取〕" in lines


def test_what_is_not_needed_once_another_is_refused_says_whether_one_or_all_of_several():
    assert "     03 动物诊疗许可 没办成，这里也不办" in text("pet-clinic")
    assert any(line.endswith(" 都没办成，这里也不办") and "、" in line for line in text("utilities"))


def test_what_everybody_asks_is_said_in_three_words():
    lines = text("utilities")
    assert any(line.endswith("联系手机  全部事项都要") for line in lines)
