"""The page: studies watched while they train, read when they are done, their models tried.

``app`` makes the application of what each of the other files knows: finding (where studies are), listing (a line for
each), following (what is new in one), results (what the report says), playground (models that answer).
"""
