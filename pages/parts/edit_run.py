"""What people write about a run: its name, tags and notes."""

import streamlit as st

from engine import service
from engine.config import MAX_NAME
from engine.store import RunRecord, StoreError
from pages.parts import text

MAX_TAGS = 10
MAX_TAG = 40
MAX_NOTES = 2000


@st.dialog("Name, tags and notes")
def edit_run(run: RunRecord) -> None:
    name = st.text_input("Name", run.name, max_chars=1000, key=f"edit-name-{run.run_id}")
    tags = st.text_input(
        "Tags", ", ".join(run.tags), max_chars=1000, help="Separated by commas.", key=f"edit-tags-{run.run_id}"
    )
    notes = st.text_area("Notes", run.notes, height=160, max_chars=4 * MAX_NOTES, key=f"edit-notes-{run.run_id}")
    if not st.button("Save", type="primary", width="stretch"):
        return
    problems = refused(name, split(tags), notes)
    for place, sentence in enumerate(problems):
        text.problem(sentence, f"edit-{place}")
    if problems:
        return
    try:
        service.current().store.update_notes(run.run_id, text.clean(name, MAX_NAME), split(tags), notes.strip())
    except StoreError as error:
        text.problem(str(error), "edit")
        return
    st.rerun()


def split(tags: str) -> list[str]:
    """The tags of a line, each once."""
    return list(dict.fromkeys(tag for part in tags.split(",") if (tag := " ".join(part.split()))))


def refused(name: str, tags: list[str], notes: str) -> list[str]:
    """A sentence for everything that is too much, or that cannot be shown as it is."""
    problems = []
    if not text.clean(name) or len(name.strip()) > MAX_NAME:
        problems.append(f"The name has {len(name.strip())} characters; it must have 1 to {MAX_NAME}")
    if len(tags) > MAX_TAGS:
        problems.append(f"There are {len(tags)} tags; at most {MAX_TAGS} are allowed")
    problems += [
        f"The tag {tag[:40]!r} is too long; at most {MAX_TAG} characters" for tag in tags if len(tag) > MAX_TAG
    ]
    if len(notes) > MAX_NOTES:
        problems.append(f"The notes have {len(notes):,} characters; at most {MAX_NOTES:,} are allowed")
    if any(text.clean(one, MAX_NAME) != " ".join(one.split()) for one in [name.strip()[:MAX_NAME], *tags]):
        problems.append("Name and tags may not contain control or direction characters")
    return problems
