"""What the guides say of sources: their example of a file is read, and their look-up is what is sent and understood."""

import json
from datetime import date, datetime, timedelta, timezone

import pytest

from connectors.answers import Reply
from sources.answer import Shape, heard
from sources.connected import written
from sources.file import read_sources
from sources.port import Query
from tests.docs.pages import blocks
from tests.docs.test_connecting import read

SECRET = "whsec_" + "QUFB" * 10
AT = datetime(2026, 11, 30, 17, 30, tzinfo=timezone(timedelta(hours=8)))  # in the city's zone, as it is asked


def shown(guide):
    """What stands in the fenced blocks of a guide."""
    return ["\n".join(lines[1:-1]) for lines in blocks(read(guide))]


@pytest.mark.parametrize("guide", ["operating.md", "operating.zh-CN.md"])
def test_the_example_of_a_file_of_sources_is_one(guide, tmp_path):
    example, = (block for block in shown(guide) if "\nsources:\n" in block)
    names = ("elc-new.secret", "elc-old.secret", "population.token", "share.secret", "premises.secret")
    for name in names:
        (tmp_path / name).write_text(SECRET)
        (tmp_path / name).chmod(0o640)
    (tmp_path / "sources.yaml").write_text(example)
    found = read_sources(tmp_path / "sources.yaml", {})
    assert (found.problems, len(found.places)) == ((), 4)


def test_the_guide_shows_the_look_up_that_is_sent_and_an_answer_that_is_understood():
    asked, answer = (json.loads(block) for block in shown("connecting.md")
                     if '"lookup.asked"' in block or '"state": "found"' in block)
    query = Query("licence", "business_licence", asked["data"]["about"], {"agreed": True}, AT, "utilities",
                  asked["data"]["purpose"]["name"])
    sent = json.loads(written(query, query.name, asked["data"]["request"]))
    assert sent == {**asked, "data": {**asked["data"], "consent": sent["data"]["consent"]}}
    assert asked["data"]["consent"].keys() == sent["data"]["consent"].keys()
    found = heard(Reply(200, "application/json", json.dumps(answer).encode()), Shape(), AT, date(2026, 11, 30)).found
    assert (found.status, found.document, found.fields) == ("hit", answer["document"], answer["fields"])
