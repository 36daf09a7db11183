"""Three separated duties (三员): whoever changes something does not audit, whoever audits changes nothing, and neither
makes accounts, which the shell of the machine alone does."""

from people.policy import OWN_ACCOUNT, POLICY, STAFF
from web.inside import VERBS

WHO_MAY_COME_IN = {"token", "account", "account-change", "revoke"}


def methods(app):
    """Each endpoint with what it can be asked by, but what belongs to every signed-in person."""
    found = {}
    for rule in app.url_map.iter_rules():
        if POLICY[rule.endpoint] not in (OWN_ACCOUNT, STAFF) and POLICY[rule.endpoint].roles:
            found.setdefault(rule.endpoint, set()).update(rule.methods - {"HEAD", "OPTIONS"})
    return found


def test_no_role_can_both_change_something_and_audit(app):
    changing, auditing = set(), set()
    for endpoint, asked_by in methods(app).items():
        roles = POLICY[endpoint].roles
        changing |= roles if asked_by - {"GET"} else set()
        auditing |= roles if endpoint.startswith("staff.audit") else set()
    assert auditing == {"auditor"}
    assert changing & auditing == set()
    assert {"applicant", "officer", "supervisor", "operator"} <= changing  # or nothing was looked at


def test_no_page_and_no_call_makes_an_account_or_a_token(app):
    assert VERBS.keys() >= WHO_MAY_COME_IN
    doors = {rule.endpoint for rule in app.url_map.iter_rules() if "/inside/" in rule.rule}
    assert {POLICY[door].relation for door in doors} == {"socket"}
    named = {rule.rule for rule in app.url_map.iter_rules() if "token" in rule.rule or "account" in rule.rule}
    assert named == {"/account", "/account/close", "/account/security", "/account/password", "/account/factor",
                     "/account/codes"}  # all of them one's own
