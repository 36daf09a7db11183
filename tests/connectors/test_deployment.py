"""The deployment file: what it says, every fault with its line, and who is served by whom."""

import base64
from pathlib import Path

import pytest

from connectors.deployment import Deployment, read_deployment
from connectors.matter_codes import codes_at, own_code
from connectors.shipped import registry

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
PARENTS = {"370202": "370200", "370200": "370000", "370000": "100000"}


def _read(folder: Path, text: str, **environ: str) -> Deployment:
    path = folder / "departments.yaml"
    path.write_text(text, "utf-8")
    said = {"gas.secret": f"\ufeff{SECRET}\r\n", "gas.token": "token-of-gas", "road.token": "token-of-road"}
    for name, text in said.items():
        (folder / name).write_text(text, "utf-8")
        (folder / name).chmod(0o640)
    return read_deployment(path, environ, registry())


GOOD = """
hosts: {city: "env:CITY_URL else https://city.example:8443"}
defaults: {connector: rest, secrets: file:gas.secret, deadline: 5}
bodies:
  gas-city: {department: gas, region: "370200", host: city, path: /gas, tokens: [file:gas.token], can_be_asked: no}
  gas-province: {department: gas, region: "370000", address: "http://10.1.2.3/gas", at_once: 8, read_lag: 2.5,
                 settings: {transport: requests}}
  road: {department: road, connector: pull, tokens: [file:road.token]}
  trees: {department: trees, connector: desk, name: 园林局, settings: {authorities: 园林局长}}
"""


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    found = _read(tmp_path, GOOD)
    assert found.problems == ()
    gas = found.bodies["gas-city"]
    assert (gas.address, gas.secrets, gas.deadline) == ("https://city.example:8443/gas", (SECRET,), 5.0)
    assert (gas.can_be_asked, gas.honours_keys, gas.tokens) == (False, True, ("token-of-gas",))
    assert found.bodies["gas-province"].at_once == 8
    assert [found.bodies[name].channel for name in ("road", "trees")] == ["pull", "desk"]
    assert found.bodies["gas-province"].settings == {"transport": "requests"}
    assert SECRET not in repr(found) and "token-of-gas" not in repr(found)


def test_an_address_may_come_from_the_environment(tmp_path: Path) -> None:
    assert _read(tmp_path, GOOD, CITY_URL="http://127.0.0.1:9").bodies["gas-city"].address == "http://127.0.0.1:9/gas"


@pytest.mark.parametrize(("defaults", "own", "address"), [
    ("host: city, path: /all", "address: 'https://gas.example/push'", "https://gas.example/push"),
    ("address: 'https://all.example/push'", "host: city, path: /gas", "https://city.example:8443/gas"),
    ("host: city", "path: /gas", "https://city.example:8443/gas"), ("host: city, path: /all", "phone: '1'",
                                                                     "https://city.example:8443/all"),
    ("host: slash", "path: /gas", "https://slash.example/gas"), ("host: slash", "phone: '1'", "https://slash.example/"),
])
def test_a_bodys_own_address_wins_over_an_inherited_one(tmp_path: Path, defaults: str, own: str, address: str) -> None:
    found = _read(tmp_path, f"""
hosts: {{city: "https://city.example:8443", slash: "https://slash.example/"}}
defaults: {{secrets: file:gas.secret, {defaults}}}
bodies:
  gas: {{department: gas, {own}}}
""")
    assert found.problems == ()
    assert found.bodies["gas"].address == address


@pytest.mark.parametrize(("own", "code"), [
    ("host: city, address: 'https://a.example/'", "two_addresses"), ("address: 'https://a.example/', path: /x",
                                                                      "two_addresses"),
    ("host: city, path: push", "bad_path"), ("host: city, path: '.evil.example/push'", "bad_path"),
    ("host: city, path: ':1/push'", "bad_path"), ("host: city, path: '@evil.example'", "bad_path"),
])
def test_an_address_that_could_be_read_in_two_ways_is_refused(tmp_path: Path, own: str, code: str) -> None:
    head = "hosts: {city: 'https://city.example'}\n" + HEAD
    assert [problem.code for problem in _read(tmp_path, f"{head}  a: {{department: d, {own}}}\n").problems] == [code]


def test_secrets_are_looked_for_in_the_secrets_folder_if_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    found = _read(tmp_path, GOOD, YJS_SECRETS=str(tmp_path / "other"))
    assert {problem.code for problem in found.problems} == {"secret_missing"}


def test_the_nearest_body_upward_serves_a_region(tmp_path: Path) -> None:
    found = _read(tmp_path, GOOD)
    who = {region: found.body_for("gas", region, PARENTS.get) for region in ("370202", "370000", "440000", None)}
    assert {region: body.id if body else None for region, body in who.items()} == {
        "370202": "gas-city", "370000": "gas-province", "440000": None, None: None}
    everywhere = found.body_for("road", "440000", PARENTS.get)
    assert everywhere is not None and everywhere.id == "road"
    assert found.body_for("water", None, PARENTS.get) is None
    assert found.served() == {"gas": {"370200", "370000"}, "road": {""}, "trees": {""}}


CLOSING = """
defaults: {connector: pull, secrets: file:gas.secret}
bodies:
  old: {department: gas, takes_new: no}
  older: {department: gas, takes_new: no}
  new: {department: gas}
  road: {department: road, takes_new: no}
"""


def test_a_body_that_takes_nothing_new_stands_beside_its_successor_and_is_given_no_leg(tmp_path: Path) -> None:
    found = _read(tmp_path, CLOSING)
    assert found.errors == ()
    assert {name: body.takes_new for name, body in found.bodies.items()} == {
        "old": False, "older": False, "new": True, "road": False}
    for region in (None, "370202"):
        successor = found.body_for("gas", region, PARENTS.get)
        assert successor is not None and successor.id == "new"
    assert found.body_for("road", None, PARENTS.get) is None
    assert found.served() == {"gas": {""}}


ONE_BODY = """
defaults: {connector: desk, name: 行政审批局}
bodies:
  bureau: {department: [gas, trees], uscc: 11370200mb0000000c, level: 3,
           codes: {cut: '01', dig: 12431123691806512c500011702000033}}
  windows: {department: road, matters: [dig], uscc: 11370200MB0000000C, level: 3}
  road: {department: road, name: 交通局}
  road-district: {department: road, region: "370202", name: 区交通局}
  water: {department: water, name: 水务局}
"""


def test_entries_of_one_credit_code_are_one_body_that_stands_for_all_their_kinds(tmp_path: Path) -> None:
    found = _read(tmp_path, ONE_BODY)
    assert found.problems == ()
    assert found.bodies["bureau"].kinds == ("gas", "trees")
    assert found.bodies["bureau"].uscc == "11370200MB0000000C", "small letters are seen in the wild"
    assert set(found.taken_over) == {"bureau", "windows"} and len(set(found.taken_over.values())) == 1
    assert found.served() == {"gas": {""}, "trees": {""}, "road": {"", "370202"}, "water": {""}}
    assert found.served("dig") == found.served()


def test_who_names_a_matter_gets_it_where_nobody_nearer_does_all_of_its_kind(tmp_path: Path) -> None:
    found = _read(tmp_path, ONE_BODY)

    def who(kind: str, region: str | None, matter: str) -> str | None:
        body = found.body_for(kind, region, PARENTS.get, matter)
        return None if body is None else body.id

    assert (who("trees", None, "cut"), who("road", "370200", "dig"), who("road", None, "dig")) == (
        "bureau", "windows", "windows")
    assert (who("road", "370200", "park"), who("road", "370202", "dig")) == ("road", "road-district")


def test_the_code_of_a_matter_at_a_body_is_computed_or_the_bodys_own(tmp_path: Path) -> None:
    bureau, water = (_read(tmp_path, ONE_BODY).bodies[name] for name in ("bureau", "water"))
    basic = "000131024000"
    assert codes_at(bureau, "any", basic).implementation == "11370200MB0000000C3000131024000"
    assert codes_at(bureau, "cut", basic).item == "11370200MB0000000C300013102400001"
    own = codes_at(bureau, "dig", basic)
    assert (own.implementation, own.item) == ("12431123691806512C5000117020000", "12431123691806512C500011702000033")
    for nothing in (codes_at(bureau, "cut", ""), codes_at(water, "any", basic), codes_at(None, "any", basic)):
        assert (nothing.implementation, nothing.item) == (None, None)


# Five that were seen: Jining, Fangshan, a township of Hunan (in small letters), Shanghai with and without its item.
@pytest.mark.parametrize("code", [
    "11370800MB285591843370117002011", "1111011100007796483110132065000", "12431123691806512c5000117020000",
    "11310000MB2F30661Y231200356400001", "11310000MB2F30661Y2312003564000"])
def test_codes_that_were_seen_are_taken(code: str) -> None:
    assert own_code(code) == code.upper()


def test_one_body_under_two_names_is_shown_and_not_refused(tmp_path: Path) -> None:
    found = _read(tmp_path, ONE_BODY.replace("windows: {department", "windows: {name: 政务大厅, department"))
    assert [(problem.line, problem.code, problem.level) for problem in found.problems] == [(6, "two_names", "warning")]


def test_a_bearer_token_names_its_body(tmp_path: Path) -> None:
    found = _read(tmp_path, GOOD)
    owner = found.body_of_token("token-of-gas")
    assert owner is not None and owner.id == "gas-city"
    assert found.body_of_token("") is None and found.body_of_token("令牌") is None


HEAD = "defaults: {secrets: file:gas.secret}\nbodies:\n"


@pytest.mark.parametrize(("text", "line", "code"), [
    ("", 1, "unreadable"),
    ("bodies: [", 1, "unreadable"),
    ("bodies:\n  a: &x {department: d}\n  b: *x\n", 2, "unreadable"),
    ("bodies:\n  a: {department: d}\n  a: {department: d}\n", 3, "unreadable"),
    ("bodies:\n  a: {department: }\n", 2, "unreadable"),
    ("bodies:\n  a: !!python/name:os.system {}\n", 2, "unreadable"),
    ("offices: {}\n", 1, "unknown_key"),
    ("hosts: {}\n", 1, "no_bodies"),
    (HEAD + "  A_b: {department: d, address: 'https://a.example/'}\n", 3, "bad_id"),
    (HEAD + "  a: {address: 'https://a.example/'}\n", 3, "no_department"),
    (HEAD + "  a:\n    department: d\n    adress: x\n", 5, "unknown_key"),
    (HEAD + "  a: {department: d}\n", 3, "no_address"),
    (HEAD + "  a: {department: d, host: none}\n", 3, "unknown_host"),
    (HEAD + "  a: {department: d, connector: fax}\n", 3, "unknown_connector"),
    (HEAD + "  a: {department: d, address: env:NOT_SET}\n", 3, "variable_missing"),
    (HEAD + "  a: {department: d, address: 'https://a.example/', deadline: 31}\n", 3, "bad_value"),
    (HEAD + "  a: {department: d, address: 'https://a.example/', at_once: 1.5}\n", 3, "bad_value"),
    (HEAD + "  a: {department: d, address: 'https://a.example/', honours_keys: maybe}\n", 3, "bad_value"),
    (HEAD + "  a: {department: d, address: 'https://a.example/', networks: 10.0.0.1/8}\n", 3, "bad_value"),
    (HEAD + "  a: {department: d, address: 'https://a.example/', ladder: [soon]}\n", 3, "bad_value"),
    (HEAD + "  a: {department: d, address: 'https://a.example/', settings: {transport: smoke}}\n", 3, "bad_value"),
    (HEAD + "  a: {department: d, address: 'https://a.example/', secrets: file:none}\n", 3, "secret_missing"),
    (HEAD + "  a: {department: d, address: 'https://a.example/', secrets: whsec_AAAA}\n", 3, "secret_in_file"),
    (HEAD + "  a: {department: d, address: 'https://a.example/', secrets: file:gas.token}\n", 3, "bad_secret"),
    ("bodies:\n  a: {department: d, address: 'https://a.example/'}\n", 2, "no_secret"),
    (HEAD + "  a: {department: d, connector: desk}\n  b: {department: d, connector: desk}\n", 4, "same_place"),
    (HEAD + "  a: {department: d, connector: desk, settings: {\n    authoritees: x}}\n", 4, "unknown_setting"),
    ("defaults: all\nbodies:\n  a: b\n", 3, "no_department"),
    (HEAD + "  a: {department: [d, e], connector: desk}\n", 3, "no_name"),
    (HEAD + "  a: {department: [], connector: desk}\n", 3, "no_department"),
    (HEAD + "  a: {department: [d, d], name: x, connector: desk}\n", 3, "bad_value"),
    (HEAD + "  a: {department: {d: e}, connector: desk}\n", 3, "bad_value"),
    (HEAD + "  a: {department: d, connector: desk, matters: []}\n", 3, "bad_value"),
    (HEAD + "  a: {department: d, connector: desk, uscc: 11370200MB0000000D, level: 3}\n", 3, "bad_code"),
    (HEAD + "  a: {department: d, connector: desk, uscc: 11370200MB0000000C, level: city}\n", 3, "bad_value"),
    (HEAD + "  a: {department: d, connector: desk,\n    uscc: 11370200MB0000000C}\n", 4, "half_code"),
    (HEAD + "  a: {department: d, connector: desk, level: 3}\n", 3, "half_code"),
    (HEAD + "  a: {department: d, connector: desk, codes: {\n    m: 1}}\n", 4, "bad_code"),
    (HEAD + "  a: {department: d, connector: desk, codes: {m: 11370200MB0000000D3000131024000}}\n", 3, "bad_code"),
    (HEAD + "  a: {department: d, connector: desk, codes: [m]}\n", 3, "bad_value"),
    ("bodies:\n  a: {department: d, uscc: 11370200MB0000000C, level: 3, connector: desk}\n"
     "  b: {department: e, uscc: 11370200MB0000000C, level: 3, connector: desk}\n", 3, "no_name"),
    (HEAD + "  a: {department: [d, e], name: x, connector: desk}\n"
     "  b: {department: [e, f], name: y, connector: desk}\n", 4, "same_place"),
    (HEAD + "  a: {department: d, matters: [m], connector: desk}\n"
     "  b: {department: d, matters: [n, m], connector: desk}\n", 4, "same_place"),
])
def test_every_fault_is_named_with_its_line(tmp_path: Path, text: str, line: int, code: str) -> None:
    problems = _read(tmp_path, text).problems
    assert (line, code) in {(problem.line, problem.code) for problem in problems}
    assert str(problems[0]).startswith("departments.yaml:")


def test_all_faults_of_a_body_are_named_at_once(tmp_path: Path) -> None:
    found = _read(tmp_path, HEAD + """
  a:
    department: d
    adress: https://a.example/
    deadlin: 5
    deadline: 31
    honours_keys: maybe
    read_lag: soon
    tokens: [file:none, file:gas.token]
    settings: {transport: smoke, authoritees: x}
""")
    assert [(problem.line, problem.code) for problem in found.problems] == [
        (4, "no_address"), (6, "unknown_key"), (7, "unknown_key"), (8, "bad_value"), (9, "bad_value"),
        (10, "bad_value"), (11, "secret_missing"), (12, "bad_value"), (12, "unknown_setting")]
    assert found.errors == found.problems and found.bodies == {}
    assert found.served() == {"d": {""}}


def test_a_body_that_fetches_without_a_token_is_shown_and_not_refused(tmp_path: Path) -> None:
    found = _read(tmp_path, HEAD + "  a: {department: d, connector: pull}\n")
    assert [(problem.line, problem.code, problem.level) for problem in found.problems] == [(3, "no_token", "warning")]
    assert found.errors == () and set(found.bodies) == {"a"}


def test_a_certificate_that_is_not_there_is_shown_and_keeps_nobody_else_from_work(tmp_path: Path) -> None:
    found = _read(tmp_path, GOOD.replace("transport: requests", "ca: /none/ca.pem"))
    assert [(one.line, one.code, one.level) for one in found.problems] == [(7, "certificate_missing", "warning")]
    assert "gas-province：ca 的文件 /none/ca.pem 打不开" in found.problems[0].message
    assert set(found.bodies) == {"gas-city", "gas-province", "road", "trees"}


def test_a_secret_that_everybody_on_the_machine_can_read_is_shown_and_not_refused(tmp_path: Path) -> None:
    _read(tmp_path, GOOD)
    (tmp_path / "road.token").chmod(0o644)
    found = read_deployment(tmp_path / "departments.yaml", {}, registry())
    assert [(problem.line, problem.code, problem.level) for problem in found.problems] == [
        (8, "secret_exposed", "warning")]
    assert f"chmod o= {tmp_path / 'road.token'}" in found.problems[0].message
    assert found.bodies["road"].tokens == ("token-of-road",)


@pytest.mark.parametrize(("written", "read"), [
    ("head", ("head",)), ("'head chief'", ("head", "chief")), ("'head, chief'", ("head", "chief")),
    ("[head, chief]", ("head", "chief")), ("市水务局，市复核办、总师", ("市水务局", "市复核办", "总师")),
    ("[市 水务局, '总师, 代']", ("市 水务局", "总师, 代")),
])
def test_authorities_are_a_list_or_a_text_with_spaces_or_commas(
        tmp_path: Path, written: str, read: tuple[str, ...]) -> None:
    found = _read(tmp_path, HEAD + f"  a: {{department: d, connector: desk, settings: {{authorities: {written}}}}}\n")
    assert found.problems == ()
    assert found.bodies["a"].authorities == read
    assert found.bodies["a"].settings == {}


def test_authorities_that_are_no_names_are_said(tmp_path: Path) -> None:
    found = _read(tmp_path, HEAD + "  a: {department: d, connector: desk, settings: {authorities: {head: yes}}}\n")
    assert [problem.message for problem in found.problems] == ["a：authorities 应为文字或文字的列表"]


def test_a_connector_that_does_not_say_what_settings_it_knows_takes_any(tmp_path: Path) -> None:
    class Fax:
        name = "fax"

    known = registry()
    known.add(Fax())  # type: ignore[arg-type]  # only its name is asked for here
    path = tmp_path / "departments.yaml"
    path.write_text(HEAD + "  a: {department: d, connector: fax, address: 'http://a.example/', settings: {line: '3'}}")
    (tmp_path / "gas.secret").write_text(SECRET)
    (tmp_path / "gas.secret").chmod(0o600)
    found = read_deployment(path, {}, known)
    assert found.problems == () and found.bodies["a"].settings == {"line": "3"}


@pytest.mark.parametrize("address", [
    "ftp://a.example/", "https://user@a.example/", "https://dept.gov.cn@127.0.0.1/", "http://2130706433/", "http://0x7f.1/",
    "http://127.1/", "http://0177.0.0.1/", "http://0/", "https://a.example/?x=1", "https://a.example/#x", "https:///x",
    "https://a.example:0/", "https://a.example:99999/", "https://a example/", "http://[::ffff:127.0.0.1]/", "https://A_b/",
])
def test_an_odd_address_is_refused(tmp_path: Path, address: str) -> None:
    found = _read(tmp_path, HEAD + f"  a: {{department: d, address: '{address}'}}\n")
    assert [problem.code for problem in found.problems] == ["bad_address"]
