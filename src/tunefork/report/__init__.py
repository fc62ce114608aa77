"""Reports read a store and answer: tables, a verdict that the data supports, figures, HTML, JSON. Never torch."""

from tunefork.report.examples import examples, wanted_rows
from tunefork.report.json import to_json
from tunefork.report.judging import Comparison, Judgement, judge
from tunefork.report.mistakes import galleries
from tunefork.report.recommending import Recommendation, recommend
from tunefork.report.records import csv_text, is_formula, quoted_formula, rows_as_csv, run_rows
from tunefork.report.run_summary import RunSummary, Spread
from tunefork.report.saved import Saved, saved_models
from tunefork.report.summary import ConfigurationSummary, Summary, summarise
from tunefork.report.tables import as_markdown, as_rich, markdown_table, rich_table, step_table, table
from tunefork.report.verdict import Verdict, verdict
from tunefork.report.writing import print_report, write_report

__all__ = [
    "Comparison",
    "ConfigurationSummary",
    "Judgement",
    "Recommendation",
    "RunSummary",
    "Saved",
    "Spread",
    "Summary",
    "Verdict",
    "as_markdown",
    "as_rich",
    "csv_text",
    "examples",
    "galleries",
    "is_formula",
    "judge",
    "markdown_table",
    "print_report",
    "quoted_formula",
    "recommend",
    "rich_table",
    "rows_as_csv",
    "run_rows",
    "saved_models",
    "step_table",
    "summarise",
    "table",
    "to_json",
    "verdict",
    "wanted_rows",
    "write_report",
]
