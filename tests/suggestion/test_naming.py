"""Headings as step names."""

from __future__ import annotations

import pytest

from stepmill.suggestion.naming import LONGEST, as_name, name_of_heading, unique

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
