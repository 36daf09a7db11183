"""What belongs to applicants: drafts, files, cases, idempotency keys, consents, editions."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from store import cases, consents, drafts, editions, files, submissions
from store.consents import Consent
from store.drafts import Draft
from store.editions import Edition
from store.engine.changes import TWENTY_FIRST
from store.engine.opening import Opened
from store.errors import FileTaken, UnknownCase, UnknownDraft, UnknownEdition, UnknownFile
from store.files import FileRow
from store.submissions import Submission
from tests.store.samples import NOW, REFERENCE, a_case, file_case, minutes

DRAFT = Draft("d1", "someone", "utilities", "e1", {"form": {"name": "示例"}}, NOW, NOW)
FILE = FileRow("f" * 32, "someone", "营业执照（示例）.pdf", "application/pdf", 9, "ab", NOW)


def test_an_edition_is_kept_once_and_read_for_ever(store: Opened) -> None:
    edition = Edition("e1", "utilities", '{"名":"示例"}', NOW, "1")
    store.db.write(lambda tx: editions.keep(tx, edition))
    store.db.write(lambda tx: editions.keep(tx, replace(edition, body="other")))
    with store.db.read() as tx:
        assert editions.get(tx, "e1") == edition
        with pytest.raises(UnknownEdition):
            editions.get(tx, "e2")


def test_a_plan_is_kept_sealed_by_its_hash(store: Opened) -> None:
    store.db.write(lambda tx: editions.keep_plan(tx, "p1", '{"答":"示例"}'))
    store.db.write(lambda tx: editions.keep_plan(tx, "p1", "other"))
    with store.db.read() as tx:
        assert editions.plan(tx, "p1") == '{"答":"示例"}'
        with pytest.raises(UnknownEdition):
            editions.plan(tx, "p2")


def test_a_draft_is_saved_and_resumed(store: Opened) -> None:
    store.db.write(lambda tx: drafts.add(tx, DRAFT))
    later = replace(DRAFT, body={"form": {"name": "二"}}, updated_at=minutes(1))
    store.db.write(lambda tx: drafts.save(tx, later))
    with store.db.read() as tx:
        assert drafts.get(tx, "d1", "someone") == later
        assert drafts.of_subject(tx, "someone") == [later]


def test_another_persons_draft_is_as_unknown_as_none(store: Opened) -> None:
    store.db.write(lambda tx: drafts.add(tx, DRAFT))
    for draft, subject in (("d1", "other"), ("d2", "someone")):
        with pytest.raises(UnknownDraft):
            store.db.write(lambda tx, d=draft, s=subject: drafts.get(tx, d, s, lock=True))
        with pytest.raises(UnknownDraft):
            store.db.write(lambda tx, d=draft, s=subject: drafts.save(tx, replace(DRAFT, draft=d, subject=s)))
        with pytest.raises(UnknownDraft):
            store.db.write(lambda tx, d=draft, s=subject: drafts.drop(tx, d, s))


def test_a_draft_files_once_and_is_then_closed(store: Opened) -> None:
    store.db.write(lambda tx: drafts.add(tx, DRAFT))
    assert store.db.write(lambda tx: drafts.submitted(tx, "d1", REFERENCE))
    assert not store.db.write(lambda tx: drafts.submitted(tx, "d1", "other"))
    with pytest.raises(UnknownDraft):
        store.db.write(lambda tx: drafts.save(tx, DRAFT))
    with store.db.read() as tx:
        assert drafts.get(tx, "d1", "someone").submitted_as == REFERENCE
        assert drafts.of_subject(tx, "someone") == []


def test_a_dropped_draft_is_gone(store: Opened) -> None:
    store.db.write(lambda tx: drafts.add(tx, DRAFT))
    store.db.write(lambda tx: drafts.drop(tx, "d1", "someone"))
    with store.db.read() as tx:
        assert drafts.of_subject(tx, "someone") == []


def test_a_file_is_linked_to_one_case_by_its_owner(store: Opened) -> None:
    store.db.write(file_case)
    store.db.write(lambda tx: cases.add(tx, a_case("other")))
    store.db.write(lambda tx: files.add(tx, FILE))
    with pytest.raises(UnknownFile):
        store.db.write(lambda tx: files.link(tx, REFERENCE, "stranger", [FILE.file]))
    store.db.write(lambda tx: files.link(tx, REFERENCE, "someone", [FILE.file, FILE.file]))
    store.db.write(lambda tx: files.link(tx, REFERENCE, "someone", [FILE.file]))
    with pytest.raises(FileTaken):
        store.db.write(lambda tx: files.link(tx, "other", "someone", [FILE.file]))
    with store.db.read() as tx:
        assert files.of_case(tx, REFERENCE) == [replace(FILE, reference=REFERENCE)]
        assert files.several(tx, [FILE.file, "none"]) == {FILE.file: replace(FILE, reference=REFERENCE)}


def test_only_files_that_no_case_holds_are_taken_from_their_owner_and_forgotten(store: Opened) -> None:
    store.db.write(file_case)
    for name in "abc":
        store.db.write(lambda tx, name=name: files.add(tx, replace(FILE, file=name * 32)))
    for _ in range(2):  # as a supplement does that names it once more
        linked = store.db.write(lambda tx: files.link(tx, REFERENCE, "someone", ["a" * 32]))
        assert [one.file for one in linked] == ["a" * 32]
    with store.db.read() as tx:
        first, second = files.unlinked(tx, minutes(1))
        assert (first.file, second.file, first.owner) == ("b" * 32, "c" * 32, "someone")
        assert files.unlinked(tx, minutes(1), first) == [second]
        assert files.unlinked(tx, NOW) == []
        each = files.held(tx, "someone") // 2
        assert each == FILE.size + files.BLOCK, "one of three is the case's"
    taken = replace(first, file="a" * 32)
    store.db.write(lambda tx: [tx.run("update holdings set bytes = 1"), *map(tx.run, TWENTY_FIRST[-2:])])
    assert store.db.write(lambda tx: files.disown(tx, [taken, first])) == ["b" * 32]
    with store.db.read() as tx:
        assert files.held(tx, "someone") == each
    with pytest.raises(UnknownFile):
        store.db.write(lambda tx: files.link(tx, REFERENCE, "someone", ["b" * 32]))
    for name in "abc":
        store.db.write(lambda tx, name=name: files.forget(tx, name * 32))
    with store.db.read() as tx:
        assert set(files.several(tx, ["a" * 32, "b" * 32, "c" * 32])) == {"a" * 32, "c" * 32}


def test_a_case_comes_back_as_filed(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, on_behalf_of="somebody-else"))
    with store.db.read() as tx:
        found = cases.get(tx, REFERENCE)
        assert found == a_case(on_behalf_of="somebody-else")
        assert "somebody-else" not in tx.rows("select on_behalf_of from cases")[0]["on_behalf_of"]
        with pytest.raises(UnknownCase):
            cases.get(tx, "none")


def test_the_query_code_is_compared_and_never_guessed(store: Opened) -> None:
    store.db.write(lambda tx: file_case(tx, code="73K9"))
    with store.db.read() as tx:
        assert cases.has_code(tx, REFERENCE, "73K9")
        assert not any(cases.has_code(tx, *pair) for pair in ((REFERENCE, "73k9"), (REFERENCE, ""), ("none", "")))


def test_a_case_is_closed_and_reopened(store: Opened) -> None:
    store.db.write(file_case)
    for at in (minutes(1), None):
        store.db.write(lambda tx, at=at: cases.close(tx, REFERENCE, at))
        with store.db.read() as tx:
            assert cases.get(tx, REFERENCE).closed_at == at


def test_a_key_belongs_to_its_subject_and_is_taken_once(store: Opened) -> None:
    first = Submission("someone", "k", "digest", REFERENCE, NOW, {"reference": REFERENCE})
    assert store.db.write(lambda tx: submissions.claim(tx, first)) is None
    assert store.db.write(lambda tx: submissions.claim(tx, replace(first, reference="other"))) == first
    assert store.db.write(lambda tx: submissions.claim(tx, replace(first, subject="else", answer=None))) is None
    with store.db.read() as tx:
        assert submissions.find(tx, "someone", "k") == first
        assert submissions.find(tx, "someone", "other") is None


def test_of_ten_that_submit_one_key_at_once_one_files(store: Opened) -> None:
    got: list[str] = []
    start = threading.Barrier(10)

    def submit(number: int) -> None:
        start.wait()
        mine = Submission("someone", "k", "digest", f"case-{number}", NOW)
        earlier = store.db.write(lambda tx: submissions.claim(tx, mine))
        got.append(mine.reference if earlier is None else earlier.reference)

    threads = [threading.Thread(target=submit, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 10
    assert len(set(got)) == 1


def test_a_consent_is_given_and_withdrawn_by_its_subject(store: Opened) -> None:
    consent = Consent("c1", "someone", {"licences": ["A1"]}, NOW, REFERENCE)
    store.db.write(lambda tx: consents.give(tx, consent))
    assert not store.db.write(lambda tx: consents.withdraw(tx, "c1", "other", NOW))
    assert store.db.write(lambda tx: consents.withdraw(tx, "c1", "someone", minutes(1)))
    assert not store.db.write(lambda tx: consents.withdraw(tx, "c1", "someone", minutes(2)))
    with store.db.read() as tx:
        assert consents.of_case(tx, REFERENCE) == [replace(consent, withdrawn_at=minutes(1))]
