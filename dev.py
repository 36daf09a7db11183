"""Sets everything up and runs it: `python3 dev.py run`, `test [--quick|--lines|--slow]`, `bench`, `chaos`, `check`.

Standard library only, so that a bare Debian with python3 and python3-venv is enough.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

HOME = Path(__file__).resolve().parent
VENV = HOME / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.sha256"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CJK_FONT = "Noto Sans CJK"
START_SECONDS = 60
BENCHES = ("compose", "case", "load", "accept", "notices", "uploads", "transport", "burst", "hanging", "queries",
           "start")
PATHS = ("YJS_DATA", "YJS_BUNDLES", "YJS_DEPARTMENTS", "YJS_SECRETS", "YJS_KEYS", "YJS_OIDC_CLAIMS", "YJS_OIDC_CA",
         "YJS_GATEWAY_SECRET")
STORMS = ("disk", "writers", "restarts", "hosts")
# A worker that has nothing left takes tests from the end of the other's list: what a file sets up is made once.
TWO_WORKERS = ("-n", "2", "--dist", "worksteal")
QUICK = "not slow and not browser and not postgres"
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of a name nobody can guess is made in it
ROOM = 3_000_000_000  # more than twice what the fast tests leave behind


def say(line: str) -> None:
    """One line to the person at the keyboard, at once."""
    print(f"[dev] {line}", flush=True)


def give_up(line: str) -> None:
    """Say what is missing and how to get it, then stop."""
    raise SystemExit(f"[dev] {line}")


def wanted(files: Sequence[str]) -> str:
    """A digest of what should be installed: the requirement files and the Python that runs them."""
    parts = [sys.version.encode(), *((HOME / name).read_bytes() for name in files)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def make_venv() -> None:
    """Make `.venv`; a Debian without python3-venv is told in one line what to install."""
    say("making .venv")
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        give_up(f"python3 cannot make a virtual environment; first: apt-get install python3-venv\n{done.stdout}")


def install(files: Sequence[str]) -> None:
    """Install the requirement files once; a stamp makes later starts quick."""
    digest = wanted(files)
    known = STAMP.read_text().split() if STAMP.exists() else []
    if PYTHON.exists() and digest in known:
        compile_sources()
        return
    if not PYTHON.exists() or subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True).returncode:
        make_venv()
    say(f"installing {', '.join(files)} (first time: about a minute)")
    lists = [part for name in files for part in ("-r", str(HOME / name))]
    uv = shutil.which("uv")
    here = [str(PYTHON), "-m", "pip", "install", "-q"]
    command = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", str(PYTHON)] if uv else here
    quiet = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run([*command, *lists], env=quiet, capture_output=True, text=True)
    if done.returncode:
        give_up(f"the packages could not be installed; is a package index reachable?\n{done.stdout}{done.stderr}")
    STAMP.write_text("\n".join({*known, digest}))
    compile_sources()


def compile_sources() -> None:
    """Keep the bytecode of our own files beside them, also where Python is told to write none
    (PYTHONDONTWRITEBYTECODE): to compile them anew was a third of every start. A folder that cannot be written to is
    left as it is."""
    ours = [path for path in sorted(HOME.iterdir()) if path.suffix == ".py" or any(path.glob("*.py"))]
    subprocess.run([str(PYTHON), "-m", "compileall", "-qq", *map(str, ours)], stdout=subprocess.DEVNULL)


def chromium() -> str | None:
    """The browser the page tests use, if there is one."""
    return next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)


def has_chinese_font() -> bool:
    """Whether pages can be drawn with Chinese letters."""
    lister = shutil.which("fc-list")
    if lister is None:
        return False
    return CJK_FONT in subprocess.run([lister, ":lang=zh"], capture_output=True, text=True).stdout


def has_library(name: str) -> bool:
    """Whether a shared library can be loaded."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def find_tools(*, slow: bool) -> None:
    """Find or install Chromium and a Chinese font, for slow tests also strace; without the right to install, say in one
    line how to get them."""
    missing = [] if chromium() else ["chromium"]
    missing += [] if has_chinese_font() else ["fonts-noto-cjk", "fontconfig"]
    missing += [] if has_library("libatomic.so.1") else ["libatomic1"]  # the browser's driver is linked against it
    missing += ["strace"] if slow and not shutil.which("strace") else []
    if not missing:
        return
    how = f"apt-get install {' '.join(missing)}"
    if os.geteuid() or not shutil.which("apt-get"):
        give_up(f"the tests need {', '.join(missing)}; install with: {how}")
    say(f"installing {', '.join(missing)} for the tests")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    get = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    for step in (("apt-get", "update", "-qq"), tuple(get)):
        if subprocess.run(step, env=environment, stdout=subprocess.DEVNULL).returncode:
            give_up(f"could not install them; do it by hand: {how}")


def python(*arguments: str, **more: str) -> int:
    """Run the project's Python to its end; the exit code."""
    return subprocess.run([str(PYTHON), *arguments], cwd=HOME, env={**os.environ, **more}).returncode


def data_folder() -> Path:
    """Where the demo keeps its data; keys, demo secrets and the ledger stand beside it."""
    return Path(os.environ.get("YJS_DATA", HOME / "data")).expanduser().resolve()


def beside(data: Path) -> Path:
    """The folder of the keys that belong to a data folder."""
    return data.parent / f"{data.name}-keys"


def demo_environment(port: int) -> dict[str, str]:
    """The environment of the demo: everything in `data/`, the shipped demo departments, sample persons.

    What is set already stays; a path is meant from where the person stands. With a department list of one's own the
    secrets are looked for where its documentation says: in YJS_SECRETS, else beside the list.
    """
    given = {name: value for name, value in os.environ.items() if name.startswith("YJS_")}
    given |= {name: str(Path(given[name]).expanduser().resolve()) for name in PATHS if given.get(name)}
    data = data_folder()
    own = {} if given.get("YJS_DEPARTMENTS") else {
        "YJS_DEPARTMENTS": str(HOME / "sandbox" / "departments.yaml"), "YJS_SECRETS": str(beside(data)),
        "YJS_GATEWAY": f"http://127.0.0.1:{port + 100}/gateway", "YJS_QUIET_HOURS": "off",
        "YJS_GATEWAY_SECRET": str(beside(data) / "gateway.secret")}
    sandbox = given.get("YJS_SANDBOX_URL") or f"http://127.0.0.1:{port + 100}"
    platform = {} if given.get("YJS_OIDC_ISSUER") else demo_platform(sandbox, beside(data))
    return {
        "YJS_ENV": "demo", "YJS_DATA": str(data), "YJS_KEYS": str(beside(data) / "keys"), "PORT": str(port),
        "YJS_PUBLIC_URL": f"http://127.0.0.1:{port}", "YJS_SANDBOX_URL": sandbox,
        **own, **platform, **given,
    }


def demo_platform(sandbox: str, folder: Path) -> dict[str, str]:
    """The settings of the stand-in identity platform that the demo departments' process at `sandbox` plays too."""
    return {
        "YJS_OIDC_ISSUER": f"{sandbox.rstrip('/')}/idp", "YJS_OIDC_CLIENT_ID": "yijianshi-demo",
        "YJS_OIDC_SECRET": f"file:{folder / 'identity.secret'}", "YJS_OIDC_LABEL": "用城市统一身份认证登录(示例)",
        "YJS_OIDC_CLAIMS": str(HOME / "sandbox" / "claims.yaml"),
    }


def wait_until_ready(url: str, processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Wait for `url` to answer; stop with its words if a process ended."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if any(process.poll() is not None for process in processes):
            give_up("a process ended while starting; its last lines are above")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    give_up(f"{url} did not answer within {START_SECONDS} seconds; see the lines above")


def refuse_a_port_in_use(port: int) -> None:
    """Say at once that somebody listens there: whoever it is would else be taken for the portal that begins."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            give_up(f"port {port} is in use; stop what listens there, or choose another: PORT=5300 python3 dev.py run")


def run(_: argparse.Namespace) -> int:
    """Start the portal with its dispatcher, and the demo departments, until Ctrl-C."""
    install(["requirements.txt"])
    port = int(os.environ.get("PORT", "5000"))
    refuse_a_port_in_use(port)
    environment = {**os.environ, **demo_environment(port)}
    keys = beside(data_folder())
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    ledger = str(keys / "ledger.jsonl")
    commands = (["-m", "flask", "sandbox", "--ledger", ledger], ["-m", "web.serve"])
    ready = (f"{environment['YJS_SANDBOX_URL']}/", f"http://127.0.0.1:{port}/readyz")
    processes: list[subprocess.Popen[bytes]] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        for command, url in zip(commands, ready):
            processes.append(subprocess.Popen([str(PYTHON), *command], cwd=HOME, env=environment))
            wait_until_ready(url, processes)
        if "YJS_GATEWAY" in environment:
            say(f"bulletins for applicants: {environment['YJS_GATEWAY']}")
        say(f"portal: http://127.0.0.1:{port}   API: http://127.0.0.1:{port}/api/docs   stop: Ctrl-C")
        while all(process.poll() is None for process in processes):
            time.sleep(0.5)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=30)


@contextmanager
def quick_folder() -> Iterator[Path | None]:
    """A folder in memory, if it has room, for what the tests write while they run: thousands of stores are made, and to
    wait for a disk to say that it has them was a third of the time. That our files outlive a power cut is what `--slow`
    looks at."""
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="yjs-", dir=MEMORY, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def run_tests(*arguments: str, **more: str) -> int:
    """Run pytest to its end; the exit code."""
    # The tests' bytecode is kept as our own is: to compile 24,000 lines anew takes each worker five seconds.
    return python("-m", "pytest", "-q", *arguments, PYTHONDONTWRITEBYTECODE="", **more)


def run_fast_tests(*arguments: str) -> int:
    """Run the tests that are not slow."""
    with quick_folder() as folder:
        if folder is None:
            return run_tests("-m", "not slow", *arguments)
        # By pytest's own name for its folder, names of sockets in it would become longer than sockets may have.
        return run_tests("-m", "not slow", f"--basetemp={folder / 'tests'}", *arguments, TMPDIR=str(folder))


def test(options: argparse.Namespace) -> int:
    """Lint, types and the tests; `--quick` only tests without browser and PostgreSQL; `--slow` the long runs."""
    install(["requirements.txt", "requirements-dev.txt"])
    if options.quick:
        return run_fast_tests(*TWO_WORKERS, "-m", QUICK, *options.rest)
    find_tools(slow=options.slow)
    if options.slow:
        return run_tests("-m", "slow", *options.rest)
    if options.rest:
        return run_fast_tests(*options.rest)
    lines = ("--cov", "--cov-report=term:skip-covered") if options.lines else ()
    steps = (
        ("ruff", partial(python, "-m", "ruff", "check", ".")),
        ("mypy", partial(python, "-m", "mypy")),
        ("pytest", partial(run_fast_tests, *TWO_WORKERS, *lines)),
    )
    failed = []
    for name, run_it in steps:
        say(name)
        if run_it():
            failed.append(name)
    say(f"failed: {', '.join(failed)}" if failed else "all green")
    return bool(failed)


def bench(options: argparse.Namespace) -> int:
    """Run the benchmarks in `bench/`; the figures come last as `name: value`. What no benchmark is called like is an
    argument of the one before it: `bench load 200`."""
    install(["requirements.txt", "requirements-dev.txt"])
    runs: list[list[str]] = []
    for word in options.rest or BENCHES:
        if (HOME / "bench" / f"{word}.py").exists() or not runs:
            runs.append([])
        runs[-1].append(word)
    return max((python("-m", f"bench.{name}", *rest) for name, *rest in runs), default=0)


def chaos(options: argparse.Namespace) -> int:
    """Kill the portal again and again under load, and compare what was promised with what departments saw; or one of
    the storms. More words are passed on: `--seed 7`, `--folder DIR`."""
    install(["requirements.txt", "requirements-dev.txt"])
    if options.rest and options.rest[0] in STORMS:
        return python("-m", f"chaos.{options.rest[0]}", *options.rest[1:])
    what = ["--planted"] if options.planted else ["long" if options.long else "short"]
    return python("-m", "chaos", *what, *options.rest)


def check(_: argparse.Namespace) -> int:
    """Check all definitions."""
    install(["requirements.txt"])
    return python("-m", "flask", "check")


def main() -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    for verb in (run, test, bench, chaos, check):
        sub = commands.add_parser(verb.__name__, help=(verb.__doc__ or "").splitlines()[0])
        sub.set_defaults(verb=verb)
        if verb is test:
            sub.add_argument("--slow", action="store_true", help="the long fuzz and fault runs")
            sub.add_argument("--quick", action="store_true", help="what needs neither browser nor PostgreSQL, alone")
            sub.add_argument("--lines", action="store_true", help="count the lines that tests reach, too; takes longer")
        if verb is chaos:
            sub.add_argument("--long", action="store_true", help="2,000 applications and 200 kills")
            sub.add_argument("--planted", action="store_true", help="plant bugs, one after the other, and find each")
            sub.set_defaults(rest=[])
        if verb in {test, bench}:
            sub.add_argument("rest", nargs="*", help="passed on: test files or pytest options, names of benchmarks")
    options, unknown = parser.parse_known_args()
    if unknown:
        options.rest = [*getattr(options, "rest", []), *unknown]
    return int(options.verb(options))


if __name__ == "__main__":
    sys.exit(main())
