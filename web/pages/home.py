"""Home by life stage with a search by name, and one page for each bundle: what it is and what it saves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import render_template, request

from catalog.bundle import Bundle
from catalog.matter import Matter
from forms.counts import Figures
from forms.windows import closing, window_of, window_words
from web.pages.acting import chosen, offered
from web.pages.root import bp, bundle_of, figures_plan, today
from web.pages.words import called, guide_lines, phone_of
from web.pictures.before_after import before_after, pairs
from web.pictures.map import drawn_map, explained
from web.pictures.merge import merge
from web.pictures.stations import in_words, planned
from web.wiring import house

GUIDE = (
    ("who", "谁可以办"), ("what", "能办什么"), ("before_you_start", "开始前准备"), ("steps", "怎么办"),
    ("after_you_file", "提交以后"), ("text", "说明"), ("notes", "提示"), ("contact", "咨询"),
)

ALIKE: Mapping[str, tuple[str, ...]] = {
    "用电": ("供电",), "用水": ("供水",), "自来水": ("供水",), "煤气": ("燃气",), "天然气": ("燃气",),
    "暖气": ("供热",), "宽带": ("通信",), "网络": ("通信",), "孩子": ("新生儿",), "宝宝": ("新生儿",),
    "小孩": ("新生儿",), "生孩子": ("新生儿",), "上户口": ("落户", "户口"), "出生证": ("出生医学证明",),
    "养老金": ("养老",), "退休金": ("养老",), "关门": ("注销",), "关店": ("注销",), "关公司": ("注销",),
    "不干了": ("注销",), "公司": ("企业",),
    "货车": ("运输企业",), "买车": ("机动车",), "上牌": ("机动车",), "超限": ("大件",), "超宽": ("大件",),
    "挖路": ("挖掘",), "砍树": ("树木",), "开店": ("餐饮",), "饭店": ("餐饮",), "餐馆": ("餐饮",), "奶茶": ("餐饮",),
    "上学": ("入学",), "报名": ("入学",), "学区": ("入学",), "幼升小": ("入学",), "小升初": ("入学",),
    "买房": ("二手房",), "过户": ("二手房",), "房产证": ("不动产",), "社保卡": ("社会保障卡",), "挂失": ("社会保障卡",),
    "残疾证": ("残疾人证",), "护理费": ("护理补贴",), "低保": ("生活补贴",),
    "倒闭": ("破产",), "管理人": ("破产",), "失信": ("信用",), "黑名单": ("信用",), "异常名录": ("信用",),
    "罚款": ("处罚",), "搬走": ("迁移",), "演唱会": ("演出",), "音乐会": ("演出",), "晚会": ("演出",),
    "改名": ("信息变更",), "搬家": ("信息变更", "迁移"), "法人": ("信息变更",), "换法人": ("信息变更",),
}
EVERYDAY = ("用电", "孩子", "退休", "注销", "货车", "大件", "落户", "上牌")
MOST_SUGGESTED = 4
# The course of a life, then that of an enterprise; a stage of an author's own stands behind them.
COURSE = ("出生", "入学", "婚姻", "就业", "安居", "社会保障", "扶残助困", "退休", "身后", "开办经营", "招用员工",
          "项目建设", "交通运输", "文化演出", "企业变更", "企业信用", "企业退出")


@dataclass(frozen=True, slots=True)
class Card:
    """A bundle on the home page; `closed` says why it takes nothing new ("" while it does)."""

    bundle: Bundle
    matters: int
    figures: Figures
    closed: str = ""


@bp.get("/")
def home() -> str:
    """Everything that can be filed, by life stage; `q` narrows it by name, summary or matter. What takes nothing new is
    found by who looks for it."""
    words = request.args.get("q", "").strip()[:50]
    cards = [_card(bundle) for bundle in house().catalog.on_offer if matches(bundle, words)]
    found = [card for card in cards if words or not card.closed]
    stages: dict[str, list[Card]] = {}
    for card in found:
        stages.setdefault(card.bundle.stage or "其他", []).append(card)
    stages = {stage: stages[stage] for stage in sorted(stages, key=_place_in_course)}
    return render_template("home.html", stages=stages, words=words, count=len(found),
                           suggestions=suggestions() if words and not found else [])


def _card(bundle: Bundle) -> Card:
    plan = figures_plan(bundle)
    return Card(bundle, len(plan.legs), plan.figures, closing(house().catalog, bundle, today()) or "")


def _place_in_course(stage: str) -> int:
    return COURSE.index(stage) if stage in COURSE else len(COURSE)


def matches(bundle: Bundle, words: str) -> bool:
    """Whether every word of a search, or one that means the same, occurs in what the bundle says about itself."""
    catalog = house().catalog
    names = [str(catalog.matter_of(bundle, entry.matter).name) for entry in bundle.entries]
    guide = [line for _, lines in guide_parts(bundle) for line in lines]
    said = " ".join([*bundle.name.lines.values(), bundle.summary or "", bundle.stage, *names, *guide]).lower()
    return all(_occurs(word, said) or _occurs_in_two(word, said) for word in words.lower().split())


def _occurs(word: str, said: str) -> bool:
    return any(one in said for one in (word, *ALIKE.get(word, ())))


def _occurs_in_two(word: str, said: str) -> bool:
    """Whether two words written as one both occur: 注销公司 is 注销 and 公司."""
    return any(_occurs(word[:cut], said) and _occurs(word[cut:], said) for cut in range(2, len(word) - 1))


def suggestions() -> list[str]:
    """Everyday words that would find something here."""
    bundles = house().catalog.on_offer
    return [word for word in EVERYDAY if any(matches(bundle, word) for bundle in bundles)][:MOST_SUGGESTED]


@bp.get("/bundles/<bundle>")
def bundle(bundle: str) -> str:
    """What a bundle is, who it is for, what to prepare, and its figures before and after."""
    found = bundle_of(bundle)
    plan = figures_plan(found)
    catalog, net = house().catalog, planned(plan, called)
    window, departments = window_of(catalog, found), catalog.departments
    mandates, more = offered(found.id)
    return render_template(
        "bundle.html", bundle=found, plan=plan, guide=list(guide_parts(found)), pairs=pairs(plan),
        bars=before_after(plan), merge=merge(plan, called), map=drawn_map(net, "办理顺序"), map_words=in_words(net),
        lines=explained(net), window=window_words(window) if window else "",
        closed=closing(catalog, found, today()),
        instead=next((one for one in catalog.on_offer if found.closed and one.id == found.closed.instead), None),
        lead=departments[found.lead].name if found.lead else "",
        about={leg.matter: about_matter(catalog.matter_of(found, leg.matter)) for leg in plan.legs},
        phones={leg.leg: phone_of(leg) for leg in plan.legs}, mandates=mandates,
        more_mandates=more, under=chosen(found.id),
    )


def about_matter(matter: Matter) -> str:
    """On what a matter rests and how it is handled, as far as the author says."""
    basis = f"依据：{matter.basis}" if matter.basis else ""
    return "；".join(part for part in (str(matter.handling or ""), basis) if part)


def guide_parts(bundle: Bundle) -> Iterable[tuple[str, list[str]]]:
    """The guide as headings with lines, in a fixed order; what the author left out is left out."""
    for key, heading in GUIDE:
        if said := guide_lines(bundle.guide, key):
            yield heading, said
