"""Sign-ins by the identity platform against one over real HTTP that lies, breaks and hangs."""

import hashlib
import json
import time
from base64 import b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from people.errors import PlatformDown, SignInDeclined, SignInRefused, SignInStale
from people.oidc import setup, wire
from people.oidc.flow import Flow
from people.oidc.person import Person, RoleFields, known_of
from people.oidc.setup import BadSetup, Choice, Given, Levels, Meanings, Setup, read_setup
from people.oidc.ticket import TICKET_LIFE, new_ticket
from tests.people.provider import CLIENT, SECRET, Provider, drip

PAPERS = {"id_card": "", "passport": "passport:"}
MEANINGS = Meanings(
    simple={"name": "name", "citizen_id": "idno", "organisation": "org.name", "credit_code": "org.code"},
    fields={"mobile": "phone_number"}, kind=Choice("kind", {"1": "person", "2": "organisation"}),
    capacity=Choice("role", {"1": "legal_rep"}), level=Levels("level", ("L1", "L2", "L3")))
ROLES = (RoleFields("holder", "holder_uscc", "holder_name", True), RoleFields("holder", "own_id", "own_name", False),
         RoleFields("legal_rep", "rep_id", "rep_name", False), RoleFields("agent", "agent_id", "agent_name", False),
         RoleFields("agent", "agency_uscc", "agency_name", True))


@pytest.fixture
def provider():
    made = Provider()
    yield made
    made.stop()


def setup_of(provider, **more):
    return Setup(**{"issuer": provider.issuer, "client_id": CLIENT, "secret": SECRET, "label": "登录",
                    "scopes": "openid profile", "public_url": "https://yjs.example"} | more)


@pytest.fixture
def flow(provider):
    return Flow(setup_of(provider))


def now():
    return datetime.now(UTC)


def come_back(flow, provider, **sent):
    """Sign in from beginning to end; what the browser brings back may be changed."""
    ticket = new_ticket("/cases", now())
    asked = parse_qs(urlsplit(flow.begin(ticket, now())).query)
    provider.nonce = asked["nonce"][0]
    return flow.finish(ticket, {"state": asked["state"][0], "code": "c"} | sent, now())


def test_the_code_is_brought_with_our_secret_and_the_verifier_of_the_challenge(flow, provider):
    ticket = new_ticket("", now())
    asked = {name: value[0] for name, value in parse_qs(urlsplit(flow.begin(ticket, now())).query).items()}
    provider.nonce = asked["nonce"]
    assert flow.finish(ticket, {"state": asked["state"], "code": "the code"}, now()).subject == "s-1"
    form, headers = provider.heard[0]
    assert asked["theme"] == "city"
    assert (asked["code_challenge_method"], asked["redirect_uri"]) == ("S256", "https://yjs.example/login/platform/back")
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert asked["code_challenge"] == urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert (form["code"], form["redirect_uri"]) == ("the code", asked["redirect_uri"])
    pair = b64decode(headers["Authorization"].removeprefix("Basic ")).decode().split(":")
    assert [unquote(part) for part in pair] == [CLIENT, SECRET]


def test_a_platform_that_wants_the_secret_in_the_body_gets_it_there(provider):
    provider.description = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    come_back(Flow(setup_of(provider)), provider)
    form, headers = provider.heard[0]
    assert (form["client_id"], form["client_secret"], "Authorization" in headers) == (CLIENT, SECRET, False)


LIES = {
    "another issuer": {"iss": "https://evil.example"}, "no issuer": {"iss": None},
    "another audience": {"aud": "other"}, "another client": {"azp": "other"},
    "two audiences, for nobody in particular": {"aud": [CLIENT, "other"]},
    "another nonce": {"nonce": "n"}, "no nonce": {"nonce": None}, "a nonce that is no text": {"nonce": 1},
    "over": {"exp": int(time.time()) - 200}, "no end": {"exp": None}, "an end that is no number": {"exp": "never"},
    "made long ago": {"iat": int(time.time()) - 900}, "made tomorrow": {"iat": int(time.time()) + 90_000},
    "nobody": {"sub": None}, "an empty name": {"sub": ""}, "a name too long": {"sub": "x" * 256},
    "a number for a name": {"sub": 1}, "a name with a control character": {"sub": "a\x01b"},
    "a name with half a character": {"sub": "a\ud800"}, "another access token": {"at_hash": "AAAA"},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_is_not_for_this_sign_in_is_refused(flow, provider, lie):
    provider.claims = LIES[lie]
    with pytest.raises(SignInRefused) as refused:
        come_back(flow, provider)
    assert refused.value.why and "evil" not in refused.value.detail


FORGED = {
    "by nobody": lambda provider: lambda claims: provider.with_header(claims, {"alg": "none"}),
    "with our own secret": lambda provider: provider.with_secret,
    "no token": lambda _: lambda _: "x.y", "huge": lambda _: lambda _: "a" * 70_000,
    "a kid that is no text":
        lambda provider: lambda claims: provider.with_header(claims, {"alg": "ES256", "kid": ["k1"]}),
    "the name of the shared secret": lambda provider: lambda claims: provider.signed(claims, kid="shared"),
    "a name twice": lambda provider: lambda claims: provider.signed_text('{"sub": "other", ' + json.dumps(claims)[1:]),
    "a list": lambda provider: lambda claims: provider.signed_text(json.dumps([claims])),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_token_that_the_platform_did_not_sign_as_it_should_is_refused(flow, provider, how):
    provider.make = FORGED[how](provider)
    with pytest.raises(SignInRefused):
        come_back(flow, provider)


@pytest.mark.parametrize("named", [True, False])
def test_a_token_signed_with_another_key_is_refused_until_the_platform_says_that_it_is_its_own(
        flow, provider, monkeypatch, named):
    come_back(flow, provider)
    header = {"alg": "ES256"} | ({"kid": "k1"} if named else {})
    provider.make = lambda claims: jws.serialize_compact(header, json.dumps(claims), provider.keys[0])
    provider.keys = [ECKey.generate_key("P-256", {"kid": "k1"}, private=True)]
    with pytest.raises(SignInRefused):
        come_back(flow, provider)
    monkeypatch.setattr(wire, "UNKNOWN_KEY_EVERY", timedelta(0))
    assert come_back(flow, provider).subject == "s-1"


def test_a_new_key_of_the_platform_is_fetched_once_and_names_that_nobody_has_not_again_and_again(
        flow, provider, monkeypatch):
    come_back(flow, provider)
    provider.keys.append(ECKey.generate_key("P-256", {"kid": "k2"}, private=True))
    monkeypatch.setattr(wire, "UNKNOWN_KEY_EVERY", timedelta(0))
    assert come_back(flow, provider).subject == "s-1"
    assert provider.asked.count("/keys") == 2
    monkeypatch.undo()
    provider.make = lambda claims: provider.signed(claims, kid="made up")
    for _ in range(3):
        with pytest.raises(SignInRefused):
            come_back(flow, provider)
    assert provider.asked.count("/keys") == 2


def a_minute_ahead():
    return dict.fromkeys(("exp", "iat"), int(time.time()) + 60)


@pytest.mark.parametrize("claims", [
    None, {"aud": [CLIENT, "other"], "azp": CLIENT},
    {"sub": "王\u200d五 'or\"1<b>%00/../é"}, {"sub": "x" * 255},
    {"at_hash": urlsafe_b64encode(hashlib.sha256(b"an access token").digest()[:16]).rstrip(b"=").decode()},
])
def test_clocks_may_differ_a_little_and_names_hold_any_sign_that_can_be_seen(flow, provider, claims):
    provider.claims = a_minute_ahead() if claims is None else claims
    provider.userinfo = {"sub": provider.claims.get("sub", "s-1")}
    assert come_back(flow, provider).subject == provider.claims.get("sub", "s-1")


@pytest.mark.parametrize(("sent", "refused"), [
    ({"error": "access_denied"}, SignInDeclined), ({"error": "server_error"}, SignInRefused),
    ({"error": "access_denied", "state": "other"}, SignInStale), ({"state": ""}, SignInStale),
    ({"code": ""}, SignInRefused), ({"code": "c" * 5_000}, SignInRefused),
    ({"iss": "https://evil.example"}, SignInRefused),
])
def test_an_answer_that_is_not_of_this_sign_in_brings_no_code_to_the_platform(flow, provider, sent, refused):
    with pytest.raises(refused):
        come_back(flow, provider, **sent)
    assert provider.heard == []


def test_a_platform_that_names_itself_in_its_answers_must(provider):
    provider.description = {"authorization_response_iss_parameter_supported": True}
    flow = Flow(setup_of(provider))
    with pytest.raises(SignInRefused):
        come_back(flow, provider)
    assert come_back(flow, provider, iss=provider.issuer).subject == "s-1"


def test_a_ticket_is_good_for_ten_minutes(flow):
    ticket = new_ticket("", now())
    with pytest.raises(SignInStale):
        flow.finish(ticket, {"state": ticket.state, "code": "c"}, ticket.at + TICKET_LIFE)


def test_a_code_that_the_platform_does_not_know_is_refused_and_keeps_nobody_else_out(flow, provider):
    for status in (400, 500):
        provider.answers["/token"] = lambda _, status=status: (status, b'{"error": "invalid_grant"}')
        with pytest.raises(SignInRefused if status == 400 else PlatformDown):
            come_back(flow, provider)
    provider.answers.clear()
    assert come_back(flow, provider).subject == "s-1"


TROUBLE = {
    "a page": lambda _: (200, b"<!doctype html><title>login</title>"), "an error": lambda _: (502, b"{}"),
    "nothing": lambda _: (200, b""), "a list": lambda _: (200, b"[]"),
    "a name twice": lambda _: (200, b'{"a":1,"a":2}'),
    "elsewhere": lambda _: (302, b""), "huge": lambda _: (200, b" " * 300_000 + b"{}"), "slow": drip,
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_platform_in_trouble_is_down_within_the_deadline(provider, monkeypatch, trouble):
    monkeypatch.setattr(setup, "DEADLINE", 0.4)
    provider.answers["/.well-known/openid-configuration"] = TROUBLE[trouble]
    with pytest.raises(PlatformDown):
        Flow(setup_of(provider)).begin(new_ticket("", now()), now())


@pytest.mark.parametrize("wrong", [
    {"issuer": "https://evil.example"}, {"token_endpoint": None}, {"jwks_uri": "file:///etc/passwd"},
    {"authorization_endpoint": "javascript:alert(1)"}])
def test_a_platform_that_describes_another_or_leads_nowhere_is_not_used(provider, wrong):
    provider.description = wrong
    with pytest.raises(PlatformDown):
        Flow(setup_of(provider)).begin(new_ticket("", now()), now())


def test_a_platform_that_is_away_is_not_waited_for_by_everybody(provider):
    provider.description = {"end_session_endpoint": f"{provider.issuer}/end"}
    known = Flow(setup_of(provider))
    known.begin(new_ticket("", now()), now())
    flow = Flow(setup_of(provider))
    provider.stop()
    at = now()
    for moment in (at, at + timedelta(seconds=1)):
        with pytest.raises(PlatformDown):
            flow.begin(new_ticket("", moment), moment)
    later = at + wire.DESCRIPTION_LIFE + timedelta(seconds=1)
    with pytest.raises(PlatformDown):  # nobody is sent to where nobody answers
        known.begin(new_ticket("", later), later)
    assert known.way_out(later).startswith(f"{provider.issuer}/end?")


def test_endpoints_without_tls_are_not_used_where_the_platform_has_it(provider):
    assert wire._unfit("http://city.example/token", "https://city.example")
    assert not wire._unfit("https://city.example/token?x=1", "https://city.example")


WANG = {"name": "示例王", "idno": "11010519491231002x", "phone_number": "13800000001"}
FIRM = {"kind": "2", "org": {"name": "示例公司", "code": "91370202ma0000000y"}}


@pytest.mark.parametrize(("claims", "known"), [
    (WANG | {"kind": "1", "org": {"name": "别人的公司", "code": "x"}},
     {"own_id": "11010519491231002X", "own_name": "示例王", "agent_id": "11010519491231002X", "agent_name": "示例王",
      "mobile": "13800000001"}),
    (WANG | FIRM | {"role": "1"},
     {"holder_uscc": "91370202MA0000000Y", "holder_name": "示例公司",
      "own_id": "11010519491231002X", "own_name": "示例王",
      "rep_id": "11010519491231002X", "rep_name": "示例王", "agent_id": "11010519491231002X", "agent_name": "示例王",
      "mobile": "13800000001"}),
    ({"name": "示例王", "idno": None, "phone_number": "1\x01"}, {}),
    ({"name": {"first": "x"}, "idno": True, "phone_number": "9" * 300}, {}),
])
def test_what_the_platform_tells_becomes_the_answers_of_the_roles_a_person_can_have(provider, claims, known):
    provider.userinfo = claims
    person = come_back(Flow(setup_of(provider, meanings=MEANINGS)), provider)
    assert known_of(person, ROLES) == known


def test_what_is_told_of_another_person_is_refused(provider):
    provider.userinfo = {"sub": "s-2"}
    with pytest.raises(SignInRefused):
        come_back(Flow(setup_of(provider)), provider)


@pytest.mark.parametrize(("said", "number"), [
    ({"type": "414", "idno": "e12345678"}, "passport:E12345678"), ({"type": "111"}, "11010519491231002X"),
    ({"type": "999"}, None), ({}, None),  # a number of nobody knows what kind is nobody's
])
def test_the_kind_of_paper_that_the_platform_tells_stands_before_the_number(provider, said, number):
    provider.userinfo = {"name": "示例王", "idno": "11010519491231002x", **said}
    meanings = replace(MEANINGS, paper=Choice("type", {"414": "passport:", "111": ""}))
    person = come_back(Flow(setup_of(provider, meanings=meanings)), provider)
    assert known_of(person, ROLES).get("agent_id") == number


@pytest.mark.parametrize(("level", "enough"), [("L3", True), ("L2", True), ("L1", False), ("L9", False), (None, False)])
def test_a_level_below_the_least_or_unknown_is_not_enough(provider, level, enough):
    provider.userinfo = {"level": level, "name": "示例王"}
    assert come_back(Flow(setup_of(provider, meanings=MEANINGS, least_level="L2")), provider).enough is enough


def given(tmp_path, **more):
    (tmp_path / "secret").write_text("s")
    (tmp_path / "secret").chmod(0o600)
    return Given(**{"issuer": "https://city.example/", "client_id": "c", "secret": "file:secret", "label": "l",
                    "scopes": "openid", "claims": None, "least_level": "", "ca": None, "secrets": tmp_path,
                    "public_url": "https://yjs.example"} | more)


def test_a_connection_is_read_with_its_secret_which_no_repr_shows(tmp_path):
    claims = Path(__file__).parents[2] / "sandbox" / "claims.yaml"
    found = read_setup(given(tmp_path, claims=claims, least_level="L2"), {}, {"mobile"}, PAPERS, set())
    assert (found.secret, found.issuer) == ("s", "https://city.example/")
    assert found.meanings.level == Levels("auth_level", ("L1", "L2", "L3"))
    assert found.meanings.kind == Choice("user_type", {"1": "person", "2": "organisation"})
    assert "'s'" not in repr(found)


@pytest.mark.parametrize(("wrong", "said"), [
    ({"issuer": "http://city.example"}, "https"), ({"issuer": "https://u:p@city.example"}, "YJS_OIDC_ISSUER"),
    ({"secret": "hunter2"}, "不能直接写"), ({"secret": "env:NONE"}, "读不到"), ({"secret": "file:none"}, "读不到"),
    ({"scopes": "profile"}, "openid"), ({"least_level": "L2"}, "YJS_OIDC_LEVEL"),
    ({"ca": Path("/none")}, "YJS_OIDC_CA"), ({"claims": Path("/none")}, "打不开"),
])
def test_a_connection_that_cannot_be_used_is_refused_with_what_to_write(tmp_path, wrong, said):
    with pytest.raises(BadSetup, match=said) as refused:
        read_setup(given(tmp_path, **wrong), {}, {"mobile"}, PAPERS, set())
    assert "hunter2" not in str(refused.value)


def test_every_fault_of_the_mapping_is_said_at_once(tmp_path):
    (tmp_path / "claims.yaml").write_text(
        "citizen: x\npaper: {claim: t, driving: ['9']}\nkind: {claim: a, person: 1, firm: [2]}\nlevel: [a]\n"
        "fields: {nothing: x, mobile: [y]}\n")
    (tmp_path / "secret").write_text("s")
    with pytest.raises(BadSetup) as refused:
        read_setup(given(tmp_path, claims=tmp_path / "claims.yaml"), {}, {"mobile"}, PAPERS, set())
    found = str(refused.value)
    assert all(part in found for part in ("citizen 不认识", "name 没有写", "kind 不认识 firm", "kind.person",
                                          "paper 不认识 driving；可以写 claim、id_card、passport", "level 应",
                                          "没有字段 nothing", "fields.mobile"))


def test_whose_number_an_account_has_is_said_by_the_persons_own_claims_alone(tmp_path):
    claims, there = tmp_path / "claims.yaml", {"mobile", "legal_rep_id", "legal_rep_name", "mother_id"}
    (tmp_path / "secret").write_text("s")
    claims.write_text("name: n\nfields: {mobile: m, legal_rep_id: boss_id, legal_rep_name: boss, mother_id: mum}\n")
    with pytest.raises(BadSetup) as refused:
        read_setup(given(tmp_path, claims=claims), {}, there, PAPERS, {"legal_rep_id", "mother_id"})
    boss, mother = refused.value.problems
    assert "fields.legal_rep_id" in boss and "fields.mother_id" in mother
    assert all(part in boss for part in ("删去这一行", "citizen_id", "credit_code", "capacity", "姓名、手机"))
    claims.write_text("name: n\ncitizen_id: id\nfields: {mobile: m, legal_rep_name: boss}\n")
    assert read_setup(given(tmp_path, claims=claims), {}, there, PAPERS, {"legal_rep_id", "mother_id"}).meanings.fields


def test_nobody_is_taken_for_an_organisation_that_the_platform_says_he_did_not_sign_in_for():
    someone = Person("i", "s", None, "示例王", credit_code="")
    assert known_of(someone, ROLES) == {}
