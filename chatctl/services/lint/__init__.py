"""What is wrong with the SQL files: ``squawk`` on the versions, ``filerules`` on their names and history, the
SELECTs of sql/lints on what they make; ``accepted`` is what a team lives with, and why. ``run`` is all of it.
"""
