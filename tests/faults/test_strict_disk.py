"""The disk that is made anew from a record: what an fsync covers, and what it does not."""

import random
from pathlib import Path

from tests.faults.strict_disk import Disk, calls, coded

HOME = Path("/disk")


def held(path):
    return f"3<{coded(path)}>"


def made(path):
    return f'openat(AT_FDCWD<{coded("/")}>, "{coded(path)}", O_RDWR|O_CREAT, 0600) = {held(path)}'


def wrote(path, text, place=0):
    return f'pwrite64({held(path)}, "{coded(text)}", {len(text)}, {place}) = {len(text)}'


def synced(path):
    return f"fsync({held(path)}) = 0"


def disk_after(*lines, numbered=True):
    disk = Disk(HOME)
    for call in calls(f"7 {place}.5 {line}" if numbered else line for place, line in enumerate(lines)):
        disk.apply(call)
    return disk


def test_bytes_are_there_once_file_and_folder_were_synced():
    disk = disk_after(made("/disk/a"), wrote("/disk/a", "one"), synced("/disk/a"), synced("/disk"))
    assert disk.left(None) == {"/disk/a": b"one"}


def test_a_name_alone_or_bytes_alone_are_not_there():
    assert disk_after(made("/disk/a"), wrote("/disk/a", "one"), synced("/disk/a")).left(None) == {}
    assert disk_after(made("/disk/a"), wrote("/disk/a", "one"), synced("/disk")).left(None) == {"/disk/a": b""}


def test_an_fsync_does_not_cover_what_ended_after_it_began():
    path = held("/disk/a")
    disk = disk_after(
        f"1 1.0 {made('/disk/a')}", f"1 1.1 {synced('/disk')}", f"1 1.2 {wrote('/disk/a', 'one')}",
        f"2 1.3 fsync({path} <unfinished ...>", f"1 1.4 {wrote('/disk/a', 'two', 3)}",
        "2 1.5 <... fsync resumed>) = 0", numbered=False)
    assert disk.left(None) == {"/disk/a": b"one"}


def test_a_renamed_file_stands_under_its_old_name_until_the_folder_is_synced():
    before = [made("/disk/.a"), wrote("/disk/.a", "one"), synced("/disk/.a"), synced("/disk"),
              f'rename("{coded("/disk/.a")}", "{coded("/disk/a")}") = 0']
    assert disk_after(*before).left(None) == {"/disk/.a": b"one"}
    assert disk_after(*before, synced("/disk")).left(None) == {"/disk/a": b"one"}


def test_what_lies_in_a_folder_that_is_gone_is_gone():
    inside = [f'mkdir("{coded("/disk/in")}", 0700) = 0', made("/disk/in/a"), synced("/disk/in/a"), synced("/disk/in")]
    assert disk_after(*inside).left(None) == {}
    assert disk_after(*inside, synced("/disk")).left(None) == {"/disk/in/a": b""}


def test_of_what_is_under_way_any_part_may_be_left():
    disk = disk_after(made("/disk/a"), synced("/disk"), wrote("/disk/a", "a" * 512 + "b" * 512))
    dice = random.Random(1)
    assert {disk.left(dice)["/disk/a"].strip(b"\0")[-1:] for _ in range(50)} == {b"", b"a", b"b"}
    assert len({disk.left(dice)["/disk/a"] for _ in range(50)}) == 4


def test_calls_that_failed_and_other_folders_change_nothing():
    disk = disk_after(f'unlink("{coded("/disk/a")}") = -1 ENOENT (No such file or directory)', made("/elsewhere/a"))
    assert disk.left(None) == {}
