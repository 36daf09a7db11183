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


class LoginTaken(PeopleError):
    """这个账号名已被使用；请换一个。"""

    code, status = "login_taken", 409


class WeakPassword(PeopleError):
    """密码太短；请用至少 12 个字符。"""

    code, status = "weak_password", 422


class UnknownToken(PeopleError):
    """访问令牌不存在、已过期或已撤销；请向运维人员申请新的令牌。"""

    code = "bad_token"


class UnknownRole(PeopleError):
    """没有这个角色；可用 applicant、officer、author、supervisor、operator。"""

    code, status = "unknown_role", 422
