"""Killed in the middle of a fan-out and started again: every leg ends, and no department has one twice."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pytest

from bench.applicant import Applicant
from bench.town import Town
from tests.faults.promises import all_ended, nothing_lost_or_invented, one_effect_each, pushes

KILLS = ("worker", "master", "group")
FAILPOINTS = (
    "accept.after_commit:kill@3", "push.after_lease:kill@5", "push.after_response:kill@7",
    "push.after_outcome_commit:kill@5", "notice.before_commit:kill@9", "notice.after_commit:kill@9",
)
SOON = 60


@pytest.fixture
def town(tmp_path):
    made = Town(tmp_path, script=str(Path(__file__).parent / "rough.yaml"))
    try:
        yield made.start()
    finally:
        made.stop()


class Office:
    """Files utilities cases of one applicant, several at once, and keeps what was acknowledged."""

    def __init__(self, town):
        self.town, self.token = town, town.token()
        self.applicant = Applicant(town.url, self.token)
        self.prepared = self.applicant.prepare("utilities")
        self.filings, self.receipts = {}, {}

    def file(self, keys):
        """File one case for each key; every acknowledgement is kept."""
        with ThreadPoolExecutor(len(keys)) as pool:
            list(pool.map(self._file, keys))

    def _file(self, key):
        own = Applicant(self.town.url, self.token)
        self.filings[key] = own.anew(self.prepared)
        self.receipts[key] = own.file(self.filings[key], key)

    def file_meanwhile(self, keys):
        """The same in a thread, while the portal is killed."""
        thread = threading.Thread(target=self.file, args=(keys,))
        thread.start()
        return thread

    def judge(self):
        """Everything that must hold in the end."""
        views = all_ended(self.applicant, self.receipts)
        nothing_lost_or_invented(self.town, self.applicant, self.filings, self.receipts, views)
        one_effect_each(self.town.seen())


def wait_for(happened):
    until = time.monotonic() + SOON
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def kill_after(town, more, what):
    """Kill once `more` pushes were seen, and start again what does not come back by itself."""
    before = pushes(town.seen())
    wait_for(lambda: pushes(town.seen()) >= before + more)
    town.kill(what)
    if what != "worker":
        town.start_portal()


def die_at(town, failpoint, meanwhile):
    """Arm `failpoint`, do `meanwhile`, wait for the death it brings, and start again unarmed. What was left open may
    bring it before the portal is ready."""
    town.kill("group")
    town.more = {"FAILPOINTS": failpoint}
    town.launch_portal()
    wait_for(town.worker)
    worker = town.worker()
    thread = meanwhile()
    wait_for(lambda: town.worker() != worker)
    town.more = {}
    town.kill("group")
    town.start_portal()
    return thread


def test_one_kill_of_each_kind_in_the_middle_of_a_fan_out(town):
    office = Office(town)
    for number, what in enumerate(KILLS):
        thread = office.file_meanwhile([f"{number}-a", f"{number}-b"])
        kill_after(town, 9, what)
        thread.join(SOON)
        assert office.receipts.keys() == office.filings.keys()
    office.judge()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kills_at_named_places_and_at_random_moments_among_sixty_cases(town):
    office = Office(town)
    rounds = chain.from_iterable(zip(FAILPOINTS, KILLS * 2, strict=True))
    for number, how in enumerate(rounds):
        keys = [f"{number}-{one}" for one in range(5)]
        if how in KILLS:
            thread = office.file_meanwhile(keys)
            kill_after(town, 5 + 7 * number, how)
        else:
            thread = die_at(town, how, lambda keys=keys: office.file_meanwhile(keys))
        thread.join(SOON)
        assert office.receipts.keys() >= set(keys)
    office.judge()
