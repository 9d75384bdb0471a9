"""Linting the SQL files: ``squawk`` checks the migrations, ``filerules`` their names and history, and the
queries of sql/lints the resulting schema. ``accepted`` lists accepted findings. ``run`` combines them.
"""
