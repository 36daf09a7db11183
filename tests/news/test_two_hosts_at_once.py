"""Two hosts look, bundle and bring at the same moments: everything is told, and nothing twice."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from desk.desk import Desk
from store.telling import bulletins
from tests.news.conftest import said
from tests.oversight.conftest import at

MORNING = at(6, 10)


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_of_hosts_that_work_at_once_each_piece_of_news_leaves_once_and_none_is_left(town):
    hosts = [town.desk, *(Desk(replace(town.premises, embedded=False)) for _ in range(2))]
    filed = [town.file(f"key-{number}") for number in range(12)]
    for number, reference in enumerate(filed):
        town.refuse(reference, "01", MORNING)
        if number % 2:
            town.refuse(reference, "03", MORNING)
        town.premises.database.write(lambda tx, r=reference, n=number: tx.run(
            "update cases set subject = :s where reference = :r", s=f"person{n % 5}", r=r))
    began, brought, faults = threading.Barrier(len(hosts)), [], []

    def work(desk):
        try:
            began.wait()
            for turn in range(12):
                now = MORNING + timedelta(minutes=31 * (turn // 4), seconds=turn)
                desk.sweep(now)
                desk.bulletins.make(now)
                for one in desk.bulletins.claim(3, now):
                    brought.append(said(one))
                    desk.bulletins.end(one, "sent", "received", now)
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(desk,)) for desk in hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with town.premises.database.read() as tx:
        told = tx.rows("select reference, kind, leg, bulletin, tell_at from news")
        states = [row["state"] for row in tx.rows("select state from bulletins")]
        assert (bulletins.figures(tx).waiting, tx.rows("select * from moved")) == (0, [])
    assert len(told) == 12 + 6 + 6
    assert all(row["bulletin"] is not None and row["tell_at"] is None for row in told)
    assert states == ["sent"] * len(brought), "each was taken by one host, once"
