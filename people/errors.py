"""What `people/` refuses, each with a stable code and a Chinese sentence that says what to do."""

from __future__ import annotations


class PeopleError(Exception):
    """身份没有通过。"""

    code = "people_error"
    status = 401

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or (self.__doc__ or "").strip())
        self.detail = str(self)


class WrongLogin(PeopleError):
    """账号或密码不对；请检查后重试，忘记密码请联系政务大厅窗口。"""

    code = "wrong_login"


class TooManyAttempts(PeopleError):
    """尝试次数太多；请稍后再试。"""

    code, status = "too_many_attempts", 429

    def __init__(self, seconds: int) -> None:
        super().__init__(f"尝试次数太多；请 {max(1, round(seconds / 60))} 分钟后再试")
        self.seconds = seconds


class WrongCode(PeopleError):
    """验证码不对或已经用过；请等验证器里的数字变了再输入，还不行请核对手机时间是不是自动设置的。"""

    code = "wrong_code"


class HalfSignInOver(PeopleError):
    """这次登录没有做完就过了时限，或者不是在这个浏览器里开始的；请重新登录。"""

    code, status = "half_sign_in_over", 400


class LoginTaken(PeopleError):
    """这个账号名已被使用；请换一个。"""

    code, status = "login_taken", 409


class WeakPassword(PeopleError):
    """密码太短或太容易被猜到；请换一句只有您知道的话，至少 12 个字符。"""

    code, status = "weak_password", 422


class UnknownToken(PeopleError):
    """访问令牌不存在、已过期或已撤销；请向运维人员申请新的令牌。"""

    code = "bad_token"


class UnknownRole(PeopleError):
    """没有这个角色；可用 applicant、officer、author、supervisor、operator、auditor、counter。"""

    code, status = "unknown_role", 422


class PlatformDown(PeopleError):
    """统一身份认证平台暂时连不上；请过几分钟再试，有本站账号的可以用账号密码登录。"""

    code, status = "platform_down", 503


class SignInDeclined(PeopleError):
    """您在统一身份认证平台取消了登录；需要办理时，请重新登录。"""

    code, status = "sign_in_declined", 403


class SignInStale(PeopleError):
    """这次登录已经用过、过了时限，或者不是在这个浏览器里开始的，没有登录成功；请重新登录。"""

    code, status = "sign_in_stale", 400


class SignInRefused(PeopleError):
    """统一身份认证平台的应答没有通过核对，没有登录成功；请重新登录，仍不行请拨打 12345。"""

    code, status = "sign_in_refused", 403

    def __init__(self, why: str = "") -> None:
        super().__init__()
        self.why = why  # for the log: what people need not know, and never a value that was sent


class RealNameNeeded(PeopleError):
    """您在统一身份认证平台的实名等级不够；请先在平台上完成更高一级的实名认证，再回来登录。"""

    code, status = "real_name_needed", 403


class AccountClosed(PeopleError):
    """这个账号已经停用，不能登录；有疑问请联系政务大厅窗口或拨打 12345。"""

    code, status = "account_closed", 403


class IdentityTaken(PeopleError):
    """这个身份已经对应另一个账号；一个身份只能打开一个账号，请让平台给工作人员另开一个身份。"""

    code, status = "identity_taken", 409
