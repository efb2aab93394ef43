"""The preference study: the tally, what is refused, and what the report says of it."""

import random
from math import comb
from types import SimpleNamespace

import numpy as np
import pytest
from measurements import answers as answer_files
from measurements import publish, records, rows

from energyguide.reporting.topics.survey import (
    COLUMNS,
    Answer,
    numbers,
    page,
    read_answers,
    table_preferences,
    tally,
)

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


def test_preferences_are_those_of_the_answer_files(tmp_path):
    published = publish(tmp_path, "preferences,0.8,second,8.5")
    table = table_preferences(
        SimpleNamespace(**answer_files(tmp_path), published=published), SimpleNamespace(published="cifar10")
    )
    found = rows(table)[1:]
    assert found[0] == [r"$50\%$", "60.0", "20.0", "20.0"] and found[3] == [r"$80\%$", "40.0", "20.0", "40.0"]
    assert found[4] == [r"\quad reported, Some data", "--", "8.5", "--"] and len(found) == 5
    assert {(r["raters"], r["pairs"], r["answers"], r["sign_test_p"]) for r in records(table)} == {("4", "5", "8", "0.625")}
    by = {(r["threshold"], r["preferred"]): (r["percent"], r["percent_reported"]) for r in records(table)}
    assert by["0.5", "rob"] == ("60.0", "") and by["0.8", "van"] == ("20.0", "8.5")


def test_the_sentence_on_the_survey_counts_its_answers_or_says_that_there_are_none(tmp_path):
    published = publish(
        tmp_path, *(f"preferences,all answers,{cell}" for cell in ("pairs,200", "answers,5018", "first,40.4", "second,32.4"))
    )
    params = SimpleNamespace(published="cifar10")
    said = numbers(SimpleNamespace(**answer_files(tmp_path), published=published), params)
    assert r"their 5,018 answers on 200 pairs, 40.4\% were for the robust" in said["sayReportedSurvey"]
    assert said["nAnswers"] == 8 and "Raters: 4, answers: 8, on 5 pairs" in said["saySurvey"]
    assert r"62.5\% for the robust classifier, 25.0\% for the vanilla one, 12.5\% for neither" in said["saySurvey"]
    assert "robust one on 3 pairs, the vanilla one on 1 (two-sided sign test over pairs, $p = 0.62$)" in said["saySurvey"]
    none = numbers(SimpleNamespace(answers=[], survey="never read", published=published), SimpleNamespace(published=None))
    assert none["sayReportedSurvey"] == ""
    assert none["nAnswers"] == 0 and "no answers were collected" in none["saySurvey"]
