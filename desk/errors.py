"""What the desk refuses, each with a stable code, an HTTP status hint and a Chinese sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class DeskError(Exception):
    """请求没有办成。"""

    code = "desk_error"
    status = 422

    def __init__(self, detail: str | None = None, *, errors: Mapping[str, Any] | None = None,
                 more: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail or (self.__doc__ or "").strip())
        self.detail = str(self)
        self.errors: Mapping[str, Any] = errors or {}
        self.more: Mapping[str, Any] = more or {}


class UnknownBundle(DeskError):
    """没有这个一件事，或它已不在网上受理；请从首页重新选择，填过的草稿可以在“我的办件”里删除。"""

    code, status = "unknown_bundle", 404


class UnknownCase(DeskError):
    """没有找到这个办件；请核对受理编号和查询码。"""

    code, status = "unknown_case", 404


class UnknownLeg(DeskError):
    """没有找到这个分办件；请核对编号。"""

    code, status = "unknown_leg", 404


class VisitOver(DeskError):
    """这次窗口接待已经结束，没有提交；请重新登记到场的人，再接着办，填过的内容都在。"""

    code, status = "visit_over", 403


class UnknownNews(DeskError):
    """没有找到这条消息；请到“消息”里重新打开。"""

    code, status = "unknown_news", 404


class UnknownDraft(DeskError):
    """没有找到这份草稿；它可能已经提交或删除，请到“我的办件”查看。"""

    code, status = "unknown_draft", 404


class UnknownFile(DeskError):
    """没有找到这个文件；要提交的请重新上传，要取的请核对网址和身份。"""

    code, status = "unknown_file", 404


class NotScanned(DeskError):
    """这个文件还在等病毒检查，检查通过后才能打开；请过几分钟再试，不用重新上传。"""

    code, status = "file_not_scanned", 409


class Quarantined(DeskError):
    """这个文件里查出病毒，已经停用，谁也打不开；请换一个没有病毒的文件。"""

    code, status = "file_quarantined", 409


class Busy(DeskError):
    """服务暂时繁忙，请稍后再试；已填写的内容仍保留"""

    code, status = "busy", 503


class SourcesBusy(Busy):
    """正在查询证照和数据的人较多；已填写的内容仍保留，请过几秒再试。"""

    code = "sources_busy"


class Outdated(Busy):
    """这个办件由更新版本的程序办理过，这台服务器还没有升级，暂时打不开它；已提交的内容都在，请稍后再试。"""

    code = "outdated"


class MissingKey(DeskError):
    """缺少 Idempotency-Key；请为每次提交生成一个不重复的值，重试时保持不变。"""

    code, status = "missing_key", 400


class IdempotencyMismatch(DeskError):
    """同一个 Idempotency-Key 已用于另一份内容；请换一个新值再提交。"""

    code, status = "idempotency_mismatch", 422


class EditionChanged(DeskError):
    """办事要求刚刚更新，您看到的是旧版；草稿已保留，请核对变化后再提交。"""

    code, status = "edition_changed", 409


class CannotBeFiled(DeskError):
    """现在还不能提交；请按提示补全或修改后再提交。"""

    code, status = "cannot_be_filed", 422


class InvalidAnswers(DeskError):
    """有内容需要修改；请按每一项的提示改正后再提交。"""

    code, status = "invalid_answers", 422


class ConsentMissing(DeskError):
    """提交前请先阅读并同意信息使用说明。"""

    code, status = "consent_missing", 422


class NobodyThere(DeskError):
    """所在区划还没有对接这项业务的部门；请到当地政务大厅窗口办理。"""

    code, status = "nobody_there", 422


class NoMandate(DeskError):
    """没有有效的委托；请让委托人在“委托”页面重新委托您，再继续办理。"""

    code, status = "no_mandate", 403


class UnknownMandate(DeskError):
    """没有找到这项委托；请到“委托”页面查看。"""

    code, status = "unknown_mandate", 404


class UnknownAgentCode(DeskError):
    """代办码不对、已经用过或超过 15 分钟；请让代办人重新生成一个，再告诉您。"""

    code, status = "unknown_agent_code", 404


class TooManyMandates(DeskError):
    """有效的委托太多；请先到“委托”页面撤销一些，再给出新的。"""

    code, status = "too_many_mandates", 409


class AgreementMissing(DeskError):
    """还有人没有确认，现在不能提交；请对方登录后用确认码打开、看清楚并同意，再提交。"""

    code, status = "agreement_missing", 409


class AgreementChanged(DeskError):
    """申请表里给您看的内容刚刚改过；下面是现在的内容，请再看一遍后确认。"""

    code, status = "agreement_changed", 409


class UnknownAgreement(DeskError):
    """没有找到要您确认的这件事；它可能已经不需要确认，请到“请我确认的”页面查看。"""

    code, status = "unknown_agreement", 404


class UnknownAgreementCode(DeskError):
    """确认码不对、已经用过或超过 24 小时；请让填表的人重新生成一个，再告诉您。"""

    code, status = "unknown_agreement_code", 404


class NotTheParty(DeskError):
    """您账号里的姓名或者证件号码，和申请表里填的不一样，所以不能由您确认；请填表的人核对表里的姓名和证件号码。"""

    code, status = "not_the_party", 403


class DraftFiled(DeskError):
    """这份草稿已经提交过；请到“我的办件”查看进度。"""

    code, status = "draft_filed", 409


class TooManyDrafts(DeskError):
    """没有提交的草稿太多；请到“我的办件”提交或删去一些，再开始新的。"""

    code, status = "too_many_drafts", 409


class DraftTooLarge(DeskError):
    """草稿里的内容太多；请删去这次办理用不到的内容，再保存。"""

    code, status = "draft_too_large", 422


class TooManyUploads(DeskError):
    """已上传、还没有提交的文件太多；请先提交填好的申请，没有用到的文件过些天会自动删除。"""

    code, status = "too_many_uploads", 409


class Moved(DeskError):
    """这份草稿在别的窗口里改过了；下面是现在的内容，请核对后再保存或提交。"""

    code, status = "draft_moved", 409


class NotNow(DeskError):
    """办件现在的状态不允许这样做；请刷新页面查看最新进度。"""

    code, status = "not_now", 409


class MalformedNotice(DeskError):
    """回告内容不完整；请按接入文档补全必填项后重发。"""

    code, status = "malformed_notice", 400

    @property
    def general(self) -> bool:
        """Whether what is wrong stands in `errors` alone."""
        return self.detail == self.__doc__ and bool(self.errors)


class MissingReason(DeskError):
    """请用 --reason 写明为什么这样做；它会记入审计日志。"""

    code, status = "missing_reason", 422


class CannotRetry(DeskError):
    """这些分办件现在不能重发；什么都没有改动。"""

    code, status = "cannot_retry", 409


class CannotTransfer(DeskError):
    """这些分办件不能这样转办；什么都没有改动。"""

    code, status = "cannot_transfer", 422


class CannotDeliver(DeskError):
    """这些分办件不能登记为已送达，或者刚刚有了变化；什么都没有改动，请刷新后再看。"""

    code, status = "cannot_deliver", 422


class UnknownSpoiled(DeskError):
    """没有这个查出病毒、还没有处理的文件；请用 flask scans 核对编号。"""

    code, status = "unknown_spoiled", 404


class UnknownStrange(DeskError):
    """没有这条待处理的异常回告；请用 flask quarantine list 核对编号。"""

    code, status = "unknown_strange", 404


class StillStrange(DeskError):
    """这条回告现在仍不能采用；什么都没有改动。"""

    code, status = "still_strange", 409


class CannotArchive(DeskError):
    """这个办件现在不能归档，或者归档包不完好；请按提示处理。"""

    code, status = "cannot_archive", 409
