"""What can go wrong in composing that is the caller's fault; bad answers are no errors but problems of the plan."""

from __future__ import annotations


class FormsError(Exception):
    """Composing or splitting was asked for something that does not exist."""

    code = "forms_error"


class UnknownBundle(FormsError):
    """没有这个一件事；请从一件事清单中选择。"""

    code = "unknown_bundle"

    def __init__(self, bundle: str) -> None:
        super().__init__(f"没有这个一件事：{bundle}；请从一件事清单中选择")
        self.bundle = bundle


class UnknownLeg(FormsError):
    """方案中没有这个分办件。"""

    code = "unknown_leg"

    def __init__(self, leg: str) -> None:
        super().__init__(f"方案中没有分办件 {leg}")
        self.leg = leg
