"""Pictures: wherever they lie → checked, hashed, in the size that a model wants.

folders (a folder, a zip, a tar → what lies in it) → class_folders (→ tables by split); pictures (a cell → something to
read); decoding (its bytes → RGB); gallery (all of a table, in threads) → pixels (kept)
"""
