"""An approved postmortem is read back for memory and follow-ups, however people have left it."""

from __future__ import annotations

from bot.domain.life import Draft, DraftState, Revision
from bot.domain.postmortem import Material, Priority, Section, outline, to_markdown
from bot.domain.postmortem.people import people_of
from bot.domain.postmortem.reading import blaming, for_canvas, lines_of, missing, read_back
from bot.domain.postmortem.review import round_of, wants_model
from tests.domain.grounding_world import shop
from tests.domain.postmortem.test_outline import EVENTS, ID, NAMES, incident
from tests.memory.store.samples import NOON, briefing


def page() -> str:
    return to_markdown(outline(Material(incident=incident(), events=EVENTS, briefing=briefing(ID), names=NAMES)))


def test_an_outline_comes_back_as_it_was() -> None:
    told = read_back(page())
    assert told.cause == "V2.31.0 reads a column that the migration drops."
    assert told.fix == "A responder rolled back to v2.30.4."
    assert told.unhelpful == "Restarted the pods, that did not help."
    assert "Errors rose from 1 % to 31 %" in told.symptoms
    assert "It lasted" not in told.symptoms
    assert [item.priority for item in told.actions] == [Priority.P0, Priority.P1, Priority.P2]
    assert told.actions[1].text == "Add a check for dropped columns to the pipeline"
    assert not any("Owner" in item.text or "[[" in item.text for item in told.actions)
    assert len(told.lessons) == 2


def test_what_people_rewrote_is_read_as_they_wrote_it() -> None:
    told = read_back(
        "# Our own\n\n## Root cause\n\nThe pool was *too* small.\nNobody had looked.\n\n"
        "### Action items\n* [P0] Raise it\n1. P2: Watch it\n- Talk about it\n\n## Resolution\n\nNothing on record.\n"
    )
    assert told.cause == "The pool was *too* small. Nobody had looked."
    assert [(item.priority, item.text) for item in told.actions] == [
        (Priority.P0, "Raise it"),
        (Priority.P2, "Watch it"),
        (Priority.P1, "Talk about it"),
    ]
    assert (told.fix, told.lessons) == ("", ())


def test_an_unsettled_cause_is_none() -> None:
    assert read_back("## Root cause\n\n- The cause is not settled. [[I2]](#fact-i2)\n").cause == ""


def test_sections_that_are_gone_are_named() -> None:
    assert missing(page()) == ()
    assert missing(page().replace("## Impact", "## Damage")) == (Section.IMPACT,)


def test_blame_is_found_in_what_people_wrote_and_not_in_quoted_facts() -> None:
    text = page().replace("Nothing on record.", "Ana forgot to look. It was human error.", 1)
    text += '\n- <a id="fact-t9"></a>**T9** Somebody wrote: it was a stupid default\n'
    assert [sentence for sentence, _ in blaming(text, NAMES)] == ["Ana forgot to look.", "It was human error."]


def test_a_canvas_has_no_anchors_and_keeps_links_to_pages() -> None:
    text = for_canvas(page())
    assert "<a id" not in text
    assert "(#fact" not in text
    assert "[T4]" in text
    assert "[[T3]](https://shop.slack.example/archives/C1/p8)" in text


def test_lines_of_a_section_are_read_as_people_see_them() -> None:
    assert lines_of(page(), Section.IMPACT)[0] == "It lasted 42 min."


def test_names_are_those_of_changes_and_duty_too_but_never_a_service_s() -> None:
    names = people_of({}, shop(), {"UANA": "Ana Silva"}, services=["cart"])
    assert names["Ana Silva"] == names["Ana"] == names["UANA"] == "an engineer"
    assert "the on-call engineer" in names.values()
    assert "cart" not in names
    assert "will" not in {name.casefold() for name in people_of({}, (), {"U1": "Will Smith"})}


def draft(*what: str, state: DraftState = DraftState.DRAFT) -> Draft:
    history = tuple(Revision(at=NOON, by="", what=one, markdown="") for one in what)
    return Draft(incident=ID, state=state, history=history)


def test_the_model_s_wording_of_the_same_draft_is_no_new_round() -> None:
    facts, model = "drafted from facts", "drafted by the model"
    assert round_of(draft(facts)) == round_of(draft(facts, model)) == round_of(draft(facts, model, "edited")) == 1
    assert round_of(draft(facts, model, "rejected", model)) == round_of(draft(facts, "edited", facts)) == 2


def test_the_model_is_wanted_for_what_nobody_has_touched() -> None:
    assert wants_model(draft("drafted from facts"))
    assert not wants_model(draft("drafted from facts", "edited"))
    assert wants_model(draft("drafted from facts", "rejected", state=DraftState.REJECTED))
    assert not wants_model(draft("rejected", "not drafted anew", state=DraftState.REJECTED))
