"""The page of the preference study as raters use it, in a browser without a window."""

import itertools
import shutil

import numpy as np
import pytest
from selenium.webdriver import ActionChains, Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from energyguide.reporting.topics.survey import Answer, page, read_answers

SYSTEMS = ("time-robust", "time-vanilla")
PAIRS = 12
CHROMES = ["chromium", "chromium-browser", "google-chrome"]
KEYS = {"left": Keys.ARROW_LEFT, "same": Keys.ARROW_DOWN, "right": Keys.ARROW_RIGHT}
PIXELS = """
    const canvas = document.createElement("canvas").getContext("2d");
    return ["left-image", "right-image"].map((id) => {
        canvas.drawImage(document.getElementById(id), 0, 0);
        return canvas.getImageData(0, 0, 1, 1).data[0];
    });
"""

SPOT = "arguments[0].scrollIntoView(); return arguments[0].getBoundingClientRect()"


@pytest.fixture
def browser():
    """A browser that remembers nothing: one for each test, for a memory that is cleared is not at once forgotten."""
    chrome, driver = next(filter(None, map(shutil.which, CHROMES)), None), shutil.which("chromedriver")
    if not (chrome and driver):
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    options = ChromeOptions()
    options.binary_location = chrome
    for flag in ("headless=new", "no-sandbox", "disable-dev-shm-usage"):
        options.add_argument(f"--{flag}")
    with Chrome(options, ChromeService(driver)) as opened:
        yield opened


class Rater:
    """A rater before the page. In pair i all pixels are i for the first system, and 255 - i for the second."""

    def __init__(self, browser, path, survey):
        self.browser, self.path, self.survey = browser, path, survey

    def open(self, name=None):
        self.browser.get(self.path.as_uri() + (f"?rater={name}" if name else ""))

    def forget(self):
        """Clears the browser's memory, until the page that is open knows of no answer when it is loaded again."""

        def forgotten():
            self.browser.execute_script("localStorage.clear()")
            self.browser.refresh()
            return self.find("progress").get_property("value") == 0

        self.wait(forgotten)

    def find(self, name):
        return self.browser.find_element("id", name)

    def click(self, name):
        """A click of its own, however soon it follows another."""
        self.browser.execute_script("arguments[0].click()", self.find(name))

    def press(self, choice):
        ActionChains(self.browser).send_keys(KEYS[choice]).perform()

    @property
    def position(self):
        return self.find("position").text

    def wait(self, condition):
        return WebDriverWait(self.browser, 60).until(lambda _: condition())

    def shown(self):
        """(pair, system on the left, system on the right), read from the pixels."""
        self.wait(lambda: self.browser.execute_script("return [...document.images].every((image) => image.complete)"))
        left, right = self.browser.execute_script(PIXELS)
        pair = min(left, right)
        assert left + right == 255 and self.find("class").text == self.survey["pairs"][pair]
        return (pair, *(SYSTEMS if left == pair else SYSTEMS[::-1]))

    def walk(self, act):
        """Answers every screen by `act`, with each choice in turn; (pair, left, right, choice) of each."""
        seen = []
        for number, choice in zip(range(PAIRS), itertools.cycle(KEYS), strict=False):
            assert self.position == f"{number + 1} of {PAIRS}" and self.find("progress").get_property("value") == number
            seen.append((*self.shown(), choice))
            act(choice)
        assert self.find("end").is_displayed() and not self.find("pair").is_displayed()
        assert self.find("progress").get_property("value") == self.find("progress").get_property("max") == PAIRS
        return seen

    def answers(self):
        """What the page saves as a file, which is left beside it, read back."""
        folder = self.path.with_name("downloads")
        shutil.rmtree(folder, ignore_errors=True)
        self.browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})
        self.click("download")
        return read_answers(self.wait(lambda: [file for file in folder.glob("*.csv") if file.stat().st_size]), self.survey)


@pytest.fixture
def rater(browser, tmp_path):
    values = np.arange(PAIRS, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 4, 4), np.uint8)
    classes = ["</script><b>", "caf\u00e9 <!--", *(f"class {i}" for i in range(2, PAIRS))]  # shown as they are, not obeyed
    html, survey = page(values, 255 - values, classes, SYSTEMS, "tests", 0)
    (tmp_path / "survey.html").write_text(html, encoding="ascii")
    return Rater(browser, tmp_path / "survey.html", survey)


def as_answers(name, seen):
    return [Answer(name, pair, {"left": left, "right": right, "same": None}[choice]) for pair, left, right, choice in seen]


@pytest.mark.parametrize("act", [Rater.click, Rater.press])
def test_what_is_clicked_or_pressed_is_what_is_tallied(rater, act):
    rater.open("ann/b\u00e9")
    seen = rater.walk(lambda choice: act(rater, choice))
    assert {pair for pair, *_ in seen} == set(range(PAIRS))
    assert rater.answers() == as_answers("ann_b_", seen)
    assert rater.path.with_name("downloads").joinpath(f"answers-{rater.survey['id']}-ann_b_.csv").exists()


def test_order_and_sides_are_random_and_a_raters_own(rater):
    def walk(name):
        rater.open(name)
        seen = rater.walk(rater.click)
        rater.forget()
        return seen

    ann, bob = walk("ann"), walk("bob")
    assert ann == walk("ann")
    for part in (0, 1):  # order, sides
        assert [screen[part] for screen in ann] != [screen[part] for screen in bob]
    for seen in (ann, bob):
        assert [pair for pair, *_ in seen] != list(range(PAIRS)) and {left for _, left, *_ in seen} == set(SYSTEMS)


def test_a_page_opened_again_goes_on_where_it_was(rater):
    rater.open()
    assert not rater.find("download").is_enabled() and not rater.find("back").is_enabled()
    rater.press("left")
    rater.click("same")
    here, (before, _) = rater.shown(), rater.answers()
    rater.open()
    assert rater.position == f"3 of {PAIRS}" and rater.shown() == here
    rater.press("right")
    assert {answer.rater for answer in rater.answers()} == {before.rater}  # the name made up at first
    rater.open("ann")
    assert rater.position == f"1 of {PAIRS}"


def test_back_shows_the_last_answer_and_corrects_it(rater):
    rater.open("ann")
    seen = []
    for choice in ("left", "right"):
        seen.append((*rater.shown(), choice))
        rater.click(choice)
    rater.click("back")
    assert rater.position == f"2 of {PAIRS}" and rater.shown() == seen[1][:3]
    pressed = {choice: rater.find(choice).get_attribute("aria-pressed") for choice in KEYS}
    assert pressed == {"left": "false", "same": "false", "right": "true"}
    rater.click("back")
    rater.press("same")
    assert rater.position == f"3 of {PAIRS}"
    rater.open("ann")
    assert rater.answers() == as_answers("ann", [(*seen[0][:3], "same"), seen[1]])


def test_one_press_is_one_answer(rater):
    rater.open("ann")
    spot = rater.browser.execute_script(SPOT, rater.find("right"))
    at = {"x": spot["x"] + spot["width"] / 2, "y": spot["y"] + spot["height"] / 2, "button": "left"}
    for count in (1, 2):  # a double click, however slow this machine is
        for kind in ("mousePressed", "mouseReleased"):
            rater.browser.execute_cdp_cmd("Input.dispatchMouseEvent", {**at, "type": kind, "clickCount": count})
    assert rater.position == f"2 of {PAIRS}"
    for repeated in (False, True, True):
        key = {"type": "keyDown", "key": "ArrowLeft", "autoRepeat": repeated}
        rater.browser.execute_cdp_cmd("Input.dispatchKeyEvent", key)
    assert rater.position == f"3 of {PAIRS}"


def test_answers_in_another_tab_are_not_lost(rater):
    rater.open("ann")
    first = rater.browser.current_window_handle
    rater.browser.switch_to.new_window("tab")
    second = rater.browser.current_window_handle
    rater.open("ann")
    rater.press("left")
    assert rater.position == f"2 of {PAIRS}"
    rater.browser.switch_to.window(first)
    rater.browser.execute_cdp_cmd("Page.bringToFront", {})
    rater.wait(lambda: rater.position == f"2 of {PAIRS}")
    rater.browser.switch_to.window(second)  # closed only now: a tab that closes may not tell the others
    rater.browser.close()
    rater.browser.switch_to.window(first)


def test_a_browser_that_keeps_nothing_is_told_of(rater):
    rater.open("ann")
    assert rater.find("kept").is_displayed() and not rater.find("lost").is_displayed()
    deny = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } })"
    rater.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": deny})
    rater.open()
    assert rater.find("lost").is_displayed() and not rater.find("kept").is_displayed()
    seen = rater.walk(rater.click)
    answers = rater.answers()
    assert answers == as_answers(answers[0].rater, seen)


def test_the_page_needs_no_network_and_names_no_system(rater):
    rater.open("ann")
    source = rater.path.read_text()
    assert "http://" not in source and "https://" not in source and "default-src 'none'" in source
    loaded = rater.browser.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert all(name.startswith(("data:", "blob:")) for name in loaded)
    text = rater.browser.execute_script("return document.body.innerText")
    assert "Which image is more realistic" in text and not any(system in text for system in SYSTEMS)
