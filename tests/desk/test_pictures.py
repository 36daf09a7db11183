"""What a picture tells beside the picture is left out, and the picture stays as it was; what cannot be walked stays."""

import io
import random
import zlib

import pytest
from PIL import Image, PngImagePlugin

from desk.uploads.pictures import WALKS, NotWalked, _pieces, bare

PLACE, ORIENTATION, GPS = b"Qingdao-36.07N", 0x0112, 0x8825
SECRETS = (PLACE, b"Camera-7", b"owner-name", b"GPS")


def picture(format_, side=6, **more):
    """A picture of noise that tells its place, camera and owner in every way it can."""
    made = Image.frombytes("RGB", (64, 48), random.Random(1).randbytes(64 * 48 * 3))
    exif = Image.Exif()
    exif[0x010F], exif[0x013B], exif[ORIENTATION] = "Camera-7", "owner-name", side
    exif.get_ifd(GPS)[1], exif.get_ifd(GPS)[27] = "N", PLACE
    out = io.BytesIO()
    made.save(out, format_, exif=exif.tobytes(), **more)
    return out.getvalue()


def jpeg(**more):
    return picture("JPEG", comment=PLACE, xmp=b"<x:xmpmeta>" + PLACE + b"</x:xmpmeta>", **more)


def png(**more):
    texts = PngImagePlugin.PngInfo()
    texts.add_text("place", PLACE.decode())
    texts.add_itxt("XML:com.adobe.xmp", PLACE.decode(), zip=True)
    return picture("PNG", pnginfo=texts, **more)


def without(raw, ending):
    return b"".join(_pieces(io.BytesIO(raw), WALKS[ending](raw)))


def seen(raw):
    """The pixels, and which side is up."""
    made = Image.open(io.BytesIO(raw))
    return made.mode, made.tobytes(), made.getexif().get(ORIENTATION, 1), made.info.get("icc_profile")


PICTURES = [("jpg", jpeg()), ("jpg", jpeg(progressive=True)), ("jpg", jpeg(side=1, icc_profile=b"profile" * 20_000)),
            ("jpg", picture("MPO") + PLACE), ("png", png()), ("png", png(side=1)), ("png", png(icc_profile=b"icc"))]


@pytest.mark.parametrize(("ending", "raw"), PICTURES)
def test_a_picture_keeps_its_looks_and_loses_what_it_tells(ending, raw, tmp_path):
    out = without(raw, ending)
    assert seen(out) == seen(raw)
    assert [secret for secret in SECRETS if secret in out] == []
    assert WALKS[ending](out) == []
    path = tmp_path / "upload"
    path.write_bytes(raw)
    with path.open("rb") as opened, bare(opened, ending) as copy:  # in the process that opens files apart
        assert copy.read() == out
    assert path.read_bytes() == raw
    path.write_bytes(out)
    with path.open("rb") as opened:
        assert bare(opened, ending) is None


@pytest.mark.parametrize(("ending", "raw"), [PICTURES[0], PICTURES[4]])
def test_whatever_is_made_of_a_picture_is_walked_to_its_end_or_left_as_it_is(ending, raw):
    dice, walked = random.Random(7), 0
    for _ in range(1_500):
        spoiled = bytearray(raw[:dice.randrange(4, len(raw))] if dice.random() < 0.3 else raw)
        for _ in range(dice.randrange(1, 6)):
            spoiled[dice.randrange(min(len(spoiled), 600))] = dice.choice((0, 1, 0xD8, 0xD9, 0xDA, 0xE1, 0xFF, 128))
        try:
            edits = WALKS[ending](bytes(spoiled))
        except NotWalked:
            continue
        walked += 1
        places = [place for edit in edits for place in edit[:2]]
        assert places == sorted(places) and all(0 <= place <= len(spoiled) for place in places)
        assert WALKS[ending](without(bytes(spoiled), ending)) == []
    assert walked > 50


@pytest.mark.parametrize(("ending", "raw"), [
    ("jpg", b""), ("jpg", b"\xff\xd8"), ("jpg", jpeg()[:-2]), ("jpg", b"\xff\xd8\xff\xe1\0\1"), ("png", png()[:-12]),
    ("jpg", b"\xff\xd8" + b"\xff\xfe\0\2\xff\xdb\0\2" * 300 + b"\xff\xd9"),
    ("png", png()[:8] + b"\0\0\0\0NEWC" + zlib.crc32(b"NEWC").to_bytes(4, "big") + png()[8:]),
    ("png", b"\x89PNG\r\n\x1a\n\0\0\0\0"), ("jpg", png()), ("png", jpeg())])
def test_what_is_not_as_its_format_says_is_left_as_it_is(ending, raw):
    with pytest.raises(NotWalked):
        WALKS[ending](raw)
