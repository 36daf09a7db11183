"""A new draft out of a case: what was filled in and brought comes along, nothing is filed, nobody has consented."""

from dataclasses import replace
from datetime import timedelta

import pytest

from desk.desk import Desk
from desk.errors import UnknownCase
from forms.schema import validate_form
from store.uploads import uncleared
from tests.desk.conftest import NOW
from tests.desk.filings import Filed

THEN = NOW + timedelta(days=3)


@pytest.fixture
def filed(desk, catalog):
    return Filed(desk, catalog, "utilities", catalog.bundles["utilities"].figures)  # one paper hangs on the form


def body_of(desk, filed):
    return desk._book.known(filed.reference).row.body


def test_a_case_that_was_refused_is_filed_again_with_what_it_said_and_copies_of_its_papers(desk, filed):
    assert desk.running("sample", "utilities") == [(filed.reference, NOW)]
    before = body_of(desk, filed)
    begun = desk.anew.begin("sample", filed.reference, THEN)
    draft = begun.draft
    assert (draft.situation, draft.errors, draft.aside) == (before["situation"], {}, {})
    assert draft.form == {code: value for code, value in before["form"].items() if code not in before["situation"]}
    assert (begun.copied, begun.left, draft.consented) == (sum(map(len, before["materials"].values())), (), False)
    assert draft.materials.keys() == before["materials"].keys() and not draft.missing
    for key, names in draft.materials.items():
        mine, theirs = (desk.open_file("sample", names[0]), desk.open_file("sample", before["materials"][key][0]))
        assert (mine[0].sha256, mine[0].name) == (theirs[0].sha256, theirs[0].name) and mine[0].file != theirs[0].file
    receipt = desk.submit_draft("sample", draft.id, before["consent"], THEN)
    assert receipt.reference != filed.reference
    assert [one for one, _ in desk.running("sample", "utilities")] == [receipt.reference, filed.reference]


def test_rows_of_which_the_situation_says_some_cells_come_along_with_all_others(desk, catalog):
    hiring = Filed(desk, catalog, "hiring", catalog.bundles["hiring"].figures)
    draft = desk.anew.begin("sample", hiring.reference, THEN).draft
    clean = validate_form(draft.plan, draft.form, catalog.regions).clean
    assert (draft.missing, draft.aside, clean) == ((), {}, body_of(desk, hiring)["form"])


def test_what_no_dictionary_has_any_more_is_left_out_since_nobody_could_mend_it(desk, filed, premises, catalog):
    fields = {code: one for code, one in catalog.fields.items() if code != "building_height"}
    later = Desk(replace(premises, catalog=replace(catalog, fields=fields)))
    draft = later.anew.begin("sample", filed.reference, THEN).draft
    assert (draft.errors, draft.form.keys() | {"building_height"}) == (
        {}, body_of(desk, filed)["form"].keys() - draft.situation.keys())


def test_what_was_answered_later_takes_the_place_of_what_was_filed(desk, filed):
    number = next(leg for leg, _ in filed.deliver(NOW))
    key = next(iter(body_of(desk, filed)["materials"]))
    filed.say(number, "leg.supplement_required", NOW, seq=1, ask="a1", reason="看不清", limit="5wd",
              materials=[{"material": key, "name": "这份材料"}])
    filed.answer(number, "a1", NOW + timedelta(hours=1))
    later = desk._book.known(filed.reference).case.legs[number].history[-1].data["materials"]
    begun = desk.anew.begin("sample", filed.reference, THEN)
    copy = desk.open_file("sample", begun.draft.materials[key][0])[0]
    assert copy.sha256 == desk.open_file("sample", later[key][0])[0].sha256


def test_a_stranger_begins_nothing_from_somebody_elses_case(desk, filed):
    with pytest.raises(UnknownCase):
        desk.anew.begin("stranger", filed.reference, THEN)
    assert desk.drafts.of_subject("stranger", THEN) == [] and desk.running("stranger", "utilities") == []


def test_a_paper_that_cannot_be_copied_is_named_and_brought_again(desk, filed, premises):
    key, (name,) = next((key, names) for key, names in body_of(desk, filed)["materials"].items() if len(names) == 1)
    premises.database.write(lambda tx: uncleared.add(tx, name, NOW))
    begun = desk.anew.begin("sample", filed.reference, THEN)
    line = next(line for line in begun.draft.plan.materials if line.key == key)
    assert (begun.left, key in begun.draft.missing) == ((str(line.name),), True)
    tight = replace(premises, keep=replace(premises.keep, bytes=1))
    desk.anew._premises = tight
    begun = desk.anew.begin("sample", filed.reference, THEN)
    assert begun.copied == 0 and set(begun.draft.missing) >= {
        line.key for line in begun.draft.plan.materials if line.tolerable is None}
