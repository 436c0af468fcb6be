"""What can be read: contrast of small print and switched-off buttons, and choices that a phone must not hide."""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

PHONE: ViewportSize = {"width": 390, "height": 844}

# WCAG 2.2, 1.4.3: relative luminance and contrast ratio, with every opacity and background on the way.
CONTRAST = """(node) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const channels = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
        return [red, green, blue, alpha / 255];
    };
    const over = (top, below) => [0, 1, 2].map((at) => top[at] * top[3] + below[at] * (1 - top[3]));
    const luminance = (colour) => {
        const [red, green, blue] = colour.map((part) => part / 255).map(
            (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const around = [];
    for (let one = node; one; one = one.parentElement) around.unshift(getComputedStyle(one));
    const ground = around.reduce((below, style) => over(channels(style.backgroundColor), below), [255, 255, 255]);
    const seen = around.reduce((opacity, style) => opacity * Number(style.opacity), 1);
    const [red, green, blue, alpha] = channels(getComputedStyle(node).color);
    const light = [luminance(over([red, green, blue, alpha * seen], ground)), luminance(ground)].sort();
    return (Math.max(...light) + 0.05) / (Math.min(...light) + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/compare", "/runs", "/molecules"])
def test_small_print_can_be_read(page: Page, path: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(path)
    captions = "[...document.querySelectorAll('[data-testid=\"stCaptionContainer\"] p')]"
    page.wait_for_function(f"() => {captions}.length && {captions}.every((one) => ({CONTRAST})(one) >= 4.5)")


def test_a_button_that_is_off_still_shows_its_word(page: Page) -> None:
    """Streamlit switches all buttons off while the app does not answer; white on white said nothing."""
    page.goto("/")
    start = page.get_by_role("button", name="Start", exact=True).first
    start.evaluate("(button) => { button.disabled = true; }")
    assert start.locator("p").evaluate(CONTRAST) > 1.5


def test_a_phone_shows_every_algorithm(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto("/launch")
    choices = page.get_by_role("radiogroup", name="Algorithm").get_by_role("radio")
    expect(choices).to_have_count(7)
    for choice in choices.all():
        box = choice.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390


def test_the_menu_of_a_phone_lies_over_the_status(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto("/")
    status = page.get_by_text("nothing running")
    expect(status).to_be_visible()
    page.get_by_test_id("stExpandSidebarButton").click()
    expect(page.get_by_role("link", name="Molecule studio")).to_be_visible()
    expect(status).not_to_be_visible()


def test_the_keyboard_sees_where_it_is_in_the_menu(page: Page) -> None:
    page.goto("/")
    link = page.get_by_role("link", name="Launch", exact=True)
    expect(link).to_be_visible()
    for _ in range(6):
        page.keyboard.press("Tab")
        if link.evaluate("(one) => one === document.activeElement"):
            break
    expect(link).to_be_focused()
    expect(link).to_have_css("outline-style", "solid")
