"""What a run is: how much is filed, who misbehaves how, what is killed, and what must be found fast enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FAILPOINTS = (
    "accept.before_commit", "accept.after_commit", "push.after_lease", "push.after_response",
    "push.after_outcome_commit", "notice.after_verify", "notice.before_commit", "notice.after_commit",
    "upload.after_write", "upload.after_rename", "audit.before_append", "publish.mid", "mandate.before_commit",
    "mandate.after_commit", "mandate.after_end", "news.before_commit", "bulletin.after_lease", "bulletin.after_answer",
    "scan.after_look", "scan.before_follow", "agreement.before_commit", "agreement.after_commit",
    "factor.after_commit",
)
AGREEMENTS = tuple(name for name in FAILPOINTS if name.startswith(("agreement.", "accept.")))
SELDOM = frozenset({"publish.mid", "news.before_commit", *(  # passed once in a while: the first time counts
    name for name in FAILPOINTS if name.startswith(("mandate.", "bulletin.", "scan.", "agreement.", "factor.")))})
OFFICES = (
    "city-management", "garden-bureau", "gas-utility", "heat-utility", "planning-bureau", "power-grid", "telecom-desk",
    "traffic-police", "transport-bureau", "water-bureau", "water-group",
)
# What further offices of a kind are called after the first, and whose they are: nothing is filed there, so they get
# only what is taken to them. A leg may go on to a third one while the first has not heard yet that it left.
FURTHER: Mapping[str, str] = {"-east": "370203", "-west": "370211"}
OBSTINATE = 0.3  # the share of the legs that left of which an office goes on reporting
BUYER, LATECOMER = "buyer", "latecomer"  # under which names the sample applicant files other bundles
CLOSED = "retirement"  # the bundle that takes nothing new from a day on
SCHOOL = "school-entry"  # the bundle in which those file who close their account
SOLD = "home-transfer"  # the bundle in which somebody else must agree before it is filed
DESKS = ("transport-bureau",)  # have no system: officers work on the portal's own pages
GATEWAY_PATH, GATEWAY_SECRET, IDENTITY_SECRET = "/gateway", "gateway.secret", "identity.secret"
REACHED = "13907315628"  # somebody agrees to be told by it, until they do no more; chains begin with zeros
RATED = "评价用语示例"  # stands in the words of every rating, and must come to no department
PRIVATE = ("370202198001019912", "370202198503029926", "13800000001", "sample@example.com", "示例不动产权第", RATED,
           "370202199308099958", "37020219950607994X", "370202196604059930", REACHED)  # what must stand open nowhere
Script = Mapping[str, Mapping[str, Any]]

LOSES: Mapping[str, Any] = {  # takes every message and loses many answers; it cannot be asked
    "can_be_asked": False, "rules": [
        {"chance": 0.08, "attempts": [1, 2], "after": "reset:0"}, {"chance": 0.05, "attempts": [1, 2], "after": "hang"},
        {"chance": 0.06, "attempts": [1, 3], "after": "length"}, {"chance": 0.06, "attempts": [1, 3], "after": "500"},
        {"chance": 0.04, "attempts": [1, 2], "after": "reset:60"}]}
LEGACY: Mapping[str, Any] = {  # an old system: whatever comes is done again; it has to be asked, and reads late
    "effect": "call", "honours_keys": False, "lag": 0.3, "manners": {"slow": 0.5, "plain": 0.5}, "rules": [
        {"chance": 0.12, "attempts": [1, 2], "after": "reset:0"}, {"chance": 0.05, "attempts": [1, 2], "after": "hang"},
        {"chance": 0.08, "attempts": [1, 2], "before": "500", "effect": "none"},
        {"chance": 0.06, "attempts": [1, 2], "before": "reset", "effect": "none"}]}
RUDE: Mapping[str, Any] = {  # answers everything that a gateway in front of a system can answer
    "rules": [
        {"chance": 0.05, "attempts": [1, 2], "before": "500"}, {"chance": 0.05, "attempts": [1, 2], "before": "429:1"},
        {"chance": 0.04, "attempts": [1, 2], "before": "refuse"}, {"chance": 0.03, "attempts": [1, 1], "after": "drip"},
        {"chance": 0.03, "attempts": [1, 1], "after": "bomb"}, {"chance": 0.05, "attempts": [1, 2], "after": "html"},
        {"chance": 0.05, "attempts": [1, 2], "after": "gbk"}, {"chance": 0.05, "after": "odd"},
        {"chance": 0.04, "attempts": [1, 2], "before": "sleep:0.8"},
        {"mod": [200, 7], "attempts": [1, 1], "before": "401"},
        {"mod": [200, 8], "attempts": [1, 1], "after": "redirect"}]}
ASKING: Mapping[str, Any] = {  # asks for a supplement now and then, and loses answers to later messages
    "manners": {"asks": 0.05, "tarries": 0.15, "short": 0.8}, "refuses": {"16": 0.1}, "rules": [
        {"types": ["leg.supplemented", "leg.withdrawn"], "chance": 0.3, "attempts": [1, 1], "effect": "none",
         "after": "html"},
        {"types": ["leg.urged"], "chance": 0.3, "attempts": [1, 2], "after": "reset:0"},
        {"types": ["leg.urged"], "chance": 0.2, "attempts": [1, 1], "effect": "none", "after": "500"}]}
HASTY: Mapping[str, Any] = {  # reports before it has answered, several times, and the last thing first
    "manners": {"early": 0.3, "copies": 0.3, "backwards": 0.2, "plain": 0.2},
    "rules": [{"chance": 0.05, "attempts": [1, 1], "after": "reset:0"}]}
BESET: Mapping[str, Any] = {  # somebody else reports in its name
    "manners": {"beset": 0.3, "backwards": 0.2, "short": 0.5}, "refuses": {"14": 0.2},
    "rules": [{"chance": 0.04, "attempts": [1, 1], "after": "500"}]}
CARELESS: Mapping[str, Any] = {"rules": [  # the message gateway: hangs, fails, and loses answers to what it has taken
    {"types": ["news.told"], "chance": share, "attempts": [1, 2], **trouble} for share, trouble in (
        (0.12, {"after": "hang"}), (0.08, {"before": "500"}), (0.08, {"before": "429:2"}), (0.12, {"after": "reset:0"}),
        (0.06, {"after": "html"}), (0.06, {"after": "gbk"}), (0.06, {"before": "reset"}), (0.06, {"after": "length"}))]}
FIVE: Script = {"power-grid": LOSES, "heat-utility": LEGACY, "gas-utility": RUDE, "telecom-desk": HASTY,
                "garden-bureau": BESET, "water-bureau": ASKING, "message-gateway": CARELESS}
CALM: Script = {
    "city-management": {"manners": {"short": 1.0}, "refuses": {"17": 0.1}},
    "water-bureau": {"manners": {"asks": 0.05, "short": 0.95}, "refuses": {"16": 0.1}},
    "transport-bureau": {"refuses": {"15": 0.1}, "manners": {"short": 1.0}},
    "water-group": {"manners": {"short": 0.9, "copies": 0.1}}, "planning-bureau": {"manners": {"short": 1.0}},
    "traffic-police": {"manners": {"short": 1.0}},
}
PATIENT: Script = {"traffic-police": {"manners": {"short": 0.8, "tarries": 0.2}}}  # some of its legs become late
WILD: Script = {**CALM, **FIVE, **PATIENT}
LATER: Script = {**CALM, "traffic-police": {"manners": {"tarries": 1.0}}}
FORGETFUL: Mapping[str, Any] = {"rules": [  # a message gateway that loses most of its first answers
    {"types": ["news.told"], "chance": 0.6, "attempts": [1, 1], "after": "reset:0"},
    {"types": ["news.told"], "chance": 0.5, "attempts": [1, 1], "before": "500"},
    {"types": ["news.told"], "chance": 0.5, "attempts": [1, 2], "before": "429:1"}]}
ENTRUSTED: Script = {**LATER, "water-bureau": {"manners": {"asks": 0.7, "short": 0.3}, "refuses": {"16": 0.2}},
                     "message-gateway": FORGETFUL}
RINGING: Script = {**CALM, "message-gateway": {"rules": [
    {"types": ["news.told"], "attempts": [1, 1], "after": "hang"}]}}
MOVED = ("gas-utility", "power-grid", "telecom-desk", "water-bureau", "water-group")


def parting(plays: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:
    """The same department, which often does not take it at once that a leg has left, and else does to that message what
    it does to a filing; a filing is often under way for a while."""
    told = [{"types": ["leg.filed", "leg.transferred"], **rule} for rule in plays.get("rules", ())]
    return {**plays, "rules": [DEAF, THINKS, *told], **more}


def offices_of(kind: str) -> tuple[str, ...]:
    """All offices of a kind that has several, the first one first."""
    return (kind, *(f"{kind}{name}" for name in FURTHER))


def in_three(script: Script, kinds: tuple[str, ...]) -> Script:
    """The same where each of these kinds has further offices that play as the first."""
    return {**script, **{office: script.get(kind, {}) for kind in kinds for office in offices_of(kind)}}


DEAF: Mapping[str, Any] = {"types": ["leg.transferred"], "chance": 0.4, "attempts": [1, 2], "before": "500"}
THINKS: Mapping[str, Any] = {"chance": 0.4, "attempts": [1, 1], "before": "sleep:0.8"}
TRANSFERRED: Script = in_three({
    **LATER, "power-grid": parting(LOSES, manners={"tarries": 0.7, "copies": 0.3}),
    "gas-utility": parting(RUDE, manners={"tarries": 0.7, "slow": 0.3}),
    "water-group": parting({}, manners={"tarries": 1.0}),
    "telecom-desk": parting(HASTY, manners={"tarries": 0.5, "early": 0.2, "copies": 0.2, "backwards": 0.1}),
    "water-bureau": parting(ASKING, manners={"asks": 0.4, "tarries": 0.6})}, MOVED)
BY_HAND = ("transport-bureau", "water-bureau")
# The smallest in which each planted bug shows.
TOLD: Mapping[str, Any] = {
    "manners": {"early": 0.3, "copies": 0.3, "beset": 0.1, "backwards": 0.1, "short": 0.2},
    "rules": [{"chance": 0.3, "attempts": [1, 1], "after": "reset:0"},
              {"chance": 0.2, "attempts": [1, 1], "after": "500"}]}
ASKS: Mapping[str, Any] = {  # asks for a supplement, and the answer to its answer is a page
    "manners": {"asks": 1.0}, "rules": [
        {"types": ["leg.supplemented"], "attempts": [1, 1], "effect": "none", "after": "html"}]}
MIXED: Script = {**dict.fromkeys(OFFICES, TOLD), "water-bureau": ASKS, "heat-utility": {
    **LEGACY, "manners": {"slow": 1.0}, "rules": [{"chance": 0.5, "attempts": [1, 1], "after": "reset:0"}]}}
LATE: Script = {**CALM, "city-management": {"manners": {"short": 1.0}, "rules": [
    {"attempts": [1, 1], "before": "500"}, {"attempts": [2, 2], "before": "sleep:27"}]}}
BUSY: Mapping[str, Any] = {  # does not take some filings at their first attempt
    "manners": {"short": 1.0}, "rules": [{"types": ["leg.filed"], "chance": 0.3, "attempts": [1, 1], "before": "500"}]}
REGRETTED: Script = dict.fromkeys(OFFICES, BUSY)
HANGING: Script = {**CALM, "water-group": {"rules": [{"attempts": [1, 1], "after": "hang"}]}}


SURE: Mapping[str, Any] = {"manners": {"at once": 1.0}}  # its answer to a filing is the decision, with a file in it
ANSWERING: Script = {**CALM, "garden-bureau": SURE, "telecom-desk": SURE}
DENYING: Script = {**CALM, "heat-utility": {  # does whatever comes again, and does not find for long what it has
    "effect": "call", "honours_keys": False, "lag": 150.0, "manners": {"slow": 1.0},
    "rules": [{"attempts": [1, 1], "before": "reset", "effect": "none"}]}}

# How officers press, by share; what is left is pressed once and its answer waited for.
WAYS: Mapping[str, float] = {"twice": 0.08, "cut": 0.12, "old": 0.06, "other": 0.05, "both": 0.04, "words": 0.04}


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of run. `kills` are spread over the filing of `applications`; `armed` are failpoints in force all the
    while; `quick_seconds` is what a leg may take to a department that does nothing wrong, outages not counted;
    `drain_seconds` what everything may take to its end once all is filed, longer while more and more ends."""

    applications: int
    kills: int = 0
    clients: int = 4
    script: Script = field(default_factory=lambda: WILD)
    failpoint_share: float = 0.5
    failpoints: tuple[str, ...] = FAILPOINTS
    jumps: int = 0
    publications: int = 0
    armed: str = ""
    deadline: float = 2.0
    at_once: int = 6
    quick_seconds: float = 10.0
    drain_seconds: float = 240.0
    withdraws: float = 0.05
    regret_seconds: float = 2.0  # within which an application is taken back: legs that were tried in vain are among it
    repeats: float = 0.1
    pauses: tuple[float, float] = (0.5, 2.6)
    quiet_seconds: float = 3.0
    calms_down: bool = True  # the departments behave once everything is filed
    desks: tuple[str, ...] = ()  # the offices without a system
    officers: int = 2  # at each of them
    ways: Mapping[str, float] = field(default_factory=lambda: WAYS)
    days: int = 0  # how often the clock leaps by days, which makes late what tarries
    urge_seconds: float = 0.0  # that the first such leap waits for what the platform does of itself once a minute
    follows: float = 0.0  # the share of the applications whose applicants urge and rate
    entrusts: int = 0  # how often principals give the mandates that they end (`chaos/agents.py`); 0: nobody does
    entrust_pauses: tuple[float, float] = (0.0, 1.0)
    signs_in: bool = False  # whether people sign in by the identity platform, again and again
    moves: tuple[str, ...] = ()  # the kinds with further offices, between which an operator takes legs to and fro
    move_pauses: tuple[float, float] = (0.1, 0.6)
    scan_pauses: tuple[float, float] | None = None  # seconds between troubles of the virus scanner; None: there is none
    scan_stops: float = 1.0  # how many times as long as usual it stops answering before it is killed
    scan_errors: float = 0.0  # the share of the streams of which it cannot tell at first
    agrees: int = 0  # how many applications somebody else must agree to (`chaos/agreeing.py`)
    agree_pauses: tuple[float, float] = (0.0, 1.0)
    closes: int = 0  # how much is filed of a bundle that is closed on a day which the clock leaps over; 0: none is
    rate: float = 0.0  # times the usual rates of requests; 0: nobody is counted
    leaves: int = 0  # how many people close their account
    factors: bool = False  # whether the staff needs a second factor, and clerks try it again and again
    brings: int = 0  # how many applications come with an infected paper
    archives: int = 0  # of how many cases packages are made
    away: str = ""  # the office that is away for more than a week (`chaos/absence.py`); "": none is
    probes: int = 0  # how often it is tried in vain before the portal is killed meanwhile
    read_lag: float = 1.0  # of every office
    speed: float = 1.0  # of the town's clock; where it is another one nothing is said of delays
    read_out: bool = True  # False: only what is exported is judged, not the copy and the departments' lists


FORMS: Mapping[str, Form] = {
    "short": Form(200, 12, script=in_three(WILD, ("traffic-police", "power-grid")), failpoint_share=0.8, jumps=1,
                  publications=2, desks=DESKS, days=2, follows=0.2, entrusts=3, entrust_pauses=(2, 12), archives=12,
                  signs_in=True, moves=("traffic-police", "power-grid"), move_pauses=(0.5, 3.0), agrees=8,
                  agree_pauses=(0, 4), closes=4, leaves=1, factors=True, scan_pauses=(8, 16), brings=3),
    "long": Form(2_000, 200, script=in_three(WILD, ("traffic-police", "power-grid")), failpoint_share=0.5, jumps=4,
                 publications=5, drain_seconds=420.0, desks=DESKS, days=3, follows=0.1, urge_seconds=65.0, entrusts=20,
                 entrust_pauses=(2, 12), archives=100, signs_in=True, moves=("traffic-police", "power-grid"),
                 move_pauses=(0.5, 3.0), agrees=100, agree_pauses=(0, 8), closes=12, leaves=12, factors=True,
                 scan_pauses=(8, 30), scan_errors=0.02, brings=30),
    "calm": Form(20, script={**CALM, **PATIENT}, withdraws=0, desks=DESKS, days=1, follows=0.5,
                 urge_seconds=65.0, pauses=(20, 20)),
    # The shortest that find the planted bugs.
    "mixed": Form(8, script=MIXED, withdraws=0, repeats=0.5, drain_seconds=120, calms_down=False, read_out=False),
    "late": Form(2, script=LATE, withdraws=0, drain_seconds=150, quiet_seconds=30, jumps=1, pauses=(25, 25),
                 deadline=30, calms_down=False, read_out=False, armed="push.after_response:sleep=62@1"),
    "hasty-kills": Form(60, 8, 8, script=CALM, failpoint_share=0, pauses=(0.3, 1.2), withdraws=0, read_out=False,
                        armed="accept.before_commit:sleep=0.2", drain_seconds=60),
    "by-hand": Form(8, script=LATER, withdraws=0.1, drain_seconds=120, desks=BY_HAND, days=2, follows=1.0,
                    ways=dict.fromkeys(WAYS, 0.12), pauses=(12, 12), read_out=False),
    "entrusted": Form(6, 2, script=ENTRUSTED, failpoint_share=0, withdraws=0, drain_seconds=120, days=1, entrusts=2,
                      pauses=(8, 12), read_out=False, calms_down=False, armed="news.before_commit:kill,p=0.5"),
    "ringing": Form(80, 3, script=RINGING, failpoint_share=0, withdraws=0, quick_seconds=6, pauses=(6, 8),
                    drain_seconds=120, read_out=False),  # so much that it is still being filed as the gateway hangs
    "packed": Form(6, 1, script=CALM, failpoint_share=0, withdraws=0, drain_seconds=60, archives=6, read_out=False),
    "signing-in": Form(4, 2, script=CALM, failpoint_share=0, withdraws=0, drain_seconds=60, pauses=(10, 12),
                       signs_in=True, read_out=False),
    "transferred": Form(12, 4, script=TRANSFERRED, withdraws=0.15, regret_seconds=10, pauses=(4, 7), moves=MOVED,
                        move_pauses=(0.0, 0.3), drain_seconds=60, read_out=False),
    "scanned": Form(10, 3, script=CALM, failpoint_share=0.5, failpoints=("scan.before_follow",), withdraws=0,
                    pauses=(6, 9), desks=DESKS, officers=1, scan_pauses=(4, 8), scan_stops=2.0, scan_errors=0.05,
                    brings=3, drain_seconds=60, read_out=False, armed="scan.after_look:kill,p=0.4"),
    "agreed": Form(4, 5, script=CALM, failpoint_share=0.7, failpoints=AGREEMENTS, withdraws=0, pauses=(1.5, 3),
                   agrees=18, drain_seconds=60, read_out=False),
    "factored": Form(4, 4, script=CALM, failpoint_share=0.5, failpoints=("factor.after_commit",), withdraws=0, days=3,
                     pauses=(7, 10), desks=DESKS, factors=True, drain_seconds=60, read_out=False),
    "closed": Form(4, 2, script=CALM, failpoint_share=0, withdraws=0, days=1, pauses=(4, 6), closes=3,
                   drain_seconds=60, read_out=False),
    "left": Form(4, 4, script=CALM, failpoint_share=0, withdraws=0, pauses=(3, 5), leaves=4, drain_seconds=60,
                 read_out=False),
    "hurried": Form(6, 2, script=CALM, failpoint_share=0, withdraws=0, pauses=(8, 12), rate=0.05, drain_seconds=60,
                    quick_seconds=20, read_out=False),
    "outage": Form(20, clients=8, script=CALM, withdraws=0, at_once=16, away="telecom-desk", probes=46,
                   quick_seconds=8, drain_seconds=60, read_out=False),
    "answered": Form(10, 3, script=ANSWERING, failpoint_share=0, pauses=(4, 6), withdraws=0, drain_seconds=90,
                     armed="result.before_write:raise=EIO,p=0.3", read_out=False),
    "denied": Form(10, script=DENYING, withdraws=0, speed=20.0, read_lag=200.0, calms_down=False, drain_seconds=120,
                   read_out=False, armed="push.after_response:raise,p=0.5"),
    "regrets": Form(12, script=REGRETTED, withdraws=0.7, drain_seconds=120, read_out=False),
    "hanging": Form(20, script=HANGING, withdraws=0, deadline=8, quick_seconds=4, drain_seconds=150, read_out=False),
}
