"""What may be uploaded: decided by bytes and ending together; active, cut, locked and double files are refused."""

import io
import struct
import zipfile
import zlib

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream

from desk.uploads.content import BadFile, kind_of
from desk.values import FileInfo
from people.identity import Identity
from store.errors import StoreUnavailable
from web.present import noted
from web.readers import MOST_OF_ONE
from web.uploads import download


def pdf(change=lambda made: None, **save):
    made = pikepdf.Pdf.new()
    made.add_blank_page()
    change(made)
    out = io.BytesIO()
    made.save(out, **save)
    return out.getvalue()


def png(width=10, height=10):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 310)) + chunk(b"IEND", b"")


def jpeg(width=10, height=10, tail=b"\xff\xd9"):
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 8 + 9, 8, height, width, 3) + b"\x01\x11\0\x02\x11\x01\x03\x11\x01"
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0" + frame + b"\xff\xda\x00\x02\x11\x22" + tail


def archive(**entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name, data in entries.items():
            made.writestr(name.replace("__", "."), data)
    return out.getvalue()


def scripted(made):
    made.Root.OpenAction = Dictionary(S=Name.JavaScript, JS="app.alert(1)")


def launching(made):
    made.Root.AA = Dictionary(WC=Dictionary(S=Name.Launch, F="x.exe"))


def attaching(made):
    made.attachments["x.exe"] = b"MZ"


def script_in_annotation(made):
    made.pages[0].Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 1, 1]),
                                             A=Dictionary(S=Name.JavaScript, JS=Stream(made, b"app.alert(1)")))])


def going_to_page(made):
    made.Root.OpenAction = Array([made.pages[0].obj, Name.Fit])


GOOD = [
    (pdf(), "营业执照.pdf", "application/pdf"), (pdf(), "营业执照", "application/pdf"),
    (pdf(), "A.PDF", "application/pdf"),
    (pdf(going_to_page), "a.pdf", "application/pdf"), (png(), "a.png", "image/png"), (jpeg(), "a.jpg", "image/jpeg"),
    (jpeg(), "a.jpeg", "image/jpeg"), (archive(OFD__xml="<OFD/>"), "a.ofd", "application/ofd"),
    (b"AC1032" + b"\0" * 100, "图.dwg", "image/vnd.dwg"),
]
BAD = [
    (b"", "a.pdf", "empty_file"), (b"hello", "a.pdf", "file_type"), (b"MZ\x90\0" + b"\0" * 100, "a.pdf", "file_type"),
    (b"<html><script>1</script>", "a.pdf", "file_type"), (b"<svg onload=x>", "a.jpg", "file_type"),
    (b"<!DOCTYPE html>\n" + pdf(), "a.pdf", "file_type"), (png(), "a.pdf", "file_type_differs"),
    (pdf(), "a.pdf.exe", "file_type_differs"), (pdf()[:200], "a.pdf", "file_damaged"),
    (b"%PDF-1.7\n", "a.pdf", "file_damaged"), (pdf(scripted), "a.pdf", "file_active"),
    (pdf(launching), "a.pdf", "file_active"), (pdf(attaching), "a.pdf", "file_active"),
    (pdf(script_in_annotation), "a.pdf", "file_active"),
    (pdf(encryption=pikepdf.Encryption(owner="o", user="u")), "a.pdf", "file_locked"),
    (pdf(encryption=pikepdf.Encryption(owner="o", user="")), "a.pdf", "file_locked"),
    (pdf() + archive(a="b"), "a.pdf", "file_double"), (png() + archive(a="b"), "a.png", "file_double"),
    (jpeg() + b"%PDF-1.4 " + archive(a="b"), "a.jpg", "file_double"), (png(12_000, 12_000), "a.png", "file_pixels"),
    (png(0, 5), "a.png", "file_pixels"), (png(50_000, 1), "a.png", "file_pixels"),
    (jpeg(60_000, 60_000), "a.jpg", "file_pixels"),
    (png()[:-6], "a.png", "file_damaged"), (jpeg(tail=b""), "a.jpg", "file_damaged"),
    (b"\xff\xd8\xff", "a.jpg", "file_damaged"),
    (archive(x="y"), "a.ofd", "file_type"), (archive(OFD__xml="", evil__js="x"), "a.ofd", "file_active"),
    (archive(x="y"), "a.docx", "file_type_differs"),
]


@pytest.mark.parametrize(("data", "name", "type_"), GOOD)
def test_a_true_file_is_taken_for_what_it_is(tmp_path, data, name, type_):
    (tmp_path / "held").write_bytes(data)
    assert kind_of(tmp_path / "held", name).type == type_


@pytest.mark.parametrize(("data", "name", "code"), BAD,
                         ids=[f"{code}-{name}-{number}" for number, (_, name, code) in enumerate(BAD)])
def test_a_false_file_is_refused(tmp_path, data, name, code):
    (tmp_path / "held").write_bytes(data)
    with pytest.raises(BadFile) as refused:
        kind_of(tmp_path / "held", name)
    assert refused.value.code == code


def test_a_small_file_that_unpacks_to_more_than_300_million_bytes_is_refused(tmp_path):
    (tmp_path / "held").write_bytes(archive(OFD__xml="", big="0" * 301_000_000))
    with pytest.raises(BadFile) as refused:
        kind_of(tmp_path / "held", "a.ofd")
    assert refused.value.code == "file_active"


@pytest.mark.parametrize("step", range(0, 100, 7))
def test_a_pdf_cut_or_bent_anywhere_never_breaks_the_check(tmp_path, step):
    whole = pdf(going_to_page)
    for data in (whole[:len(whole) * step // 100], whole[:step * 5] + b"\xff\0[" + whole[step * 5 + 3:]):
        (tmp_path / "held").write_bytes(data)
        try:
            kind_of(tmp_path / "held", "a.pdf")
        except BadFile as refused:
            assert refused.code


def test_a_stored_file_that_cannot_be_read_just_now_is_refused_before_the_answer_begins(app):
    def away():
        raise StoreUnavailable
        yield b""

    info = FileInfo(file="f", sha256="s", size=3, name="证.pdf", type="application/pdf")
    with app.test_request_context():
        noted().identity = Identity("somebody", "applicant", None, "", "session")
        for _ in range(MOST_OF_ONE + 1):  # and whatever ends, however it ends, leaves its place
            with pytest.raises(StoreUnavailable):
                download(info, away())
            with download(info, iter([b"ab", b"c"])) as made:
                assert made.get_data() == b"abc"
            download(info, iter([b"ab", b"c"])).close()
        assert download(info, iter([])).get_data() == b""
