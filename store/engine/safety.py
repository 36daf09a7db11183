"""Refuses storage that cannot keep what is acknowledged, with a plain reason."""

from __future__ import annotations

import os
import pwd
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from store.errors import ConstraintBroken, StorageFull, StoreError, StoreUnavailable, UnsafeStorage

# WAL needs shared memory and honest locks, which no network file system gives.
_NETWORK = frozenset({
    "nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "ncpfs", "9p", "ceph", "lustre", "gpfs", "glusterfs",
    "beegfs", "ocfs2", "gfs2", "davfs", "fuse.sshfs", "fuse.s3fs", "fuse.glusterfs", "fuse.ceph", "fuse.davfs2",
    "fuse.rclone", "fuse.ossfs", "fuse.cosfs", "fuse.obsfs", "fuse.juicefs",
})

PRAGMAS: Mapping[str, str] = {
    "journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "trusted_schema": "0", "recursive_triggers": "1",
}


def file_system(folder: Path, mounts: str) -> str:
    """The type of the file system that `folder` lies on, by the text of /proc/mounts; empty if unknown."""
    here = folder.resolve()
    found: tuple[int, str] = (-1, "")
    for line in mounts.splitlines():
        parts = line.split()
        if len(parts) < 3:
            continue
        point = Path(parts[1].replace("\\040", " "))
        # A later mount of the same depth covers an earlier one.
        if here.is_relative_to(point) and len(point.parts) >= found[0]:
            found = (len(point.parts), parts[2])
    return found[1]


def refuse_network(folder: Path, mounts: str) -> None:
    """UnsafeStorage if the data folder lies on a network file system."""
    kind = file_system(folder, mounts)
    if kind in _NETWORK:
        raise UnsafeStorage(
            f"数据目录 {folder} 位于网络文件系统（{kind}）上，内嵌数据库在那里可能损坏或丢失已受理的办件；"
            "请改用本机磁盘，或设置 DATABASE_URL 使用 PostgreSQL。"
        )


def refuse_owner(files: Iterable[Path]) -> None:
    """UnsafeStorage if one of these files is another user's: what is written now would be this one's, and the portal,
    which runs as the other, could not open it again."""
    for path in files:
        if path.exists() and path.stat().st_uid != os.geteuid():
            owner, me = user_name(path.stat().st_uid), user_name(os.geteuid())
            raise UnsafeStorage(f"{path} 属于用户 {owner}，现在是用户 {me}；请以 {owner} 运行（sudo -u {owner} …），"
                                f"或停止服务后执行 chown -R {me} {path.parent}。")


def refuse_unwritable(folder: Path) -> None:
    """UnsafeStorage if this user cannot write into a folder, or make it where there is none."""
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise UnsafeStorage(f"用户 {user_name(os.geteuid())} 不能写 {there}；请检查 YJS_DATA 和目录的属主、权限。")


def user_name(uid: int) -> str:
    """What a user is called here."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def refuse_pragmas(connection: sqlite3.Connection) -> None:
    """UnsafeStorage if a pragma of the writing connection did not take."""
    for name, wanted in PRAGMAS.items():
        got = str(connection.execute(f"pragma {name}").fetchone()[0]).lower()
        if got != wanted:
            raise UnsafeStorage(f"数据库设置 {name} 为 {got}，应为 {wanted}；请检查数据目录所在的磁盘。")


def no_room(error: sqlite3.Error) -> bool:
    """Whether it says only that the disk is full. Besides FULL that is SHMSIZE: the index of the write-ahead log, which
    is shared memory on the same disk, could not grow. Neither is a doubt of what was written before."""
    name = getattr(error, "sqlite_errorname", "")
    return name.startswith("SQLITE_FULL") or name == "SQLITE_IOERR_SHMSIZE"


def may_be_quota(error: sqlite3.Error) -> bool:
    """Whether a write was refused, by a quota or by a fault of the disk: SQLite does not tell."""
    return getattr(error, "sqlite_errorname", "") == "SQLITE_IOERR_WRITE"


def plain(error: sqlite3.Error) -> StoreError:
    """What a caller is told of a driver's error: its kind, never its values."""
    name = getattr(error, "sqlite_errorname", "") or type(error).__name__
    if isinstance(error, sqlite3.IntegrityError):
        return ConstraintBroken(name)
    if no_room(error):
        return StorageFull()
    return StoreUnavailable(name)
