"""The preference study: the tally, what is refused, and the page as raters use it, in a browser without a window."""

import itertools
import random
import shutil
from math import comb

import numpy as np
import pytest
from selenium.webdriver import ActionChains, Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from energyguide.reporting.topics.survey import COLUMNS, Answer, page, read_answers, tally

ROBUST, VANILLA = SYSTEMS = ("time-robust", "time-vanilla")
SURVEY = {"id": "0123456789abcdef", "systems": list(SYSTEMS), "pairs": ["cat", "dog", "cat", "dog"], "seed": 0}


def answers(*votes):
    """Answers from (for the first system, for the second, same) of each pair."""
    return [
        Answer(f"r{rater}", pair, choice)
        for pair, counts in enumerate(votes)
        for rater, choice in enumerate(c for c, n in zip((*SYSTEMS, None), counts, strict=True) for _ in range(n))
    ]


def test_the_tally_is_the_one_made_by_hand():
    found = tally(answers((3, 2, 1), (1, 1, 0), (0, 4, 0), (0, 0, 2)), SURVEY)
    assert found == {
        "systems": list(SYSTEMS),
        "raters": 6,
        "pairs": 4,
        "answers": 14,
        "answers_per_pair": {"min": 2, "mean": 3.5, "max": 6},
        "answer_shares": {"first": 4 / 14, "second": 7 / 14, "same": 3 / 14},
        "preferred": {
            "0.5": {"first": 0.25, "second": 0.25, "none": 0.5},
            "0.6": {"first": 0.0, "second": 0.25, "none": 0.75},  # three of five are not more than 60 %
            "0.7": {"first": 0.0, "second": 0.25, "none": 0.75},
            "0.8": {"first": 0.0, "second": 0.25, "none": 0.75},
        },
        "sign_test": {"first": 1, "second": 1, "p": 1.0},
    }


def test_a_threshold_is_exact_where_floats_are_not():
    assert 0.57 * 100 < 57
    shares = tally(answers((57, 43, 9), (58, 42, 0)), SURVEY, [0.57])["preferred"]
    assert shares == {"0.57": {"first": 0.5, "second": 0.0, "none": 0.5}}


@pytest.mark.parametrize(("wins", "losses"), [(9, 1), (1, 9), (5, 5), (12, 0), (0, 0)])
def test_the_sign_test_is_of_pairs_without_the_ties(wins, losses):
    found = tally(answers(*[(7, 2, 0)] * wins, *[(1, 2, 0)] * losses, *[(2, 2, 3)] * 4), SURVEY)["sign_test"]
    n = wins + losses
    tail = sum(comb(n, k) for k in range(min(wins, losses) + 1)) / 2**n
    assert found == {"first": wins, "second": losses, "p": pytest.approx(min(1, 2 * tail))}


def test_a_tally_without_answers_is_refused():
    with pytest.raises(ValueError, match="no answers to tally"):
        tally([], SURVEY)


def row(**changes):
    made = {"survey": SURVEY["id"], "rater": "ann", "pair": 0, "left": VANILLA, "right": ROBUST, "answer": "left", **changes}
    return ",".join(map(str, made.values()))


def write(path, *rows, header=",".join(COLUMNS), end="\n"):
    path.write_bytes("".join(line + end for line in (header, *rows)).encode())
    return path


def test_answers_are_read_whatever_the_ends_of_lines_and_the_order_of_files(tmp_path):
    ann = write(tmp_path / "ann.csv", row(), row(pair=3, answer="right"), row(pair=1, answer="same"), "", end="\r\n")
    bob = write(tmp_path / "bob.csv", row(rater="bob", pair=3, left=ROBUST, right=VANILLA))
    read = read_answers([ann, bob], SURVEY)
    assert read == [Answer("ann", 0, VANILLA), Answer("ann", 3, ROBUST), Answer("ann", 1, None), Answer("bob", 3, ROBUST)]
    shuffled = random.Random(0).sample(read, len(read))
    assert tally(read, SURVEY) == tally(read_answers([bob, ann], SURVEY), SURVEY) == tally(shuffled, SURVEY)


BAD = {
    "foreign survey": ([row(), row(survey="ffff", pair=1)], "line 3: this answers survey 'ffff'"),
    "unknown pair": ([row(pair=4)], "line 2: there is no pair '4', only 0 to 3"),
    "negative pair": ([row(pair=-1)], "line 2: there is no pair '-1'"),
    "unknown system": ([row(left="ddpm")], "line 2: 'ddpm' beside 'time-robust'"),
    "one system twice": ([row(left=ROBUST)], "line 2: 'time-robust' beside 'time-robust'"),
    "no such answer": ([row(answer="Left")], "line 2: the answer 'Left' is none of left, right, same"),
    "pair answered twice": ([row(), row(pair=1), row(answer="right")], "line 4: pair 0 is answered a second time"),
    "two raters": ([row(), row(rater="bob", pair=1)], "line 3: rater bob in the file of rater ann"),
    "no rater": ([row(rater="")], "line 2: '' is not the name of a rater"),
    "a field too few": ([row().rsplit(",", 1)[0]], "line 2: there are 5 fields in place of 6"),
    "an open quote": ([row(), '"'], "is not a CSV file in UTF-8"),
    "no answers": ([], "holds no answers"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_line_is_named_and_refused(tmp_path, name):
    rows, said = BAD[name]
    refused([write(tmp_path / "ann.csv", *rows)], "ann.csv", said)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\r\n\r\n", "is empty"),
        (b"PK\x03\x04\xff\xfe", "is not a CSV file in UTF-8"),
        (b"survey;rater;pair;left;right;answer\n", "line 1: the columns are not survey,rater,pair,left,right,answer"),
    ],
)
def test_a_file_that_holds_no_answers_of_the_page_is_named_and_refused(tmp_path, content, said):
    (tmp_path / "ann.csv").write_bytes(content)
    refused([tmp_path / "ann.csv"], "ann.csv", said)


def test_doubles_are_named_and_refused(tmp_path):
    one, copy = (write(tmp_path / name, row()) for name in ("one.csv", "copy.csv"))
    more = write(tmp_path / "more.csv", row(), row(pair=1))
    refused([one, copy], "one.csv", "copy.csv hold the same answers")
    refused([one, one], "one.csv", "one.csv hold the same answers")
    refused([one, more], "one.csv", "more.csv are both of rater ann")


def refused(paths, *said):
    with pytest.raises(ValueError) as error:
        read_answers(paths, SURVEY)
    message = str(error.value)
    assert all(part in message for part in said) and "\n" not in message and "; " in message, message


def test_the_id_names_all_that_is_shown():
    images = np.zeros((2, 2, 3, 4, 4), np.uint8)
    changed = images.copy()
    changed[0, -1, -1, -1, -1] = 1
    given = {"first": images[0], "second": images[1], "classes": ["a", "b"], "systems": SYSTEMS, "title": "T", "seed": 0}
    changes = [{}, {"first": changed[0]}, {"second": changed[0]}, {"classes": ["a", "c"]}, {"title": "U"}, {"seed": 1}]
    ids = [page(**{**given, **change})[1]["id"] for change in changes]
    assert len(set(ids)) == len(ids) and ids[0] == page(**given)[1]["id"]


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
        return WebDriverWait(self.browser, 10).until(lambda _: condition())

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
