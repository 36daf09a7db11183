"""An older key is destroyed by commands, once nothing needs it; then its copies are nobody's to read."""

import pytest

from desk.staff import rekeying
from store.keys import listed
from tests.ops.conftest import file, received


def test_a_key_is_destroyed_once_all_is_sealed_anew_and_backed_up(deployment):
    why, path = ("--reason", "每季度换钥"), deployment.folder / "keys"
    with deployment.house() as home:
        receipt, = file(home)
        received(home)
    before, after = deployment.folder / "before", deployment.folder / "after"
    deployment.ok("backup", before)
    deployment.ok("keys", "add")
    (first, _), (newest, _) = listed(path)
    said = deployment.ok("keys", "list", "--count")
    assert f"{newest}  aes  0 项  用来加密" in said and f"{first}  aes" in said
    assert "项" not in deployment.ok("keys", "list")

    def refused(*args):
        done = deployment.flask("keys", "destroy", *args, *why)
        assert (done.exit_code, len(listed(path))) == (1, 2)
        return done.output

    assert "flask keys list" in refused("00000000")
    assert "flask keys reseal" in refused(first)
    assert "将换成新密钥加密" in deployment.ok("keys", "reseal", "--dry-run")
    paper = min((deployment.folder / "data" / "files").glob("*/*"))
    whole = paper.read_bytes()
    paper.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with deployment.house() as home:
        with home.database.read() as tx:
            code = tx.rows("select code from cases")[0]["code"]
        home.database.write(lambda tx: tx.run("update cases set code = :cut", cut=code[:-1]))
    damaged = deployment.flask("keys", "reseal")
    assert damaged.exit_code == 1
    assert f"打不开：cases:code:{receipt.reference}\n打不开：@files:{paper.name}\n" in damaged.output
    assert "以上 2 项" in damaged.output and "flask keys reseal" in refused(first, "--keep", "0")
    paper.write_bytes(whole)
    with deployment.house() as home:
        home.database.write(lambda tx: tx.run("update cases set code = :code", code=code))
    assert "旧密钥下没有内容了" in deployment.ok("keys", "reseal")
    assert "加密 0 项" in deployment.ok("keys", "reseal")
    assert "flask backup" in refused(first, "--keep", "0")
    deployment.ok("backup", after)
    assert "以前的备份" in refused(first)
    assert "正在或即将用来加密" in refused(newest, "--keep", "0")
    assert f"可以销毁 {first}" in deployment.ok("keys", "destroy", first, "--keep", "0", "--dry-run", *why)
    with deployment.house() as home:
        home.database.write(lambda tx: tx.run(
            "update cases set code = :old", old=bytes.fromhex(first) + bytes(40)))  # as a host would that was forgotten
    assert "还有 1 项内容" in refused(first, "--keep", "0")
    with deployment.house() as home:
        home.database.write(lambda tx: tx.run("update cases set code = :new", new=tx.cipher.seal(
            b"\0\"\"", f"cases:code:{receipt.reference}")))
    with pytest.MonkeyPatch.context() as several:  # hosts, of which one has not yet heard of it
        rests = iter((300, 61, 61, 0))  # each time before everything is counted and behind it, which may take an hour
        several.setattr(rekeying.Rekeying, "destroy", lambda *_: {"key": first, "rest": next(rests)})
        for _ in range(2):
            assert "2 分钟以后" in deployment.ok("keys", "destroy", first, "--keep", "0", *why)
            assert len(listed(path)) == 2
    assert "都不能再读出" in deployment.ok("keys", "destroy", first, "--keep", "0", *why)
    assert listed(path) == [(newest, "aes")]
    assert first not in deployment.ok("keys", "list", "--count")
    assert deployment.flask("restore", before, "--dry-run").exit_code == 1
    assert "备份完好" in deployment.ok("restore", after, "--dry-run")
    assert deployment.json("verify")["holds"] is True
    said = deployment.ok("audit")
    assert f"keys.reseal  {newest}" in said and f"keys.destroy  {first}  每季度换钥" in said
