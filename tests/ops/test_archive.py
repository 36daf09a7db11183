"""A closed case becomes one file that says all of it and proves itself; a bent one is told by its nature."""

import hashlib
import json
import struct
import zipfile

import pytest

from desk.applicants.afterwards import Withdrawal
from desk.errors import CannotArchive
from desk.records.archive_check import MOST_LISTED, check
from desk.uploads.files import owner_of
from store.engine.folder import claimed
from tests.ops.conftest import PNG, file, received, say

WHY = ("--reason", "到期归档", "--by", "档案员")
INTO_A_PACKAGE = {
    "manifest.json", "办件.txt", "records.jsonl", "chain.jsonl", "edition.json", "plan.json"}


@pytest.fixture
def ended(deployment):
    """A case that both offices decided on, one of them with a file, one that is open, and one more that is over; their
    receipts."""
    with deployment.house() as home:
        over, still_open, withdrawn = file(home, 3)
        home.desk.afterwards.withdraw("somebody", withdrawn.reference, Withdrawal(None, "改期"), "back",
                                      home.clock.now())
        received(home)
        water, power = (leg.leg for leg in over.legs)
        licence = home.desk.keep_file(owner_of("water-office"), ("答复单.png", "image/png"), [PNG], home.clock.now())
        say(home, water, "leg.granted", results=[{"name": "接入答复单", "number": "JR-7", "files": [licence.file]}])
        say(home, power, "leg.refused", "power-office", reason_code="R1", reason="不符合规划")
    return over, still_open, withdrawn


@pytest.fixture
def package(deployment, ended):
    deployment.ok("archive", "make", ended[0].reference, "--into", deployment.folder / "out", *WHY)
    return deployment.folder / "out" / f"{ended[0].reference}.zip"


def entries(path):
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def test_a_closed_case_becomes_one_file_with_all_of_it(deployment, ended, package):
    over = ended[0]
    found = entries(package)
    files = {name for name in found if name.startswith("files/")}
    letters = {name for name in found if name.startswith("messages/")}
    assert set(found) - files - letters == INTO_A_PACKAGE
    assert [found[name] for name in files] == [PNG, PNG]
    assert len(letters) == 2 and all(json.loads(found[name])["type"] == "leg.filed" for name in letters)
    words = found["办件.txt"].decode()
    for said in ("项目名称：示例项目", "图.png", "接入答复单，编号 JR-7", "答复单.png", "不符合规划"):
        assert said in words
    assert not any(over.code.encode() in body for body in found.values())
    assert package.stat().st_mode & 0o077 == 0
    (deployment.folder / "keys").rename(deployment.folder / "away")  # an archive has neither our store nor our keys
    assert f"完好：{over.reference}" in deployment.ok("archive", "check", package)


def test_what_was_written_is_on_record_and_what_is_there_is_left_alone(deployment, ended, package):
    over, still_open, withdrawn = ended
    entry = next(line for line in deployment.ok("audit").splitlines() if f"archive  {over.reference}  到期归档" in line)
    said = deployment.ok("archive", "check", package)
    assert json.loads(entry.split("  ")[-1])["sha256"] == said.split("SHA-256 ")[1].strip()
    before = package.read_bytes()
    again = deployment.flask("archive", "make", "--closed-before", "2999-01-01", still_open.reference, "2026", "--into",
                             package.parent, *WHY)
    assert (again.exit_code, package.read_bytes()) == (1, before)
    assert f"{still_open.reference}  没有归档：还没有办结" in again.output
    assert "2026  没有归档：没有这个办件" in again.output
    assert "已归档 1 件，已经在" in again.output
    assert sorted(package.parent.iterdir()) == sorted([package, package.with_name(f"{withdrawn.reference}.zip")])


def test_a_trial_writes_nothing(deployment, ended):
    tried = deployment.ok("archive", "make", "--closed-before", "2999-01-01", "--into", deployment.folder / "out", *WHY,
                          "--dry-run")
    assert "可以归档 2 件" in tried
    assert not (deployment.folder / "out").exists()
    assert "archive" not in deployment.ok("audit")


def rewritten(path, bend, there):
    """A package whose entries and manifest were changed by `bend`."""
    found = dict(there)
    manifest = json.loads(found.pop("manifest.json"))
    bend(found, manifest)
    with zipfile.ZipFile(path, "w") as package:
        for name, body in found.items():
            package.writestr(name, body)
        package.writestr("manifest.json", json.dumps(manifest))


def with_digests(bend):
    """A forger who also puts the digests in the manifest right."""
    def whole(found, manifest):
        bend(found)
        for entry in manifest["entries"]:
            body = found[entry["path"]]
            entry.update(size=len(body), sha256=hashlib.sha256(body).hexdigest())

    return whole


def changed(name, old, new):
    def bend(found):
        assert old in found[name]
        found[name] = found[name].replace(old, new)

    return bend


def another_file(found):
    name = next(name for name in found if name.startswith("files/"))
    found[name] = PNG + b"\0"


BENT = [
    (lambda found, _: found.pop("办件.txt"), "完整性：缺少 办件.txt"),
    (lambda found, _: found.update({"more.txt": b"x"}), "完整性：多出 more.txt"),
    (lambda found, _: found.update({"plan.json": b"{}"}), "完整性：plan.json 的内容与清单不符"),
    (with_digests(changed("records.jsonl", "不符合规划".encode(), "材料不齐".encode())), "真实性：第"),
    (with_digests(changed("chain.jsonl", b'"leg.refused"', b'"leg.granted"')), "真实性：事件链不成立"),
    (with_digests(another_file), "真实性：文件"),
    (lambda _, manifest: manifest["end"].update(n=manifest["end"]["n"] + 1), "真实性：事件链不成立"),
    (lambda _, manifest: manifest.update(format="other/9"), "可用性：不认识格式 other/9"),
]


def test_a_bent_package_is_told_by_its_nature(package):
    sound = entries(package)
    for bend, says in BENT:
        rewritten(package, bend, sound)
        with pytest.raises(CannotArchive, match=says):
            check(package)
    rewritten(package, lambda *_: None, sound)
    assert check(package).files == 2


def damaged(package, place, damage):
    """A copy of a package with other bytes somewhere behind the beginning of an entry."""
    with zipfile.ZipFile(package) as whole:
        begins = whole.getinfo("records.jsonl").header_offset
    raw = bytearray(package.read_bytes())
    raw[begins + place:begins + place + len(damage)] = damage
    copy = package.with_name(f"damaged{place}.zip")
    copy.write_bytes(raw)
    return copy


def test_what_is_no_package_or_damaged_is_told_and_the_others_are_checked(deployment, package):
    none = package.with_name("none.zip")
    none.write_bytes(b"PK")
    packed = damaged(package, 60, b"\xff" * 20)  # what no packer writes
    done = deployment.flask("archive", "check", none, packed, package)
    assert done.exit_code == 1
    assert "可用性：读不了这个归档包" in done.output
    assert f"{packed}  完整性：records.jsonl 的内容与清单不符" in done.output
    assert f"{package}  完好" in done.output


def test_a_case_whose_file_is_gone_or_changed_is_not_archived(deployment, ended):
    for path in (deployment.data / "files").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1])
    refused = deployment.flask("archive", "make", ended[0].reference, "--into", deployment.folder / "out", *WHY)
    assert refused.exit_code == 1
    assert "没有归档：完整性" in refused.output
    assert list((deployment.folder / "out").iterdir()) == []


def claiming(path, sound, size, name="plan.json"):
    """A package one entry of which says to unfold to so many bytes."""
    rewritten(path, lambda *_: None, sound)
    with zipfile.ZipFile(path, "a") as package:
        package.getinfo(name).file_size = size
        package.comment = b"written anew"


def packed_otherwise(path, sound):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as package:
        package.writestr("manifest.json", sound["manifest.json"])


def unfolding(path, sound):
    """A package whose plan says to be short and unfolds to a hundred million bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name in sound:
            package.writestr(name, b"0" * 100_000_000 if name == "plan.json" else sound[name])
        package.getinfo("plan.json").file_size = len(sound["plan.json"])


def listing(path, length):
    """A file of holes that says to be a ZIP with so long a list of entries."""
    with path.open("wb") as stream:
        stream.truncate(length)
        stream.seek(0, 2)
        stream.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, length, 0, 0))


BOMBS = [
    (lambda path, sound: claiming(path, sound, 100 << 30), "安全性：plan.json 展开后有 107374182400 字节"),
    (lambda path, sound: claiming(path, sound, 30_000_000, "manifest.json"), "安全性：manifest.json 超过"),
    (unfolding, "完整性：plan.json 的内容与清单不符"),
    (packed_otherwise, "可用性：manifest.json 的压缩方式"),
    (lambda path, _: listing(path, 3_000_000_000), f"安全性：目录超过 {MOST_LISTED} 字节"),
    (lambda path, sound: rewritten(path, with_digests(lambda found: found.update(
        {"records.jsonl": b'{"kind":"' + b"x" * 25_000_000 + b'"}'})), sound), "安全性：records.jsonl 里有一行超过"),
    (lambda path, sound: rewritten(path, lambda _, manifest: manifest.update(entries=[7]), sound), "可用性：读不了"),
    (lambda path, _: path.mkdir(), "可用性：这不是文件"),
]


def test_a_package_that_would_end_us_is_refused_before_it_unfolds(deployment, package, tmp_path):
    sound = entries(package)
    for number, (bomb, says) in enumerate(BOMBS):
        path = tmp_path / f"{number}.zip"
        bomb(path, sound)
        with pytest.raises(CannotArchive, match=says):
            check(path)
    done = deployment.flask("archive", "check", tmp_path / "0.zip", package)
    assert (done.exit_code, f"0.zip  {BOMBS[0][1]}" in done.output) == (1, True)
    assert f"{package}  完好" in done.output


def test_two_commands_that_archive_one_case_at_once_leave_each_other_alone(deployment, ended):
    over, out = ended[0].reference, deployment.folder / "out"
    out.mkdir()
    draft = out / f".{over}.part"
    with claimed(draft) as ours:
        assert ours
        draft.write_bytes(b"half of it")
        refused = deployment.flask("archive", "make", over, "--into", out, *WHY)
        assert refused.exit_code == 1
        assert f"{over}  没有归档：另一个命令正在把它写进这个目录" in refused.output
        assert [(path.name, path.read_bytes()) for path in out.iterdir()] == [(draft.name, b"half of it")]
    draft.write_bytes(b"left by one that was killed")
    deployment.ok("archive", "make", over, "--into", out, *WHY)
    assert [path.name for path in out.iterdir()] == [f"{over}.zip"]
