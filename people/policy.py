"""The one policy table: who may reach which endpoint. What does not stand here is refused.

The table decides by role and credential. Whether an object belongs to the caller is decided where it is read: every
reading takes the caller's subject or department, and what belongs to somebody else answers like an unknown id (404).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from people.identity import ROLES, Credential, Identity, Role

Verdict = Literal["allowed", "sign_in", "forbidden"]
Relation = Literal["none", "own", "department", "code", "half", "signature", "socket"]


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call an endpoint.

    `roles` empty: everybody, signed in or not. `relation` says what else must hold and is checked where the object is
    read: own (the caller's), department (the caller's department), code (reference and code), half (a sign-in of which
    the password was right, and more is asked), signature (the body is signed). `demo`: the endpoint exists only in demo
    and test. `by`: the one credential that opens it. Pages of the staff open to a person who signed in, whose acts bear
    a name; the feed of an office to its program, which signs what it says. With the key of the one nobody does what is
    the other's.
    """

    roles: frozenset[Role] = frozenset()
    relation: Relation = "none"
    demo: bool = False
    by: Credential | None = None

    def verdict(self, identity: Identity) -> Verdict:
        """Whether `identity` may pass, must sign in first, or may not."""
        if not self.roles or (identity.role in self.roles and self.by in (None, identity.by)):
            return "allowed"
        return "forbidden" if identity.signed_in else "sign_in"


PUBLIC = Access()
SAMPLE = Access(demo=True)
BY_CODE = Access(relation="code")
HALF = Access(relation="half")
SIGNED = Access(relation="signature")
INSIDE = Access(relation="socket")
OWN = Access(frozenset({"applicant"}), "own")
OWN_BY_HAND = Access(frozenset({"applicant"}), "own", by="session")
OWN_SAMPLE = Access(frozenset({"applicant"}), "own", demo=True)
OF_DEPARTMENT = Access(frozenset({"officer"}), "department", by="bearer")
OWN_ACCOUNT = Access(frozenset(ROLES), "own", by="session")
STAFF = Access(frozenset(ROLES) - {"applicant"}, by="session")
AUTHOR = Access(frozenset({"author"}), by="session")
OPERATOR = Access(frozenset({"operator"}), by="session")
SUPERVISOR = Access(frozenset({"supervisor"}), by="session")
AUDITOR = Access(frozenset({"auditor"}), by="session")
CLERK = Access(frozenset({"counter"}), by="session")
OFFICER = Access(frozenset({"officer"}), "department", by="session")
FILE = Access(frozenset({"applicant", "officer"}), "own")

API: Mapping[str, Access] = {
    "api.bundles": PUBLIC, "api.bundle": PUBLIC, "api.plan": PUBLIC,
    "api.keep_file": OWN, "api.read_file": FILE,
    "api.open_draft": OWN, "api.drafts": OWN, "api.read_draft": OWN, "api.save_draft": OWN, "api.submit_draft": OWN,
    "api.drop_draft": OWN,
    "api.file_case": OWN, "api.cases": OWN, "api.read_case": OWN, "api.supplement": OWN, "api.withdraw": OWN,
    "api.foresee_withdrawal": OWN, "api.draft_of_case": OWN,
    "api.results": OWN,
    "api.urge": OWN, "api.ratings": OWN, "api.rate": OWN, "api.disclosure": OWN, "api.take_back_consent": OWN,
    "api.own_copy": OWN,
    "api.agent_code": OWN, "api.mandates": OWN, "api.give_mandate": OWN, "api.read_mandate": OWN,
    "api.revoke_mandate": OWN, "api.filed_for_others": OWN,
    "api.ask_to_agree": OWN, "api.agreements": OWN, "api.open_agreement": OWN, "api.read_agreement": OWN,
    "api.answer_agreement": OWN,
    "api.news": OWN, "api.read_news": OWN, "api.news_preferences": OWN, "api.choose_news": OWN,
    "api.track": BY_CODE,
    "inside.run": INSIDE,
    "departments.notice": SIGNED, "departments.keep_file": SIGNED,
    "departments.legs": OF_DEPARTMENT, "departments.leg": OF_DEPARTMENT, "departments.received": OF_DEPARTMENT,
    "operation.healthz": PUBLIC, "operation.readyz": PUBLIC, "operation.metrics": PUBLIC,
    "docs.openapi": PUBLIC, "docs.page": PUBLIC,
    "demo.personas": SAMPLE, "demo.become": SAMPLE,
    "static": PUBLIC,
}

PAGES: Mapping[str, Access] = {
    "pages.home": PUBLIC, "pages.bundle": PUBLIC, "pages.questions": PUBLIC, "pages.question": PUBLIC,
    "pages.preview": PUBLIC, "pages.login": PUBLIC, "pages.persona": SAMPLE, "pages.logout": PUBLIC,
    "pages.language": PUBLIC,
    "pages.to_platform": PUBLIC, "pages.from_platform": PUBLIC, "pages.left_platform": SIGNED,
    "pages.track": BY_CODE, "pages.tracked": BY_CODE, "pages.tracked_live": BY_CODE,
    "pages.start": OWN, "pages.draft": OWN, "pages.draft_plan": OWN, "pages.draft_questions": OWN,
    "pages.section": OWN, "pages.sample_form": OWN_SAMPLE, "pages.materials": OWN, "pages.upload": OWN,
    "pages.paper": OWN, "pages.drop_upload": OWN, "pages.look_again": OWN,
    "pages.sample_papers": OWN_SAMPLE, "pages.consent": OWN,
    "pages.review": OWN, "pages.submit": OWN, "pages.receipt": OWN, "pages.cases": OWN, "pages.drop_draft": OWN,
    "pages.case": OWN, "pages.case_live": OWN, "pages.answer": OWN, "pages.withdraw": OWN, "pages.result": OWN,
    "pages.results": OWN, "pages.report": OWN,
    "pages.urge": OWN, "pages.anew": OWN, "pages.rating": OWN, "pages.disclosure": OWN, "pages.take_back_consent": OWN,
    "pages.mandates": OWN, "pages.agent_code": OWN, "pages.entrust": OWN, "pages.end_mandate": OWN,
    "pages.for_whom": OWN, "pages.account": OWN, "pages.close_account": OWN_BY_HAND,
    "pages.draft_agreements": OWN, "pages.ask_to_agree": OWN, "pages.agreements": OWN, "pages.agreement": OWN,
    "pages.news": OWN, "pages.open_news": OWN, "pages.read_news": OWN, "pages.news_preferences": OWN,
}

STAFF_PAGES: Mapping[str, Access] = {
    "staff.home": STAFF, "staff.studio": AUTHOR, "staff.try_out": AUTHOR,
    "staff.health": OPERATOR, "staff.health_live": OPERATOR, "staff.pause": OPERATOR,
    "staff.undelivered": OPERATOR, "staff.resend": OPERATOR, "staff.find_leg": OPERATOR, "staff.leg": OPERATOR,
    "staff.strange": OPERATOR, "staff.strange_one": OPERATOR, "staff.look_inside": OPERATOR, "staff.settle": OPERATOR,
    "staff.transfers": OPERATOR, "staff.transfer": OPERATOR,
    "staff.bulletins": OPERATOR, "staff.resend_bulletins": OPERATOR,
    "staff.inbox": OFFICER, "staff.arrivals": OFFICER, "staff.done": OFFICER,
    "staff.bells": OFFICER, "staff.set_bell": OFFICER,
    "staff.find_work": OFFICER, "staff.work": OFFICER, "staff.open_work": OFFICER,
    "staff.act": OFFICER,
    "staff.warnings": SUPERVISOR, "staff.urge": SUPERVISOR, "staff.overview": SUPERVISOR,
    "staff.ratings": SUPERVISOR, "staff.rating": SUPERVISOR, "staff.look_at_rating": SUPERVISOR,
    "staff.answer_rating": SUPERVISOR, "staff.report": SUPERVISOR, "staff.report_table": SUPERVISOR,
    "staff.counter": CLERK, "staff.open_visit": CLERK, "staff.end_visit": CLERK,
    "staff.audit": AUDITOR, "staff.audit_file": AUDITOR, "staff.audit_strange": AUDITOR,
    "staff.audit_undelivered": AUDITOR,
}

ACCOUNT_PAGES: Mapping[str, Access] = {
    "account.code": HALF, "account.new_password": HALF, "account.factor": HALF,
    "account.page": OWN_ACCOUNT, "account.change_password": OWN_ACCOUNT, "account.new_factor": OWN_ACCOUNT,
    "account.new_codes": OWN_ACCOUNT,
}

# Where a clerk at a counter acts for the person whom a visit is open for, and what the audit log calls it; the rest of
# such a person's pages is theirs alone: what they let others do, their account, how news reaches them, what they think
# of the service. Looking is told by the visit itself.
LOOKED = ""
AT_COUNTER: Mapping[str, str] = {
    **dict.fromkeys(("pages.home", "pages.bundle", "pages.questions", "pages.question", "pages.preview", "pages.draft",
                     "pages.receipt", "pages.cases", "pages.case", "pages.case_live", "pages.report",
                     "pages.disclosure", "pages.draft_agreements"), LOOKED),
    "pages.start": "新建申请", "pages.draft_plan": "改情形", "pages.draft_questions": "改情形", "pages.section": "填表",
    "pages.sample_form": "填入示例数据", "pages.materials": "改材料", "pages.upload": "上传材料",
    "pages.paper": "看上传的材料", "pages.drop_upload": "删去材料",
    "pages.look_again": "重新查询", "pages.sample_papers": "附上示例材料",
    "pages.consent": "登记本人签字的同意", "pages.review": "核对", "pages.submit": "提交申请",
    "pages.ask_to_agree": "请对方确认", "pages.drop_draft": "删除草稿", "pages.answer": "补充材料",
    "pages.withdraw": "撤回申请", "pages.result": "看办件里的文件", "pages.results": "下载办理结果",
    "pages.urge": "催办", "pages.anew": "照原办件再填一份", "pages.take_back_consent": "撤回同意",
}
HANDED_OUT = frozenset({"pages.paper", "pages.result", "pages.results"})  # what a clerk gets of somebody, by looking

POLICY: Mapping[str, Access] = {**API, **PAGES, **ACCOUNT_PAGES, **STAFF_PAGES}
