"""Uploads and downloads: taken to a temporary file by size, believed by content, kept by the desk under a random id."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO, BinaryIO
from urllib.parse import quote, unquote

from flask import Response, request
from werkzeug.http import parse_options_header

from desk.uploads.content import BadFile, FileKind, clean_name, kind_of, refuse_claim
from desk.uploads.files import OF_OFFICES
from desk.uploads.pictures import bare
from desk.values import FileInfo
from web.errors import OWN_WORDS, Problem
from web.identity import subject
from web.wiring import house

PIECE = 65_536


def keep_upload(stream: IO[bytes], name: str, claimed_type: str, owner: str) -> FileInfo:
    """Keep what `stream` holds as a file of `owner`; raises a 4xx `Problem` for what cannot be taken."""
    shown_name = clean_name(name)
    with tempfile.TemporaryFile() as held:  # without a name: nothing in clear outlives this process
        _spool(stream, held)
        try:
            kind = kind_of(Path(f"/proc/self/fd/{held.fileno()}"), shown_name)
            refuse_claim(kind, claimed_type)
        except BadFile as error:
            raise _refused(error) from error
        with _bare(held, kind, owner) as kept:
            return _kept(kept, (kind.named(shown_name), kind.type), owner)


def _bare(held: BinaryIO, kind: FileKind, owner: str) -> IO[bytes]:
    """What is to be kept of an upload: a person's picture without what it tells of its place, time, owner and device,
    if the deployment says so. What offices send stays as they made it."""
    wanted = house().settings.strip_pictures and not owner.startswith(OF_OFFICES)
    return (bare(held, kind.ending) if wanted else None) or held


def _kept(kept: IO[bytes], described: tuple[str, str], owner: str) -> FileInfo:
    """Keep what the scanner, if there is one, has found nothing in, or has not looked at yet."""
    desk, now = house().desk, house().clock.now()
    kept.seek(0)
    try:
        cleared = desk.scans.cleared(owner, _pieces(kept), now)
    except BadFile as error:
        raise _refused(error) from error
    kept.seek(0)
    return desk.keep_file(owner, described, _pieces(kept), now, cleared=cleared)


def _refused(error: BadFile) -> Problem:
    return Problem(422, error.code, error.say, {"file": [error.say]})


def keep_raw_body(owner: str) -> FileInfo:
    """Keep the raw body of this request, named by its Content-Disposition."""
    limit = house().settings.upload_limit
    request.max_content_length = limit
    if request.content_length is not None and request.content_length > limit:
        raise _too_large(limit)
    if request.mimetype.startswith("multipart/") or request.mimetype == "application/x-www-form-urlencoded":
        raise Problem(415, "wrong_type", "请直接以文件内容为请求体上传，并用 Content-Type 写明文件类型")
    return keep_upload(request.stream, name_of_request(), request.mimetype, owner)


def _spool(stream: IO[bytes], target: IO[bytes]) -> None:
    limit, got = house().settings.upload_limit, 0
    for piece in _pieces(stream):
        got += len(piece)
        if got > limit:
            raise _too_large(limit)
        target.write(piece)
    target.flush()


def _too_large(limit: int) -> Problem:
    return Problem(413, OWN_WORDS[413][0], f"文件超过 {limit // 1_000_000} MB，请缩小后重新上传")


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(PIECE):
        yield piece


def name_of_request() -> str:
    """The file name in Content-Disposition (RFC 6266, `filename*` first, raw UTF-8 allowed), else 未命名."""
    header = request.headers.get("Content-Disposition", "")
    try:
        header = header.encode("latin-1").decode("utf-8")  # WSGI hands over bytes as latin-1
    except UnicodeError:
        header = header.encode("ascii", "replace").decode()
    name = parse_options_header(header)[1].get("filename", "")
    return unquote(name, errors="replace") if "%" in name else name


def sent(pieces: Iterator[bytes], type_: str) -> Response:
    """An answer of these pieces, as long as its reader has a place. The first piece is read before it begins: a store
    that cannot give it must be able to say so."""
    held = house().readers.hold(subject(), pieces)
    first = next(held, b"")
    made = Response(chain([first], held), content_type=type_)
    made.call_on_close(held.close)
    return made


def download(info: FileInfo, pieces: Iterator[bytes]) -> Response:
    """A stored file as an attachment under its own name, to be shown by nothing."""
    made = sent(pieces, info.type)
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", info.name)[-80:] or "file"
    whole = quote(info.name, safe="")
    made.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}"
    made.headers["Content-Length"] = str(info.size)
    made.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    made.headers["Cache-Control"] = "private, no-store"
    return made
