"""The list of runs as Home and History show it: drawn in the browser, kept up to date by /api/runs."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from engine.store import Store
from pages.parts.asset_component import asset_component, noted
from pages.parts.runs import row

_LIST = asset_component("runs_list", '<div class="runs" role="table" aria-label="Runs"></div>')


def runs_list(
    store: Store, query: dict[str, Any], *, key: str, full: bool = False, selected: Sequence[str] = ()
) -> Any:
    """Show the runs of a query (search, state, task, algorithm, limit, offset).

    Returns what was clicked in this run of the script: .open, .edit, .remove (a run id or None) and .selected (ids).
    """
    records = store.runs(**query)
    curves = store.sparkline([record.run_id for record in records])
    content = {
        "runs": [{**row(record), "sparkline": curves.get(record.run_id, [])} for record in records],
        "query": urlencode({name: value for name, value in query.items() if value is not None}),
        "full": full,
        "selected": list(selected),
        "list": key,
    }
    return _LIST(
        data=content,
        key=key,
        default={"selected": list(selected)},
        on_open_change=noted,
        on_edit_change=noted,
        on_remove_change=noted,
        on_selected_change=noted,
    )
