"""Headings as step names."""

from __future__ import annotations

import pytest

from stepmill.suggestion.naming import LONGEST, as_name, is_byline, name_of_heading, unique

HEADINGS = [
    ("Load the data", "load_data"),
    ("1. Load the data", "load_data"),
    ("1.2 Data Cleaning: removing outliers", "data_cleaning"),
    ("Step 4. What is the mean preTestScore?", "mean_pretestscore"),
    ("Example: Finding the best k", "finding_best_k"),
    ("ROC Curves and Area Under the Curve (AUC)", "roc_curves_area_under_curve"),
    ("Splitting X and y into training and testing sets", "splitting_x_y"),
    ("10-fold cross-validation", "cross_validation"),
    ("Gradient descent, revisited", "gradient_descent"),
    ("Vérifier les données", "vérifier_les_données"),
    ("数据清洗", "数据清洗"),
    ("🚀 Train!", "train"),
    ("What was the best month for sales?", "best_month_sales"),
    ("Example 2: Item price in dollars", "item_price_dollars"),
    ("Example 1", ""),
    ("Versions of packages used in this notebook", ""),
    ("What we've learned", ""),
    ("Warning!", ""),
    ("Setup", ""),
    ("Import required packages", ""),
    ("Introduction", ""),
    ("1. to 11.", ""),
    ("", ""),
    ("→", ""),
]


@pytest.mark.parametrize(("heading", "name"), HEADINGS)
def test_a_heading_becomes_a_short_name(heading: str, name: str) -> None:
    assert name_of_heading(heading) == name
    assert len(name) <= LONGEST


def test_names_are_valid_and_unique() -> None:
    assert as_name("2nd") == "part_2nd"
    assert as_name("setup") == ""
    assert as_name("a b") == ""
    assert unique("load", {"load", "load_2"}) == "load_3"


BYLINES = [
    "Author: Ann Example",
    "By Ann B. Example",
    "The author:",
    "Dr. Ann Example, Somewhere",
    "Ann Example, Professor, University of Somewhere",
    "Copyright (c) 2019",
    "Last updated 3 May 2020",
    "Written by Ann",
    "Contact: ann@example.org",
    "Acknowledgements",
    "Content provided under a Creative Commons Attribution license, CC-BY 4.0",
    "Text licensed under CC-BY",
]


@pytest.mark.parametrize("line", BYLINES)
def test_who_wrote_a_notebook_is_no_heading(line: str) -> None:
    assert is_byline(line)


@pytest.mark.parametrize(
    "line", ["By hand", "Names of the features", "Updated weights", "Contact tracing", "License plates"]
)
def test_words_like_a_byline(line: str) -> None:
    assert not is_byline(line)
