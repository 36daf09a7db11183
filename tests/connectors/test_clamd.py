"""clamd on a real socket: what it says is believed only where it is said as clamd says it, and within its time."""

import socket

import pytest

from connectors.clamd import Clamd
from connectors.scanners import BadScanner, Looked, NoScanner, Place, is_near, place_of
from tests.clamd import EICAR, FOUND
from tests.clamd import Clamd as Stub

PIECES = [b"a" * 100_000, b"", b"b" * 70_000]


@pytest.fixture
def stub():
    """Make a scanner on a socket; it is gone after the test."""
    made = []

    def make(**how):
        made.append(Stub(**how).start())
        return made[-1]

    yield make
    for one in made:
        one.stop()


def asked(one, chunks=PIECES, seconds=10.0):
    return Clamd(place_of(one.setting)).look(chunks, seconds)


@pytest.mark.parametrize("unix", [False, True])
def test_a_file_is_streamed_whole_and_its_verdict_is_heard(stub, tmp_path, unix):
    there = stub(path=tmp_path / "clamd.sock" if unix else None)
    scanner = Clamd(place_of(there.setting))
    assert (scanner.name, scanner.answers()) == (there.setting, True)
    assert scanner.look(PIECES, 10.0) == Looked("clean")
    assert scanner.look([b"before", EICAR, b"behind"], 10.0) == Looked("infected", FOUND)
    assert there.heard == [b"".join(PIECES), b"before" + EICAR + b"behind"]


@pytest.mark.parametrize(("says", "looked"), [
    (b"stream: OK\0", Looked("clean")),
    (b"stream: Win.Test.EICAR_HDB-1 FOUND\0", Looked("infected", "Win.Test.EICAR_HDB-1")),
    (b"stream: Can't allocate memory ERROR\0", Looked("unable", "scanner error")),
    (b"INSTREAM size limit exceeded. ERROR\0", Looked("unable", "larger than the scanner takes")),
    (b"UNKNOWN COMMAND\0", Looked("unable", "strange answer")),
    (b"stream: OK", Looked("away", "cut answer")),
    (b"stream: O", Looked("away", "cut answer")),
    (b"stream: OK\0stream: OK\0", Looked("unable", "strange answer")),
    (b"stream: ok\0", Looked("unable", "strange answer")),
    (b"OK\0", Looked("unable", "strange answer")),
    (b"stream: OK FOUND\0", Looked("infected", "OK")),
    (b"stream:  FOUND\0", Looked("unable", "strange answer")),
    (b"stream: " + b"x" * 5_000 + b" FOUND\0", Looked("away", "cut answer")),
    ("stream: 病毒 FOUND\0".encode(), Looked("unable", "strange answer")),
    (b"\0", Looked("unable", "strange answer")),
])
def test_only_what_clamd_says_is_a_verdict(stub, says, looked):
    assert asked(stub(says=says)) == looked


def test_a_scanner_that_is_away_hangs_or_wants_no_more_is_no_verdict(stub):
    gone = stub()
    gone.stop()
    assert asked(gone) == Looked("away", "no connection")
    assert not Clamd(place_of(gone.setting)).answers()
    gone.start()
    assert asked(stub(says=b""), seconds=0.3) == Looked("away", "too late")
    assert asked(stub(most=100_000)) == Looked("unable", "larger than the scanner takes")


def test_a_scanner_that_takes_nothing_of_a_stream_ends_with_the_time_for_all_of_it():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        scanner = Clamd(Place(host="127.0.0.1", port=listening.getsockname()[1]))
        assert scanner.look(iter(lambda: bytes(1 << 20), None), 0.3) == Looked("away", "too late")


def test_files_go_in_clear_to_private_addresses_alone_unless_somebody_says_so():
    near = ("127.0.0.1", "::1", "10.2.3.4", "172.16.0.1", "192.168.1.1", "fd00::1", "::ffff:10.0.0.1")
    far = ("8.8.8.8", "172.32.0.1", "100.100.100.200", "169.254.169.254", "0.0.0.0", "fe80::1%eth0", "2400:3200::1")
    assert [is_near(one) for one in near] == [True] * len(near)
    assert [is_near(one) for one in far] == [False] * len(far)
    assert Clamd(Place(host="192.0.2.1", port=3310)).look(PIECES, 5.0) == Looked("away", "not a private address")
    assert Clamd(Place(host="192.0.2.1", port=3310), anywhere=True).look(PIECES, 0.1).detail != "not a private address"


def test_what_names_no_scanner_is_refused_with_what_may_stand_there():
    assert place_of("clamd://clamav:3310") == Place(host="clamav", port=3310)
    assert place_of("clamd://[::1]:3310") == Place(host="::1", port=3310)
    assert place_of("unix:/run/clamav/clamd.ctl") == Place(path="/run/clamav/clamd.ctl")
    for wrong in ("", "clamd", "clamd://host", "clamd://host:0", "clamd://host:70000", "clamd://a b:1", "unix:here",
                  "http://host:3310", "clamd://user@host:3310", "clamd://host:3310/path", "clamd://host:３３１０"):
        with pytest.raises(BadScanner, match="clamd://"):
            place_of(wrong)
    assert NoScanner().look(PIECES, 1.0).kind == "away"
