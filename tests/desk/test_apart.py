"""What unfolds when it is opened unfolds elsewhere: bombs are refused, and neither the worker nor a caller waits."""

import io
import os
import signal
import struct
import subprocess
import sys
import threading
import zipfile
import zlib
from pathlib import Path

import pytest

from desk.errors import Busy
from desk.uploads.apart import AT_ONCE, Apart, NoVerdict
from desk.uploads.content import BadFile, kind_of
from sources.samples import sample_paper

HOME = Path(__file__).resolve().parents[2]
PAPER = sample_paper("营业执照")[2]
MOST_KB = 150_000  # the interpreter, what it imports, and some room
OPEN_ONE = r"""
import os, re, signal, sys
from pathlib import Path
from desk.uploads.apart import APART
from desk.uploads.content import BadFile, kind_of
try:
    said = kind_of(Path(sys.argv[1]), sys.argv[2]).ending
except BadFile as refused:
    said = refused.code
most = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]
print(said, most, APART.pid is not None, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def pdf(objects, rows):
    """A PDF of these objects (number → text), with compressed ones at these (object stream, place) by number."""
    out, at = b"%PDF-1.5\n", {}
    for number, text in objects.items():
        at[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, text)
    last = max(at | rows) + 1
    at[last] = len(out)
    lines = [b"\0\0\0\0\0\xff\xff"]
    for number in range(1, last + 1):
        inside = rows.get(number)
        lines.append(struct.pack(">BIH", 2, *inside) if inside else struct.pack(">BIH", 1, at[number], 0))
    data = zlib.compress(b"".join(lines))
    return out + (b"%d 0 obj\n<</Type/XRef/Size %d/W[1 4 2]/Root 1 0 R/Filter/FlateDecode/Length %d>>stream\n%b\n"
                  b"endstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (last, last + 1, len(data), data, at[last]))


def many_pages(count):
    """One page that is named over and over again, where it compresses to nothing."""
    inner = b"2 0 <</Type/Pages/Count %d/Kids[%b]>>" % (count, b"3 0 R " * count)
    packed = zlib.compress(inner, 9)
    stream = b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (len(packed), packed)
    return pdf({1: b"<</Type/Catalog/Pages 2 0 R>>", 3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>", 4: stream},
               {2: (4, 0)})


def steps_before(action, steps):
    """An action that happens at the opening of a PDF, after so many harmless ones that stand directly inside."""
    for _ in range(steps):
        action = b"<</S/GoTo/D[3 0 R/Fit]/Next %b>>" % action
    return pdf({1: b"<</Type/Catalog/Pages 2 0 R/OpenAction %b>>" % action, 2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
                3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"}, {})


def many_entries(count, counted):
    """An OFD with so many entries, whose end says how many there are said to be."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("OFD.xml", b"<ofd/>")
    raw = made.getvalue()
    start, end = raw.index(b"PK\x01\x02"), raw.rindex(b"PK\x05\x06")
    one = raw[start:end]
    entries = one + b"".join(one[:28] + b"\1\0" + one[30:46] + b"a" for _ in range(count - 1))
    return raw[:start] + entries + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, counted, counted, len(entries),
                                               start, 0)


JS = b"<</S/JavaScript/JS(app.alert(1))>>"
LAST = b"<</S/GoTo/D[3 0 R/Fit]>>"


@pytest.fixture
def held(tmp_path):
    def hold(data):
        (tmp_path / "held").write_bytes(data)
        return tmp_path / "held"
    return hold


@pytest.fixture
def apart():
    made = Apart(seconds=1)
    yield made
    made.end()


def test_a_pdf_that_unfolds_into_gigabytes_costs_the_worker_nothing_and_its_process_ends_with_the_worker(held):
    bomb = held(many_pages(400_000))
    assert bomb.stat().st_size < 10_000
    # Its error channel ends when nobody has it any more: not the worker, which dies without a word, nor its process.
    done = subprocess.run([sys.executable, "-c", OPEN_ONE, str(bomb), "a.pdf"], cwd=HOME, capture_output=True,
                          text=True, timeout=60, check=False)
    said, most, started = done.stdout.split()
    assert (said, started, done.returncode) == ("file_too_complex", "True", -signal.SIGKILL)
    assert int(most) < MOST_KB


@pytest.mark.parametrize("counted", [60_000, 1], ids=["honest", "lying"])
def test_an_ofd_with_too_many_entries_is_refused_whatever_it_says(held, counted):
    with pytest.raises(BadFile) as refused:
        kind_of(held(many_entries(60_000, counted)), "a.ofd")
    assert refused.value.code == "file_too_complex"


@pytest.mark.parametrize(("action", "steps", "code"), [
    (JS, 7, "file_active"), (JS, 8, "file_active"), (JS, 40, "file_active"), (JS, 60, "file_too_complex"),
    (LAST, 60, "file_too_complex"), (JS, 5_000, "file_damaged")])
def test_a_script_is_found_however_deep_it_stands_or_the_file_is_refused_unseen(held, action, steps, code):
    with pytest.raises(BadFile) as refused:
        kind_of(held(steps_before(action, steps)), "a.pdf")
    assert refused.value.code == code


def test_what_is_nested_and_harmless_is_taken(held):
    assert kind_of(held(steps_before(LAST, 40)), "a.pdf").ending == "pdf"


def test_a_process_that_died_is_started_again(held, apart):
    with held(PAPER).open("rb") as opened:
        assert apart.verdict(opened, "pdf") is None
        first = apart.pid
        os.kill(first, signal.SIGKILL)
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
        assert apart.verdict(opened, "pdf") is None
        assert apart.pid != first


def test_a_child_that_dies_gives_no_verdict_and_the_next_file_gets_one(held, apart):
    with held(PAPER).open("rb") as opened:
        with pytest.raises(NoVerdict):
            apart.verdict(opened, "unheard-of")
        assert apart.verdict(opened, "pdf") is None


def test_a_process_that_hangs_is_ended_and_too_many_files_at_once_are_asked_to_come_again(held, apart):
    path, outcomes = held(PAPER), []

    def ask():
        with path.open("rb") as opened:
            try:
                outcomes.append(apart.verdict(opened, "pdf"))
            except (NoVerdict, Busy) as error:
                outcomes.append(type(error))

    ask()
    os.kill(apart.pid, signal.SIGSTOP)
    threads = [threading.Thread(target=ask) for _ in range(AT_ONCE + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ask()
    assert sorted(map(str, outcomes)) == sorted(map(str, [None, Busy, *[NoVerdict] * AT_ONCE, None]))
