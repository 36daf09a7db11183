"""What operators are told of files that the virus scanner could not look at, and of what it found in one later."""

import zipfile
from contextlib import contextmanager

from connectors.clamd import Clamd as Client
from desk.uploads.files import owner_of
from tests.clamd import EICAR, FOUND, Clamd
from tests.ops.conftest import PNG, file, received, say
from tests.ops.test_archive import WHY

BAD = PNG[:33] + len(EICAR).to_bytes(4, "big") + b"iCCP" + EICAR + b"\0\0\0\0" + PNG[33:]


@contextmanager
def away(scanner):
    """A while without the scanner."""
    scanner.stop()
    yield
    scanner.start()


def test_operators_see_what_waits_and_what_was_found_and_no_archive_gets_either(deployment, monkeypatch):
    scanner = Clamd().start()
    monkeypatch.setenv("YJS_SCANNER", scanner.setting)
    with away(scanner):
        with deployment.house() as home:
            over, = file(home)
            papers = home.desk.keep_file(owner_of("water-office"), ("复.png", "image/png"), [BAD], home.clock.now())
            home.database.write(lambda tx: tx.run("update uncleared set next_at = null, state = 'cleared'"
                                                  " where file <> :file", file=papers.file))
            received(home)
            water, power = (leg.leg for leg in over.legs)
            say(home, water, "leg.granted", results=[{"name": "接入答复单", "files": [papers.file]}])
            say(home, power, "leg.refused", "power-office", reason_code="R1", reason="不符合规划")
        assert "待查病毒：1 个文件" in deployment.ok("legs")
        assert deployment.json("legs")["counted"]["scans"]["waiting"] == 1
        waits, = deployment.json("scans")
        assert (waits["file"], waits["case"], waits["state"]) == (papers.file, over.reference, "waits")
        refused = deployment.flask("archive", "make", over.reference, "--into", deployment.folder / "out", *WHY)
        assert refused.exit_code == 1 and "有 1 个文件还在等病毒检查" in refused.output
    with deployment.house() as home:
        assert isinstance(home.parts.scanner, Client)
        assert home.desk.late_scans.go_round(home.clock.now()) == 1
    assert f"{papers.file}  {over.reference}" in (said := deployment.ok("scans")) and f"有病毒 {FOUND}" in said
    assert "有病毒：1 个文件已停用" in deployment.ok("legs")
    seen = ("scans", "seen", papers.file, *WHY)
    assert "将登记为已处理" in deployment.ok(*seen, "--dry-run") and "有病毒：1 个" in deployment.ok("legs")
    assert "已登记为已处理" in deployment.ok(*seen) and "有病毒" not in deployment.ok("legs")
    assert "已处理）" in deployment.ok("scans") and deployment.json("scans")[0]["seen_at"]
    again = deployment.flask(*seen)
    assert again.exit_code == 1 and f"{papers.file}：没有这个查出病毒、还没有处理的文件" in again.output
    deployment.ok("archive", "make", over.reference, "--into", deployment.folder / "out", *WHY)
    package = deployment.folder / "out" / f"{over.reference}.zip"
    with zipfile.ZipFile(package) as made:
        assert [made.read(name) for name in made.namelist() if name.startswith("files/")] == [PNG]
    assert f"完好：{over.reference}" in deployment.ok("archive", "check", package)
    scanner.stop()
