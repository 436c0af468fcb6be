"""How much a brush of the lab paints: what it cannot paint is said beside the field, and nothing is painted."""

import re

import pytest
from conftest import App
from playwright.sync_api import Page, expect


@pytest.mark.parametrize(("brush", "typed"), [("wind", "0.3"), ("wind", ""), ("reward", "")])
def test_what_cannot_be_painted_is_said_and_not_painted(page: Page, app: App, brush: str, typed: str) -> None:
    page.goto("/gridworld")
    expect(page.locator(".board .value").filter(has_text=re.compile(".")).first).to_be_attached()
    text = page.get_by_label("The map as text", exact=True).locator("textarea")
    before = text.input_value()
    page.locator(f"[data-brush='{brush}']").first.click()
    amount = page.locator("input.amount:visible").first
    amount.fill(typed)
    page.locator("[data-cell='1,1'] .ground").click(force=True)
    assert amount.evaluate("(field) => document.activeElement === field && field.validationMessage !== ''")
    expect(text).to_have_value(before)
    amount.fill("2")
    page.locator("[data-cell='1,1'] .ground").click(force=True)
    expect(text).not_to_have_value(before)
