"""The server itself: slow senders starve nobody, signals end it cleanly, the worker dies with its master."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from settings.values import Settings
from sources.samples import sample_paper
from web import serve
from web.inside import call
from web.serve import Server, port_comes_free

HOME = Path(__file__).resolve().parents[2]
OFFICES = """bodies:
  water-office: {department: water, name: 供水公司, connector: pull, secrets: ["env:OFFICE_SECRET"]}
  power-office: {department: power, name: 供电公司, connector: pull, secrets: ["env:OFFICE_SECRET"]}
"""
PAPER = sample_paper("营业执照")[2]
SLOW_UPLOADS, PLACES = 96, 2  # of sixteen threads, for departments or visitors at one address


def free_port():
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


class Portal:
    """One server process with its worker."""

    def __init__(self, folder, **more):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "offices.yaml").write_text(OFFICES)
        self.environment = {
            **os.environ, "YJS_ENV": "test", "YJS_DATA": str(folder / "data"), "PORT": str(self.port),
            "YJS_BUNDLES": str(HOME / "tests" / "web" / "definitions"), "YJS_DEPARTMENTS": str(folder / "offices.yaml"),
            "OFFICE_SECRET": "whsec_" + "QUFB" * 10, "YJS_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            **more}
        self.log = (folder / "log").open("ab+")

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        self.log.close()

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-m", "web.serve"], cwd=HOME, env=self.environment,
                                        stdout=self.log, stderr=self.log)
        self.wait_until_ready()

    def wait_until_ready(self):
        for _ in range(600):
            assert self.process.poll() is None, self.said()
            try:
                if self.get("/readyz").status == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self.said())

    def said(self):
        self.log.seek(0)
        return self.log.read().decode()

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            answer.told = answer.read().decode()
            return answer

    def send(self, start, timeout=60, at=""):
        line = socket.create_connection(("127.0.0.1", self.port), timeout=timeout, source_address=(at, 0))
        line.sendall(start)
        return line

    def late(self, whole, at):
        """The answer to a request whose last bytes come half a second after the others, when a thread waits for it."""
        line = self.send(whole[:-5], at=at)
        time.sleep(0.5)
        line.sendall(whole[-5:])
        return answered(line)

    def signed_in(self):
        """A browser in which somebody has signed in, with the token that its requests need."""
        browser = requests.Session()
        browser.headers["Referer"] = self.url
        told = browser.get(f"{self.url}/demo/personas", timeout=30).json()
        person = next(one["id"] for one in told["personas"] if one["role"] == "applicant")
        browser.post(f"{self.url}/demo/personas/{person}", headers={"X-CSRFToken": told["csrf_token"]}, timeout=30)
        browser.headers["X-CSRFToken"] = browser.get(f"{self.url}/demo/personas", timeout=30).json()["csrf_token"]
        return browser

    def workers(self):
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in listed]

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(60)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    """One server for all tests that leave it as it was."""
    with Portal(tmp_path_factory.mktemp("lasting")) as running:
        yield running


@pytest.fixture
def portal(tmp_path):
    with Portal(tmp_path) as running:
        yield running


def upload(length, path="/demo/personas/x"):
    return (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/octet-stream\r\n"
            f"Content-Length: {length}\r\n\r\n").encode()


def forged(length, path="/api/departments/water-office/files"):
    """The head of a department's message whose signature nobody can judge before its body is here."""
    named = f"webhook-id: m\r\nwebhook-timestamp: {int(time.time())}\r\nwebhook-signature: v1,{'A' * 43}=\r\n"
    return upload(length, path).removesuffix(b"\r\n") + named.encode() + b"\r\n"


def form(length, path):
    """The head of a form with a file."""
    return upload(length, path).replace(b"application/octet-stream", b"multipart/form-data; boundary=x")


def answered(line):
    """The first bytes of an answer, or nothing."""
    with line:
        try:
            return line.recv(4096)
        except OSError:
            return b""


def notice():
    """A department's message, unsigned: it is read whole and refused, which needs a thread and a body."""
    body = b'{"type":"leg.accepted"}'
    return forged(len(body), "/api/departments/water-office/notices").replace(b"octet-stream", b"json") + body


def still_open(line):
    """Whether nothing has come back on a connection yet."""
    line.settimeout(0.05)
    try:
        line.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return True
    except OSError:
        pass
    return False


def test_slow_uploads_do_not_keep_a_notice_waiting(tmp_path):
    with Portal(tmp_path, YJS_BODY_DEADLINE="120") as running:
        slow = [running.send(forged(1_000_000) + b"x" * 10) for _ in range(SLOW_UPLOADS)]
        for _ in range(20):
            assert b" 401 " in answered(running.send(notice(), timeout=20))
        waiting = [line for line in slow if still_open(line)]
        assert len(waiting) == PLACES  # the notices were answered while these stood waiting for bodies
        refused = [answered(line) for line in slow if line not in waiting]
        for said in (b" 503 ", b"Retry-After", b"Connection: close"):
            assert all(said in answer for answer in refused), refused
        for line in waiting:
            line.close()


def test_whoever_need_not_say_who_he_is_keeps_no_body_of_others_from_coming(tmp_path):
    with Portal(tmp_path, YJS_BODY_DEADLINE="120") as running:
        slow = [running.send(head + b"x" * 10) for _ in range(SLOW_UPLOADS // 4)
                for head in (form(1_000_000, "/track"), forged(1_000_000))]
        paper = PAPER.replace(b"startxref", b"%" + b"." * 100_000 + b"\nstartxref")
        assert running.signed_in().post(f"{running.url}/api/files", data=paper, timeout=30, headers={
            "Content-Type": "application/pdf", "Content-Disposition": "attachment; filename=a.pdf"}).status_code == 201
        assert b" 401 " in running.late(notice(), at="127.0.0.2")
        assert b" 400 " in running.late(form(40, "/track") + b"x" * 40, at="127.0.0.2")  # no token; it had a place
        assert len([line for line in slow if still_open(line)]) == 2 * PLACES
        for line in slow:
            line.close()


@pytest.mark.parametrize(("path", "status"), [
    ("/drafts/x/materials/y", 303), ("/api/files", 401), ("/api/departments/nobody/files", 404), ("/track", 413),
    ("/api/departments/water-office/files", 401), ("/api/departments/water-office/notices", 401)])
def test_a_body_that_nobody_will_take_is_not_waited_for(lasting, path, status):
    for _ in range(20):
        assert answered(lasting.send(form(40_000_000, path) + b"x" * 10)).split(b" ")[1] == str(status).encode()


def test_a_body_that_never_comes_is_given_up_and_its_place_is_free_again(tmp_path):
    with Portal(tmp_path, YJS_BODY_DEADLINE="1") as running:
        with ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(lambda _: answered(running.send(forged(1_000_000) + b"x")), range(24)))
        assert {answer.split(b" ")[1] for answer in answers} == {b"408", b"503"}
        for size in (1_000_000, 100):
            assert b" 408 " in answered(running.send(forged(size) + b"x"))


@pytest.mark.parametrize("body", [b"ZZ\r\nxx", b"5\r\nab"], ids=["no chunk", "half a chunk"])
def test_chunks_that_are_none_are_the_callers_mistake(lasting, body):
    start = forged(0)
    line = lasting.send(start.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + body)
    line.shutdown(socket.SHUT_WR)
    assert b" 400 " in answered(line)
    assert "fault" not in lasting.said()


def test_silent_connections_take_no_thread(lasting):
    silent = [lasting.send(b"") for _ in range(60)]
    halves = [lasting.send(b"GET / HTTP/1.1\r\nHost: x\r\n") for _ in range(100)]
    assert lasting.get("/healthz").status == 200
    assert all(still_open(line) for line in halves)
    halves[0].sendall(b"Connection: close\r\n\r\n")
    assert answered(halves.pop(0)).startswith(b"HTTP/1.1 ")
    for line in silent + halves:
        line.close()


def test_hup_changes_nothing(lasting):
    before = lasting.workers()
    lasting.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    assert lasting.get("/readyz").status == 200
    assert lasting.workers() == before


def test_a_stop_is_clean_and_quick(portal):
    portal.stop()
    assert portal.process.returncode == 0
    assert "Traceback" not in portal.said()


def test_a_second_portal_on_one_folder_does_not_start_and_leaves_the_first_its_socket(portal, monkeypatch, caplog):
    monkeypatch.setattr(serve, "FOLDER_SECONDS", 0.2)
    for name, value in {**portal.environment, "PORT": str(free_port())}.items():
        monkeypatch.setenv(name, value)
    assert serve.main() == 2
    assert "仍被占用" in caplog.text
    said = call(Path(portal.environment["YJS_DATA"]), "pause", {"by": "ops", "reason": "看看", "dry_run": True})
    assert said is not None and said["paused"]


@pytest.mark.parametrize("victim", ["master", "worker"])
def test_after_a_kill_nothing_is_left_behind_and_a_start_takes_over(portal, victim):
    worker, = portal.workers()
    os.kill(portal.process.pid if victim == "master" else worker, signal.SIGKILL)
    if victim == "master":
        portal.process.wait(30)
        portal.start()
    for _ in range(300):
        try:
            if portal.get("/readyz").status == 200:
                break
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    assert portal.workers() not in ([], [worker])
    assert not Path(f"/proc/{worker}").exists() or Path(f"/proc/{worker}/stat").read_text().split()[2] == "Z"


def test_a_worker_born_again_reads_the_definitions_anew(tmp_path):
    bundles = Path(shutil.copytree(HOME / "tests" / "web" / "definitions", tmp_path / "bundles"))
    file = bundles / "connect.yaml"
    with Portal(tmp_path, YJS_BUNDLES=str(bundles)) as portal:
        worker, = portal.workers()
        assert "水电联办" in portal.get("/api/bundles").told
        file.write_text(file.read_text().replace("水电联办", "水电一起办"))
        os.kill(worker, signal.SIGKILL)
        portal.wait_until_ready()
        assert "水电一起办" in portal.get("/api/bundles").told
        worker, = portal.workers()
        file.write_text(file.read_text() + "\n: 写坏了\n")
        os.kill(worker, signal.SIGKILL)
        assert portal.process.wait(60) != 0
        said = portal.said()
        assert "connect.yaml:" in said
        for what in ("was sent SIGKILL", "serving on", "服务没有启动"):  # of gunicorn, of ours, of the end
            line = next(line for line in said.splitlines() if what in line)
            assert re.match(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}[+-]\d\d:\d\d [A-Z]+ [\w.]+ ", line), line


@pytest.mark.parametrize(("change", "says"), [
    ({"PORT": "0"}, "PORT=0"), ({"YJS_DEPARTMENTS": "nowhere.yaml"}, "没有启动"),
    ({"YJS_ENV": "production"}, "YJS_KEYS"), ({"YJS_DATA": "/dev/null/data"}, "YJS_DATA"),
    ({"YJS_DATA": "{folder}/spoilt"}, "store.sqlite3"),
])
def test_a_wrong_set_up_never_starts_and_says_all_that_is_wrong(tmp_path, change, says):
    (tmp_path / "offices.yaml").write_text(OFFICES)
    (tmp_path / "spoilt").mkdir()
    (tmp_path / "spoilt" / "store.sqlite3").write_text("no database" * 99)
    change = {name: value.format(folder=tmp_path) for name, value in change.items()}
    environment = {**os.environ, "YJS_ENV": "test", "YJS_DATA": str(tmp_path / "data"), "PORT": str(free_port()),
                   "YJS_BUNDLES": str(HOME / "tests" / "web" / "definitions"), "OFFICE_SECRET": "whsec_" + "QUFB" * 10,
                   "YJS_DEPARTMENTS": str(tmp_path / "offices.yaml"), **change}
    done = subprocess.run([sys.executable, "-m", "web.serve"], cwd=HOME, env=environment, capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_said_at_once_with_the_setting_that_changes_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        environment = {**os.environ, "YJS_ENV": "demo", "YJS_DATA": str(tmp_path / "data"), "PORT": str(port)}
        done = subprocess.run([sys.executable, "-m", "web.serve"], cwd=HOME, env=environment, capture_output=True,
                              text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert f"ERROR yijianshi.serve 不能在 127.0.0.1 端口 {port} 上监听" in done.stderr.splitlines()[0]
    assert "PORT=5300" in done.stderr and "[ERROR]" not in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("given", "host"), [("::1", "::1"), ("[::]", "::"), ("127.0.0.1", "127.0.0.1")])
def test_it_listens_at_any_address_of_this_machine_however_that_is_written(tmp_path, given, host):
    settings = Settings.from_environ({"YJS_BIND": given, "YJS_DATA": str(tmp_path)})
    assert Server(settings).cfg.address[0] == (host, 5000)


def test_a_port_that_comes_free_is_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        freed = threading.Timer(0.5, held.close)
        freed.start()
        assert port_comes_free("127.0.0.1", port)
        freed.join()
    assert port_comes_free("127.0.0.1", port)
