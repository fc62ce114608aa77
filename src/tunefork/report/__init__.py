"""Reports read a store and answer: tables, a verdict that the data supports, figures, HTML, JSON. Never torch."""

from tunefork.report.json import to_json
from tunefork.report.mistakes import galleries, wanted_thumbnails
from tunefork.report.records import csv_text, run_rows
from tunefork.report.statistics import (
    Difference,
    Estimate,
    Interval,
    holm,
    macro_f1,
    mean_accuracy,
    paired_difference,
    wilson,
)
from tunefork.report.summary import ConfigurationSummary, RunSummary, Spread, Summary, summarise
from tunefork.report.tables import as_markdown, as_rich, markdown_table, rich_table, step_table, table
from tunefork.report.verdict import Comparison, Verdict, verdict
from tunefork.report.writing import print_report, write_report

__all__ = [
    "Comparison",
    "ConfigurationSummary",
    "Difference",
    "Estimate",
    "Interval",
    "RunSummary",
    "Spread",
    "Summary",
    "Verdict",
    "as_markdown",
    "as_rich",
    "csv_text",
    "galleries",
    "holm",
    "macro_f1",
    "markdown_table",
    "mean_accuracy",
    "paired_difference",
    "print_report",
    "rich_table",
    "run_rows",
    "step_table",
    "summarise",
    "table",
    "to_json",
    "verdict",
    "wanted_thumbnails",
    "wilson",
    "write_report",
]
