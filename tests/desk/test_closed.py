"""A bundle that is closed, or gone: nothing new is taken, what was filed goes on, drafts are told and kept."""

from dataclasses import replace
from datetime import timedelta

import pytest

from catalog.bundle import Closing
from catalog.text import Text
from desk import errors
from desk.desk import Desk
from tests.desk.conftest import NOW
from tests.desk.filings import CONSENT, FORM, SITUATION, small_filing

WHY = "已并入新的一件事。"
SAID = "这件事已停止受理：已并入新的一件事"


def other_desk(premises, **closing):
    """The same store with the definitions of another day: the bundle closed, or without `closing` gone."""
    held = premises.catalog
    bundles = {**held.bundles, "utilities": replace(held.bundles["utilities"], closed=Closing(Text(WHY), **closing))}
    if not closing:
        del bundles["utilities"]
    return Desk(replace(premises, catalog=replace(held, bundles=bundles)))


def drafted(desk):
    draft = desk.drafts.open("somebody", "utilities", SITUATION, NOW)
    return desk.drafts.save("somebody", draft.id, {"form": FORM}, NOW)


def test_a_closed_bundle_takes_no_filing_from_any_way_in_and_its_drafts_are_told_and_kept(premises, desk):
    before = drafted(desk)
    filed = desk.intake.file("somebody", small_filing(), "k1", NOW).reference
    closed = other_desk(premises, since="2026-01-05", instead="restaurant")
    line, = closed.drafts.of_subject("somebody", NOW)
    assert line.closed.startswith(f"{SAID}；请改办“")
    assert closed.drafts.save("somebody", before.id, {"form": {"project_name": "另一个项目"}}, NOW).form != before.form
    for attempt in (lambda: closed.submit_draft("somebody", before.id, CONSENT, NOW),
                    lambda: closed.intake.file("somebody", small_filing(), "k2", NOW)):
        with pytest.raises(errors.CannotBeFiled, match=SAID):
            attempt()
    tab = replace(small_filing(), edition=desk.edition("utilities"))
    with pytest.raises(errors.EditionChanged):
        closed.intake.file("somebody", tab, "k3", NOW)
    assert [line.id for line in closed.drafts.of_subject("somebody", NOW)] == [before.id]
    assert closed.intake.file("somebody", small_filing(), "k1", NOW).reference == filed, "the same answer again"
    assert closed.case_view("somebody", filed, NOW)["legs"]


def test_a_bundle_that_is_not_offered_here_any_more_takes_nothing_and_what_was_filed_goes_on(premises, desk):
    filed = desk.intake.file("somebody", small_filing(), "k1", NOW).reference
    elsewhere = Desk(replace(premises, catalog=replace(premises.catalog, offered=frozenset({"restaurant"}))))
    with pytest.raises(errors.CannotBeFiled, match="本地没有开办"):
        elsewhere.intake.file("somebody", small_filing(), "k2", NOW)
    assert elsewhere.case_view("somebody", filed, NOW)["legs"]
    assert desk.edition("utilities") == elsewhere.edition("utilities")


def test_a_bundle_is_open_until_the_day_on_which_it_closes(premises):
    closing = other_desk(premises, since="2026-01-06")
    draft = drafted(closing)
    assert closing.drafts.of_subject("somebody", NOW)[0].closed == ""
    assert closing.submit_draft("somebody", draft.id, CONSENT, NOW).reference
    late = drafted(closing)
    with pytest.raises(errors.CannotBeFiled, match=SAID):
        closing.submit_draft("somebody", late.id, CONSENT, NOW + timedelta(days=1))


def test_a_draft_of_a_bundle_that_is_gone_is_listed_by_its_name_and_can_only_be_dropped(premises, desk):
    draft = drafted(desk)
    desk.intake.file("somebody", small_filing(), "k1", NOW)  # whose edition knows the name
    gone = other_desk(premises)
    line, = gone.drafts.of_subject("somebody", NOW)
    assert (line.id, line.gone, line.bundle_name) == (draft.id, True, str(premises.catalog.bundles["utilities"].name))
    for look in (lambda: gone.drafts.read("somebody", draft.id, NOW),
                 lambda: gone.drafts.save("somebody", draft.id, {"form": {}}, NOW),
                 lambda: gone.submit_draft("somebody", draft.id, CONSENT, NOW)):
        with pytest.raises(errors.UnknownBundle, match="删除"):
            look()
    assert desk.drafts.read("somebody", draft.id, NOW).form == draft.form, "it comes back with the bundle"
    gone.drafts.drop("somebody", draft.id, NOW)
    assert gone.drafts.of_subject("somebody", NOW) == []
