"""The preference study of Kawar, Ganz and Elad (2022): a page that asks which of two images is better, and the tally of answers.

Raters see pairs of samples of two systems with the same class and the same noise, in random order and on random sides, and answer
left, right or same. The page runs offline; what it hands back is one CSV file a rater.
"""

import base64
import hashlib
import io
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from PIL import Image

from energyguide.files.atomic import digest, read_json
from energyguide.reporting.layout import Published, Table, read_lines
from energyguide.reporting.phrases import percent

QUESTION = "Which image is more realistic, and more aligned to the description?"
TEMPLATE = Path(__file__).with_name("survey.html")
COLUMNS = ["survey", "rater", "pair", "left", "right", "answer"]
AS_SAVED = "use the file as the survey's page saved it"


@dataclass(frozen=True)
class Answer:
    """One rater's answer to one pair.

    Attributes:
        pair: its number, from 0.
        choice: the name of the preferred system; None for "same".
    """

    rater: str
    pair: int
    choice: str | None


def data_uri(image):
    """A uint8 image (channel, height, width) as a PNG inside an address."""
    image = image.transpose(1, 2, 0)
    file = io.BytesIO()
    Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(file, "png")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def page(first, second, classes, systems, title, seed):
    """The page for raters, and what a tally needs to know of it.

    Args:
        first, second: images of the two systems, uint8 (pair, channel, height, width), of 1 or 3 channels.
        classes: the name of the class of each pair.
        systems: the names of the two systems, which the page does not show.
        title: what the images are of.
        seed: an integer that, with a rater's name, decides the order of the pairs and the sides.

    Returns:
        HTML in ASCII that needs nothing from outside, and {"id", "systems", "pairs", "seed"}, of which `id` names all that is
        shown: answers to other images, or to another question, are not taken for answers to these.
    """
    pictures = [[list(images.shape), hashlib.sha256(images.tobytes()).hexdigest()] for images in (first, second)]
    identity = digest([QUESTION, title, list(systems), list(classes), seed, pictures])
    survey = {"id": identity, "systems": list(systems), "pairs": list(classes), "seed": seed}
    images = [[data_uri(a), data_uri(b)] for a, b, _ in zip(first, second, classes, strict=True)]
    shown = json.dumps({**survey, "title": title, "question": QUESTION, "images": images})
    # A script element ends at the first "</script", wherever it stands; in JSON, "<" can be written without one.
    return TEMPLATE.read_text(encoding="ascii").replace("@SURVEY@", shown.replace("<", r"\u003c")), survey


def read_answers(paths, survey):
    """The answers in the files of all raters; a file may be incomplete, for a rater may stop early.

    Raises ValueError for a file that is damaged, empty, of another survey or changed by hand, and for two files of one rater.
    """
    answers, owners = [], {}
    for path in paths:
        own = read_file(path, survey)
        rater = own[0].rater
        if rater in owners:
            same = Path(path).read_bytes() == Path(owners[rater]).read_bytes()
            said = "hold the same answers" if same else f"are both of rater {rater}"
            raise ValueError(f"{owners[rater]} and {path} {said}; remove one of them")
        owners[rater] = path
        answers += own
    return answers


def read_file(path, survey):
    """The answers of one rater, at least one. Raises ValueError as `read_answers` does."""
    answers = []
    for number, *row in read_lines(path, COLUMNS, AS_SAVED).itertuples():
        if problem := what_is_wrong(row, survey, answers):
            raise ValueError(f"{path}, line {number}: {problem}")
        _, rater, pair, left, right, answer = row
        answers.append(Answer(rater, int(pair), {"left": left, "right": right, "same": None}[answer]))
    if not answers:
        raise ValueError(f"{path} holds no answers; remove it")
    return answers


def what_is_wrong(row, survey, before):
    """What is wrong with a row that follows the answers `before` in its file, and what to do; None if all is well."""
    identity, rater, pair, left, right, answer = row
    last = len(survey["pairs"]) - 1
    first, second = survey["systems"]
    owner = before[0].rater if before else rater
    checks = [
        (identity != survey["id"], f"this answers survey {identity!r}, not {survey['id']!r}; remove the file"),
        (not re.fullmatch("[A-Za-z0-9_-]+", rater), f"{rater!r} is not the name of a rater; {AS_SAVED}"),
        (rater != owner, f"rater {rater} in the file of rater {owner}; give each a file of their own"),
        (pair not in map(str, range(last + 1)), f"there is no pair {pair!r}, only 0 to {last}; {AS_SAVED}"),
        ({left, right} != {first, second}, f"{left!r} beside {right!r} is not {first!r} beside {second!r}; {AS_SAVED}"),
        (answer not in ("left", "right", "same"), f"the answer {answer!r} is none of left, right, same; {AS_SAVED}"),
        (pair in {str(a.pair) for a in before}, f"pair {pair} is answered a second time; remove one of the two lines"),
    ]
    return next((said for wrong, said in checks if wrong), None)


def tally(answers, survey, thresholds=(0.5, 0.6, 0.7, 0.8)):
    """How often the first system of a survey was preferred to the second.

    A system is preferred on a pair, at a threshold in [0.5, 1), where more than that share of the raters who took a side chose it
    (Kawar et al., Table 2). The sign test is two-sided, of the pairs with more votes for one system against those with more for
    the other. Its units are pairs, for answers to one pair are not independent: they are to the same two images, and asking more
    raters about few pairs says nothing of the next pair.

    Returns:
        A dictionary: shares of the answered pairs by threshold, shares of single answers, the sign test, and counts.

    Raises ValueError if there are no answers.
    """
    if not answers:
        raise ValueError("there are no answers to tally; add the raters' files")
    keys = dict(zip([*survey["systems"], None], ("first", "second", "same"), strict=True))
    votes = defaultdict(Counter)
    for answer in answers:
        votes[answer.pair][keys[answer.choice]] += 1

    def preferred(threshold):
        """Number of pairs by the preferred system."""
        share = Fraction(str(threshold))  # exact: three votes in five are not more than 0.6
        bars = {pair: share * (counts["first"] + counts["second"]) for pair, counts in votes.items()}
        found = {key: sum(counts[key] > bars[pair] for pair, counts in votes.items()) for key in ("first", "second")}
        return {**found, "none": len(votes) - sum(found.values())}

    def shares(counts):
        return {key: count / sum(counts.values()) for key, count in counts.items()}

    chosen = Counter(keys[answer.choice] for answer in answers)
    majority = preferred(0.5)
    untied = majority["first"] + majority["second"]
    per_pair = [counts.total() for counts in votes.values()]
    return {
        "systems": survey["systems"],
        "raters": len({answer.rater for answer in answers}),
        "pairs": len(votes),
        "answers": len(answers),
        "answers_per_pair": {"min": min(per_pair), "mean": len(answers) / len(votes), "max": max(per_pair)},
        "answer_shares": shares({key: chosen[key] for key in keys.values()}),
        "preferred": {f"{threshold:g}": shares(preferred(threshold)) for threshold in thresholds},
        "sign_test": {
            "first": majority["first"],
            "second": majority["second"],
            "p": sign_test(majority["first"], untied),
        },
    }


def sign_test(first, untied):
    """The two-sided p-value of `first` of `untied` pairs, if both systems were as good; 1 without any."""
    from scipy.stats import binomtest  # 2 s, for the one number of it

    return float(binomtest(first, untied).pvalue) if untied else 1.0


def table_preferences(inputs, params):
    """The share of pairs on which raters prefer either guidance, by the share of votes it takes (Kawar et al., Table 2)."""
    published = Published(inputs.published, params.published, "preferences")
    survey = read_json(inputs.survey)
    found = tally(read_answers(inputs.answers, survey), survey)
    counts = {**{key: found[key] for key in ("raters", "pairs", "answers")}, "sign_test_p": found["sign_test"]["p"]}
    choices, records, body = ("first", "second", "none"), [], []
    for threshold, shares in found["preferred"].items():
        percents = [100 * shares[choice] for choice in choices]
        body.append([rf"${100 * float(threshold):g}\%$", *(f"{value:.1f}" for value in percents)])
        body += published.line(threshold, choices, digits=1)
        names = dict(zip(choices, [*found["systems"], "none"], strict=True))
        for choice, value in zip(choices, percents, strict=True):
            reported = published.field(threshold, choice)
            records.append(
                {"threshold": threshold, "preferred": names[choice], "percent": value, "percent_reported": reported, **counts}
            )
    return Table(records, [["More than", r"Robust (\%)", r"Vanilla (\%)", r"No preference (\%)"]], body, "lrrr")


def numbers_reported(inputs, params):
    """The size and the outcome of the published survey (Kawar et al., Section 5.2)."""
    published = Published(inputs.published, params.published, "preferences")
    if not published.values:
        return {"sayReportedSurvey": ""}
    pairs, answers, robust, vanilla = (published.get("all answers", key) for key in ("pairs", "answers", "first", "second"))
    return {
        "sayReportedSurvey": f"Of their {answers:,.0f} answers on {pairs:.0f} pairs, {robust:g}\\% were for the robust "
        f"classifier and {vanilla:g}\\% for the vanilla one."
    }


def numbers_survey(inputs):
    """What raters preferred, or that there are none."""
    if not inputs.answers:
        return {
            "nAnswers": 0,
            "saySurvey": "The pipeline makes the page on which people compare the two; no answers were collected for this "
            "experiment, and so there is no table of preferences.",
        }
    page = read_json(inputs.survey)
    found = tally(read_answers(inputs.answers, page), page)
    test, shares = found["sign_test"], found["answer_shares"]
    chance = "p < 0.001" if test["p"] < 0.001 else f"p = {test['p']:.2g}"
    return {
        "nAnswers": found["answers"],
        "saySurvey": f"Raters: {found['raters']}, answers: {found['answers']}, on {found['pairs']} pairs, "
        f"{percent(shares['first'])} for the robust classifier, {percent(shares['second'])} for the vanilla one, "
        f"{percent(shares['same'])} for neither. More raters preferred the robust one on {test['first']} pairs, the vanilla one "
        f"on {test['second']} (two-sided sign test over pairs, ${chance}$).",
    }


def numbers(inputs, params):
    return {**numbers_reported(inputs, params), **numbers_survey(inputs)}
