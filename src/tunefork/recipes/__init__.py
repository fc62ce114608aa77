"""Studies that others have published, as study files: the ten recipes, by name.

Each is an ordinary study file, which says in its first lines whose question it answers, what is assumed and what is
verified. ``s0.fair`` is what ``s0`` should have been: rates of their own, several seeds, a search.
"""

from tunefork.recipes.catalogue import RECIPES, Recipe, find_recipe, named, study_file

__all__ = ["RECIPES", "Recipe", "find_recipe", "named", "study_file"]
