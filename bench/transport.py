"""What carrying one push costs: signed JSON of 4 KB to one local department, over four transports in turn.

`session` is a bare loop of `requests.Session.post` as most would write it, `session_plain` the same without a look at
the environment, `requests` and `keep_alive` are the whole connector `rest` on either of its transports. All of them
sign each message; only the connector also reads what the answer means. The rounds are interleaved, so that whatever
else the machine does meets all of them; the figures are medians.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import requests

from bench.figures import show
from bench.receiver import receiver
from connectors.base import Body, Outgoing
from connectors.rest import Rest
from connectors.signing import headers_for

POSTS = 500
ROUNDS = 5
THREADS = (1, 4)
SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
CONTENT = b'{"type": "leg.filed", "data": "' + b"x" * 4063 + b'"}'
Post = Callable[[int], None]


def by_session(address: str, environment: bool) -> Post:
    """Posts over a session of its own."""
    session = requests.Session()
    session.trust_env = environment

    def post(number: int) -> None:
        headers = headers_for(f"msg_{number}", datetime.now(UTC), CONTENT, [SECRET])
        headers |= {"Content-Type": "application/json", "Idempotency-Key": f"R-{number}:leg.filed:1"}
        session.post(address, data=CONTENT, headers=headers, timeout=10).raise_for_status()
    return post


def by_rest(rest: Rest, address: str, transport: str) -> Post:
    """Posts through the connector."""
    body = Body("gas", "gas", "rest", address=address, secrets=(SECRET,), settings={"transport": transport})

    def post(number: int) -> None:
        message = Outgoing(f"R-{number}:leg.filed:1", f"msg_{number}", "leg.filed", f"R-{number}", CONTENT)
        answer = rest.send(message, body, datetime.now(UTC))
        if answer.kind != "received":
            raise RuntimeError(answer.detail)
    return post


def timed(make: Callable[[], Post], threads: int) -> tuple[float, float]:
    """Posts a second, and CPU microseconds of this process for each, once every connection is open."""
    posts = [make() for _ in range(threads)]
    for post in posts:
        post(0)
    share = POSTS // threads

    def loop(post: Post) -> None:
        for number in range(share):
            post(number)

    workers = [threading.Thread(target=loop, args=(post,)) for post in posts]
    used, began = time.process_time(), time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return share * threads / (time.perf_counter() - began), (time.process_time() - used) / (share * threads) * 1e6


def measure(address: str) -> None:
    """Measure and print."""
    rest = Rest()
    ways: dict[str, Callable[[], Post]] = {
        "session": lambda: by_session(address, True), "session_plain": lambda: by_session(address, False),
        "requests": lambda: by_rest(rest, address, "requests"),
        "keep_alive": lambda: by_rest(rest, address, "keep_alive")}
    seen: dict[tuple[str, int], list[tuple[float, float]]] = {(way, count): [] for way in ways for count in THREADS}
    for _ in range(ROUNDS):
        for (way, threads), rounds in seen.items():
            rounds.append(timed(ways[way], threads))
    rest.close()
    show("transport_posts_each_round", POSTS)
    for (way, threads), rounds in seen.items():
        show(f"transport_{way}_{threads}_threads_posts_per_second", statistics.median(each[0] for each in rounds))
        show(f"transport_{way}_{threads}_threads_cpu_us_per_post", statistics.median(each[1] for each in rounds))
    for threads in THREADS:
        for way in ("session_plain", "requests", "keep_alive"):
            pairs = list(zip(seen[way, threads], seen["session", threads], strict=True))
            name = f"transport_{way}_over_session_{threads}_threads"
            show(f"{name}_posts", statistics.median(ours[0] / theirs[0] for ours, theirs in pairs))
            show(f"{name}_cpu", statistics.median(ours[1] / theirs[1] for ours, theirs in pairs))


def main() -> None:
    """Start a department, measure, end it."""
    with receiver() as address:
        measure(f"{address}/d/gas")


if __name__ == "__main__":
    main()
