"""Names are durable before anything that was promised lies under them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.cipher import Cipher
from store.engine import folder
from store.engine.folder import claimed, make_folder, write_durably
from store.engine.opening import Place
from store.uploads import vault
from store.uploads.vault import FolderVault, new_file_id
from tests.store.samples import NOW


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders whose names were made durable, in turn."""
    seen: list[Path] = []
    for room in (folder, vault):
        monkeypatch.setattr(room, "sync_folder", seen.append)
    return seen


def test_a_new_folder_is_durable_and_so_are_the_new_ones_above_it(tmp_path: Path, synced: list[Path]) -> None:
    make_folder(tmp_path / "a" / "b" / "c")
    assert synced == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]
    assert (tmp_path / "a" / "b" / "c").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path, synced: list[Path]) -> None:
    tmp_path.chmod(0o750)
    make_folder(tmp_path)
    assert synced == []
    assert tmp_path.stat().st_mode & 0o777 == 0o750


def test_a_folder_that_somebody_else_just_made_is_not_taken_for_durable(
        folder: Place, cipher: Cipher, synced: list[Path]) -> None:
    files, file = folder.data / "files", new_file_id(NOW)
    (files / file[-2:]).mkdir(parents=True)
    kept = FolderVault(folder.data, cipher)
    kept.put(file, [b"one"])
    assert synced == [files, files / file[-2:]]
    kept.put(new_file_id(NOW)[:-2] + file[-2:], [b"two"])
    assert synced[2:] == [files / file[-2:]]


def test_of_two_who_write_one_file_at_once_each_writes_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "one"

    def slowly() -> Iterator[bytes]:
        yield b"first, "
        write_durably(path, [b"second"])
        assert path.read_bytes() == b"second"
        yield b"whole"

    write_durably(path, slowly())
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("one", b"first, whole")]


def test_a_draft_is_one_process_own_until_it_is_done_with_it(tmp_path: Path) -> None:
    draft = tmp_path / "draft"
    with claimed(draft) as ours, claimed(draft) as theirs:
        assert (ours, theirs) == (True, False)
        draft.write_bytes(b"whole")
        draft.rename(tmp_path / "done")
    with claimed(draft) as ours:
        assert ours and draft.exists()
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("done", b"whole")]
