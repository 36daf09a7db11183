"""What is different in production: no sample persons, cookies for TLS alone, keys named, forwarded addresses believed
only from trusted proxies."""

import shutil
from pathlib import Path

import pytest

from app import create_app
from people.accounts import NewAccount
from people.guesses import LOGIN
from store.keys import create_keys
from web.wiring import NAME, RefusedStart

FOLDER = Path(__file__).parent / "definitions"
PASSWORD = "一句只有我自己知道的很长的话"
OFFICES = """bodies:
  water-office: {department: water, name: 供水公司, connector: pull, secrets: ["env:OFFICE_SECRET"]}
  power-office: {department: power, name: 供电公司, connector: pull, secrets: ["env:OFFICE_SECRET"]}
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("production")
    create_keys(folder / "keys" / "keys")
    (folder / "offices.yaml").write_text(OFFICES)
    return {"YJS_ENV": "production", "YJS_DATA": str(folder / "data"), "YJS_KEYS": str(folder / "keys" / "keys"),
            "YJS_BUNDLES": str(FOLDER), "YJS_DEPARTMENTS": str(folder / "offices.yaml"), "YJS_TRUSTED_PROXIES": "1",
            "OFFICE_SECRET": "whsec_" + "QUFB" * 10, "YJS_PUBLIC_URL": "https://yijianshi.example"}


@pytest.fixture(scope="module")
def app(settings):
    made = create_app(settings)
    yield made
    made.extensions[NAME].close()


@pytest.fixture
def browser(app):
    made = app.test_client()
    made.environ_base["wsgi.url_scheme"] = "https"
    return made


def sign_in(browser, login, password=PASSWORD, **headers):
    page = browser.get("/login", base_url="https://yijianshi.example")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    return browser.post("/login", base_url="https://yijianshi.example",
                        data={"login": login, "password": password, "csrf_token": token},
                        headers={"Referer": "https://yijianshi.example/login", **headers})


def test_without_a_virus_scanner_the_log_says_so_and_so_does_the_probe(app, browser, caplog):
    app.extensions[NAME].begin()
    assert "YJS_SCANNER is not set" in caplog.text
    told = browser.get("/readyz", base_url="https://yijianshi.example").json
    assert "没有设置病毒扫描程序(YJS_SCANNER)，上传的文件没有查毒" in told["look"]


def test_there_are_no_sample_persons(app, browser):
    assert app.extensions[NAME].personas == ()
    for method, path in (("GET", "/demo/personas"), ("POST", "/demo/personas/author"), ("POST", "/login/persona")):
        assert browser.open(path, method=method).status_code == 404


def test_there_is_no_account_until_somebody_makes_one(app):
    with app.extensions[NAME].database.read() as tx:
        assert tx.rows("select * from accounts") == []


def test_signing_in_by_password_gives_a_cookie_for_this_host_over_tls_alone(app, browser):
    home = app.extensions[NAME]
    home.accounts.add(NewAccount("li", "applicant", "李一", password=PASSWORD), home.clock.now())
    answer = sign_in(browser, "li")
    assert answer.status_code == 303, answer.text
    cookie = next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith("__Host-yjs="))
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert browser.get("/api/cases", base_url="https://yijianshi.example").status_code == 200
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_a_member_of_the_staff_comes_no_further_by_a_password_than_to_setting_up_a_factor(app, browser):
    home, base = app.extensions[NAME], {"base_url": "https://yijianshi.example"}
    home.accounts.add(NewAccount("boss", "operator", "示例", password=PASSWORD), home.clock.now())
    answer = sign_in(browser, "boss")
    cookie, = (one for one in answer.headers.getlist("Set-Cookie") if one.startswith("__Host-yjs"))
    assert cookie.startswith("__Host-yjs-half=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert browser.get(answer.location, **base).location == "/login/factor"
    page = browser.get("/login/factor", **base)
    assert (page.status_code, "no-store" in page.headers["Cache-Control"]) == (200, True)
    assert browser.get("/staff/health", **base).location.startswith("/login?")


def test_wrong_passwords_are_counted_for_the_name_where_they_come_from(app):
    from_one = [sign_in(app.test_client(), "wang", "wrong", **{"X-Forwarded-For": "10.0.0.1"}).status_code
                for _ in range(LOGIN.here.times + 1)]
    assert from_one == [401] * LOGIN.here.times + [429]
    assert sign_in(app.test_client(), "wang", "wrong", **{"X-Forwarded-For": "10.0.0.2"}).status_code == 401


@pytest.mark.parametrize("name", ["YJS_KEYS", "YJS_DEPARTMENTS", "YJS_PUBLIC_URL"])
def test_without_keys_departments_or_address_it_refuses_to_start_by_name(settings, monkeypatch, name):
    monkeypatch.delenv(name, raising=False)
    with pytest.raises(RefusedStart, match=name):
        create_app({**settings, name: ""})


def test_a_variable_of_ours_that_nobody_reads_is_refused_unless_the_list_refers_to_it(settings, tmp_path):
    with pytest.raises(RefusedStart, match="YJS_LOG_FILE"):
        create_app({**settings, "YJS_LOG_FILE": "x"})
    (tmp_path / "offices.yaml").write_text(OFFICES.replace("OFFICE_SECRET", "YJS_OFFICES_SECRET"))
    create_app({**settings, "YJS_DEPARTMENTS": str(tmp_path / "offices.yaml"),
                "YJS_OFFICES_SECRET": settings["OFFICE_SECRET"]}).extensions[NAME].close()


def test_a_folder_without_definitions_is_said_and_nothing_that_follows_from_it(settings, tmp_path):
    with pytest.raises(RefusedStart) as refused:
        create_app({**settings, "YJS_BUNDLES": str(tmp_path)})
    assert len(str(refused.value).splitlines()) == 2


def test_keys_that_others_can_read_are_refused(settings, tmp_path):
    create_keys(tmp_path / "keys" / "keys")
    (tmp_path / "keys" / "keys").chmod(0o644)
    with pytest.raises(RefusedStart, match="chmod 600"):
        create_app({**settings, "YJS_KEYS": str(tmp_path / "keys" / "keys")})


def test_every_problem_of_the_definitions_is_said_at_once(settings, tmp_path):
    for path in FOLDER.rglob("*.yaml"):
        target = tmp_path / path.relative_to(FOLDER)
        target.parent.mkdir(exist_ok=True)
        target.write_text(path.read_text().replace("section: basics", "section: none"))
    with pytest.raises(RefusedStart) as refused:
        create_app({**settings, "YJS_BUNDLES": str(tmp_path)})
    assert str(refused.value).count("fields.yaml:") >= 4


def test_a_place_offers_some_bundles_and_needs_departments_for_these_alone(settings, tmp_path):
    shutil.copytree(FOLDER, tmp_path / "bundles")
    connect = (FOLDER / "connect.yaml").read_text()
    (tmp_path / "bundles" / "water-only.yaml").write_text("\n".join(
        line for line in connect.replace("id: connect", "id: water-only").replace("水电联办", "接水").splitlines()
        if "power-connection" not in line))
    (tmp_path / "offices.yaml").write_text(OFFICES.replace(OFFICES.splitlines()[2], ""))
    here = {**settings, "YJS_ENV": "test", "YJS_DATA": str(tmp_path / "data"), "YJS_BUNDLES": str(tmp_path / "bundles"),
            "YJS_DEPARTMENTS": str(tmp_path / "offices.yaml")}
    with pytest.raises(RefusedStart, match="power"):
        create_app(here)
    with pytest.raises(RefusedStart, match="YJS_OFFER:1: 没有一件事 water-ony；是不是 water-only？"):
        create_app({**here, "YJS_OFFER": "water-ony"})
    made = create_app({**here, "YJS_OFFER": "water-only"})
    there, at = made.test_client(), {"base_url": "https://yijianshi.example"}
    assert [one["bundle"] for one in there.get("/api/bundles", **at).json["bundles"]] == ["water-only"]
    page = there.get("/?q=联办", **at).text + there.get("/", **at).text
    assert "接水" in page and "水电联办" not in page
    assert "本地没有开办这件事" in there.get("/bundles/connect", **at).text
    made.extensions[NAME].close()
