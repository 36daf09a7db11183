"""Uploads and downloads: taken to a temporary file by size, believed by content, kept by the desk under a random id."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO
from urllib.parse import quote, unquote

from flask import Response, request
from werkzeug.http import parse_options_header

from desk.values import FileInfo
from web.content import BadFile, kind_of
from web.errors import OWN_WORDS, Problem
from web.wiring import house

PIECE = 65_536
LONGEST_NAME = 200
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"|?*\u202a-\u202e\u2066-\u2069]')


def keep_upload(stream: IO[bytes], name: str, claimed_type: str, owner: str) -> FileInfo:
    """Keep what `stream` holds as a file of `owner`; raises a 4xx `Problem` for what cannot be taken."""
    shown_name = clean_name(name)
    with tempfile.NamedTemporaryFile(prefix="yjs-upload-") as held:
        _spool(stream, held.file)
        try:
            kind = kind_of(Path(held.name), shown_name)
        except BadFile as error:
            raise Problem(422, error.code, error.say, {"file": [error.say]}) from error
        if claimed_type not in ("", "application/octet-stream", kind.type):
            say = f"Content-Type 写的是 {claimed_type[:60]}，内容却是 {kind.type}，请核对后重新上传"
            raise Problem(422, "file_type_differs", say, {"file": [say]})
        full_name = shown_name if "." in shown_name else f"{shown_name}.{kind.ending}"
        held.seek(0)
        return house().desk.keep_file(owner, (full_name, kind.type), _pieces(held.file), house().clock.now())


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


def clean_name(name: str) -> str:
    """A name fit to show and to send back: no folders, no control or turning characters, at most 200 characters.

    It is data: nothing is ever stored under it.
    """
    last = re.split(r"[/\\]", name)[-1].encode("utf-8", "replace").decode()
    cleaned = _UNFIT.sub("", last).strip(" .") or "未命名"
    stem, dot, ending = cleaned.rpartition(".")
    return cleaned if len(cleaned) <= LONGEST_NAME else f"{stem[:LONGEST_NAME - 10]}{dot}{ending[-9:]}"


def download(info: FileInfo, pieces: Iterable[bytes]) -> Response:
    """A stored file as an attachment under its own name, to be shown by nothing."""
    made = Response(pieces, content_type=info.type)
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", info.name)[-80:] or "file"
    whole = quote(info.name, safe="")
    made.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}"
    made.headers["Content-Length"] = str(info.size)
    made.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    made.headers["Cache-Control"] = "private, no-store"
    return made
