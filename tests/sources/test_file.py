"""The file of sources: what it says, and every fault of it with its line."""

import pytest

from sources.file import read_sources

SECRET = "whsec_" + "QUFB" * 10
GOOD = """hosts: {platform: "env:PLATFORM else https://platform.example"}
defaults: {deadline: 2, host: platform}
sources:
  library:
    kind: licence
    names: all
    name: 市电子证照库
    address: https://elc.example/lookups
    secrets: [file:new.secret, env:OLD]
    networks: [10.0.0.0/8]
    ca: FOLDER/city-ca.pem
  card: {kind: licence, names: {citizen_card: "11-001"}, path: /cards, token: file:token, answer_cap: 5000}
  platform:
    kind: sharing
    names: [lease_registry, death_registry]
    path: /share
    secrets: file:new.secret
    answer:
      state: head.code
      found: ["0", "200"]
      not_found: "404"
      number: data.certNo
      fields: {holder_name: data.owner}
"""


@pytest.fixture
def read(tmp_path):
    def made(text, **environ):
        for name, content in (("new.secret", SECRET), ("token", "a-token"), ("bad.token", "two\nlines")):
            (tmp_path / name).write_text(content)
            (tmp_path / name).chmod(0o640)
        (tmp_path / "city-ca.pem").touch()
        (tmp_path / "sources.yaml").write_text(text.replace("FOLDER", str(tmp_path)))
        return read_sources(tmp_path / "sources.yaml", {"OLD": SECRET, **environ})
    return made


def test_a_good_file_is_read_whole(read, tmp_path):
    found = read(GOOD)
    assert found.problems == ()
    library, card, platform = found.places
    assert (library.names, library.body.address) == (None, "https://elc.example/lookups")
    assert (library.body.secrets, library.body.deadline, library.body.answer_cap) == ((SECRET, SECRET), 2.0, 100_000)
    assert (library.body.networks, library.body.settings) == (("10.0.0.0/8",), {"ca": f"{tmp_path}/city-ca.pem"})
    assert (card.called("citizen_card"), card.called("other")) == ("11-001", None)
    assert (card.body.address, card.body.tokens, card.body.answer_cap) == (
        "https://platform.example/cards", ("a-token",), 5_000)
    assert platform.shape.words["found"] == {"0", "200"} and platform.shape.words["over"] == {"over"}
    assert (platform.shape.about["number"], platform.shape.about["valid_to"]) == ("data.certNo", "document.valid_to")
    assert platform.shape.fields == {"holder_name": "data.owner"}
    assert [(one.kind, one.name, one.line) for one in found.named] == [
        ("licence", "all", 6), ("licence", "citizen_card", 12), ("sharing", "lease_registry", 15),
        ("sharing", "death_registry", 15)]
    assert read(GOOD, PLATFORM="https://other.example").places[1].body.address == "https://other.example/cards"


WHOLE = "kind: licence, names: all, address: 'https://a.example', secrets: file:new.secret"


@pytest.mark.parametrize(("entry", "line", "says"), [
    (WHOLE.replace("licence", "licences"), 2, "x：不认识来源 licences；是不是 licence？"),
    (WHOLE.replace("kind: licence, ", ""), 2, "x：请写 kind：licence、sharing、premises、zone 之一"),
    (WHOLE.replace("names: all, ", ""), 2, "x：请写 names：它答复哪些证照或登记，例如 [business_licence]，或 all"),
    (WHOLE.replace("address: 'https://a.example', ", ""), 2, "x：请写 address，或 host 加 path"),
    (WHOLE.replace("https:", "ftp:"), 2, "x：地址应为 http(s)://主机[:端口]/路径，不带用户名、? 和 #"),
    (WHOLE.replace(", secrets: file:new.secret", ""), 2,
     "x：请写 secrets(签名) 或 token(令牌)：对方凭它确认是我们在查"),
    (WHOLE.replace("file:new.secret", SECRET), 2, "x：密钥不能直接写在这里；请写 file:路径 或 env:变量名"),
    (WHOLE.replace("file:new.secret", "file:none"), 2, "x：file:none 读不到内容"),
    (WHOLE.replace("file:new.secret", "file:token"), 2, "x：密钥应为 whsec_（国密 whsm3_）加 24–64 字节的 base64，"
     "例如 echo whsec_$(openssl rand -base64 32) 生成"),
    (WHOLE.replace("file:new.secret", "[file:new.secret, env:OLD, env:OLD]"), 2,
     "x：secrets 最多两个(新的在前)，token 只能一个"),
    (f"{WHOLE}, token: file:bad.token", 2, "x：令牌里有不能放进请求头的字符"),
    (f"{WHOLE}, deadline: 30", 2, "x：deadline 应为 0.1 到 10.0 的数字"),
    (f"{WHOLE}, deadlines: 3", 2, "x：不认识 deadlines；是不是 deadline？"),
    (f"{WHOLE}, networks: [10.0.0.300]", 2, "x：10.0.0.300 不是网段，请写成 10.1.2.0/24"),
    (f"{WHOLE}, answer: ok", 2, "x：answer 应为 名称: 位置"),
    (f"{WHOLE}, answer: {{stat: code}}", 2, "x：answer 里不认识 stat；是不是 state？"),
    (f"{WHOLE}, answer: {{fields: [a]}}", 2, "x：fields 应为 字段代码: 位置"),
    (WHOLE.replace("names: all", "names: [all, card]"), 2, "x：names 请写出它答复的名称，或只写 names: all"),
    (WHOLE.replace("names: all", "names: []"), 2, "x：names 请写出它答复的名称，或只写 names: all"),
    (f"{WHOLE}, ca: /none/ca.pem", 2,
     "x：ca 的文件 /none/ca.pem 打不开，连接都会失败；请写文件的完整路径，并让运行服务的用户能读"),
    (f"{WHOLE}, answer: {{found: ['0'], not_found: ['1', '0']}}", 2,
     "x：0 既是 found 又是 not_found；每个值只能是一种状态，没有写的状态值同名称"),
    (f"{WHOLE}, answer: {{over: found}}", 2,
     "x：found 既是 found 又是 over；每个值只能是一种状态，没有写的状态值同名称"),
    (f"{WHOLE}, answer: {{again: []}}", 2, "x：again 没有写值；不需要时请删去"),
    (f"{WHOLE}}}\n  y: {{{WHOLE}", 3, "y 与 x 都答复 licence 的 all，无法决定问谁"),
    (f"{WHOLE}}}\n  y z: {{{WHOLE.replace('all', '[card]')}", 3,
     "y z：来源编号只能用小写字母、数字和连字符，最长 64 位"),
])
def test_every_fault_has_its_line_and_says_what_to_write(read, entry, line, says):
    found = read(f"sources:\n  x: {{{entry}}}\n")
    assert [(one.line, one.message, one.level) for one in found.problems] == [(line, says, "error")]


def test_a_file_without_sources_or_with_other_parts_is_refused(read):
    assert [one.code for one in read("bodies: {a: {}}\n").problems] == ["no_sources", "unknown_key"]
    assert [one.code for one in read("sources: [\n").problems] == ["unreadable"]
    assert [one.message for one in read("sources: " + "{a: " * 2_000).problems] == ["嵌套过深"]


@pytest.mark.parametrize(("host", "codes"), [
    ("http://library.example", ["in_clear"]), ("http://127.0.0.1:8080", []), ("http://[::1]:80/x", [])])
def test_numbers_that_leave_the_machine_in_clear_are_a_warning(read, host, codes):
    found = read(f"sources:\n  x: {{{WHOLE.replace('https://a.example', host)}}}\n")
    assert ([one.code for one in found.problems], len(found.places)) == (codes, 1)


def test_a_secret_that_everybody_can_read_is_a_warning(read, tmp_path):
    (tmp_path / "open.secret").write_text(SECRET)
    (tmp_path / "open.secret").chmod(0o644)
    found = read(f"sources:\n  x: {{{WHOLE.replace('new', 'open')}}}\n")
    assert ([one.code for one in found.problems], len(found.places)) == (["secret_exposed"], 1)
