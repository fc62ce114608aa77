"""Pictures: wherever they lie → checked, hashed, in the size that a model wants.

folders, archives (→ what lies in a folder, a zip, a tar) → class_folders (→ tables by split); pictures (a cell → what
can be read); decoding (its bytes → RGB; depth); gallery (all of a table, in threads) → pixels (kept)
"""
