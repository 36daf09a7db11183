"""Two dispatcher hosts in network namespaces, one database: links are cut and healed, hosts stopped and started again.

`python -m chaos.hosts [CUTS]`, as root: it works in a network namespace of its own and leaves nothing behind. Portal,
database and departments are on one side, each `flask dispatch` at the end of a link of its own.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.crowd import Crowd, Size
from bench.figures import show
from bench.postgres import cluster
from bench.town import HOME, Town
from chaos.disk import ROUGH
from chaos.judging import AWAY, POLITE, faults_of, judged, until_ended

CUTS = 50
SEED = 11
CENTRE = "10.213.0.1"
INSIDE = "--inside"
LONG_EVERY, LONG_CUT = 10, 15.0  # longer than a line waits for its other side
LONGEST_CUT = 75.0  # longer than a lease
TICKS = os.sysconf("SC_CLK_TCK")


def ip(*words: str) -> None:
    """Change an address, a link or a route of this namespace."""
    subprocess.run(["ip", *words], check=True)


@dataclass
class Host:
    """A namespace at the end of a link, and the dispatcher in it. `seconds` of processor time its dispatchers used."""

    number: int
    holder: int
    town: Town
    process: subprocess.Popen[bytes] | None = None
    seconds: float = 0.0

    @property
    def link(self) -> str:
        """The near end of its link."""
        return f"host{self.number}"

    def within(self, *words: str) -> list[str]:
        """A command line that runs `words` in this host's network."""
        return ["nsenter", f"--net=/proc/{self.holder}/ns/net", *words]

    def connect(self) -> None:
        """Lay the link."""
        near, far = f"10.213.{self.number}.1", f"10.213.{self.number}.2"
        ip("link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", str(self.holder))
        ip("addr", "add", f"{near}/30", "dev", self.link)
        ip("link", "set", self.link, "up")
        for words in (f"addr add {far}/30 dev eth0", "link set eth0 up", f"route add {CENTRE}/32 via {near}"):
            subprocess.run(self.within("ip", *words.split()), check=True)

    def cut(self, seconds: float) -> None:
        """Take the link away and give it back."""
        ip("link", "set", self.link, "down")
        time.sleep(seconds)
        ip("link", "set", self.link, "up")

    def start(self) -> None:
        """Start its dispatcher."""
        environment = {**self.town.environment(), "YJS_DATA": str(self.town.folder / self.link)}
        with (self.town.folder / f"{self.link}.log").open("ab") as words:
            self.process = subprocess.Popen(self.within(sys.executable, "-m", "flask", "dispatch"), cwd=HOME,
                                            env=environment, stdout=words, stderr=words)

    def stop(self) -> bool:
        """Ask its dispatcher to end; whether it ended well and in time."""
        assert self.process is not None
        used = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        self.seconds += (int(used[11]) + int(used[12])) / TICKS
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(25) == 0
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False


@contextmanager
def host(number: int, town: Town) -> Iterator[Host]:
    """A host in a namespace that lives as long as a process that only sleeps in it."""
    with subprocess.Popen(["unshare", "--net", "sleep", "3600"], env=town.environment()) as holder:
        try:
            while Path(f"/proc/{holder.pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
                time.sleep(0.01)
            made = Host(number, holder.pid, town)
            made.connect()
            made.start()
            yield made
            made.stop()
        finally:
            holder.kill()


def storm(town: Town, hosts: list[Host], cuts: int) -> tuple[Crowd, int]:
    """Cut and heal under load, restart everything in turn; the crowd, and how many stops were not graceful."""
    dice, rough = random.Random(SEED), 0
    crowd = Crowd(town, Size(3, pause=1.0)).start()
    for number in range(1, cuts + 1):
        time.sleep(dice.uniform(0.3, 1.5))
        seconds = LONGEST_CUT if number == cuts // 2 and cuts >= CUTS else \
            LONG_CUT if number % LONG_EVERY == 0 else dice.uniform(0.2, 2.0)
        dice.choice(hosts).cut(seconds)
        if number % max(2, cuts // 3) == 0:
            rough += roll(town, hosts)
    crowd.stop()
    return crowd, rough


def roll(town: Town, hosts: list[Host]) -> int:
    """A rolling restart: each dispatcher and the portal is asked to end and started again; how many ended badly."""
    rough = 0
    for one in hosts:
        rough += not one.stop()
        one.start()
    assert town.portal is not None
    town.portal.terminate()
    rough += town.portal.wait(25) != 0
    town.start_portal()
    return rough


def run(folder: Path, cuts: int) -> bool:
    """The whole storm in `folder`; prints the figures and says whether it ended well."""
    ip("link", "set", "lo", "up")
    ip("addr", "add", f"{CENTRE}/32", "dev", "lo")
    with ExitStack() as stack:
        server = stack.enter_context(cluster(CENTRE, "10.213.0.0/16"))
        town = Town(folder, script=ROUGH, host=CENTRE, more={"DATABASE_URL": server.url})
        stack.callback(town.stop)
        town.start()
        hosts = [stack.enter_context(host(number, town)) for number in (1, 2)]
        crowd, rough = storm(town, hosts, cuts)
        began = time.monotonic()
        until_ended(crowd)
        ended = time.monotonic() - began
        rough += sum(not one.stop() for one in hosts)
        for one in hosts:
            one.start()
        damage = judged(town, crowd)
    faults = faults_of(town, POLITE | AWAY)
    for line in faults[:5]:
        print(f"# {line}", flush=True)
    show("hosts_cuts", cuts)
    show("hosts_cases", len(crowd.acks))
    show("hosts_answers_unfair", crowd.answers.unfair + len(faults))
    for one in hosts:
        show(f"hosts_cpu_seconds_of_{one.link}", one.seconds)
    show("hosts_stops_not_graceful", rough)
    show("hosts_seconds_until_all_ended", ended)
    damage.show("hosts")
    return damage.none and not (crowd.answers.unfair or rough or faults)


def main() -> int:
    """Run it in a network of its own; exit 1 if anything is not as it must be."""
    words = sys.argv[1:]
    if INSIDE not in words:
        if os.geteuid():
            raise SystemExit("the storm of hosts lays network links: run it as root")
        return subprocess.run(["unshare", "--net", sys.executable, "-m", "chaos.hosts", INSIDE, *words],
                              check=False).returncode
    cuts = [int(word) for word in words if word.isdecimal()]
    with tempfile.TemporaryDirectory() as folder:
        return 0 if run(Path(folder), cuts[0] if cuts else CUTS) else 1


if __name__ == "__main__":
    sys.exit(main())
