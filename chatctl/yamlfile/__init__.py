"""YAML files read strictly: every mistake is named by file, line and key.

``nodes`` parses a file, ``reading`` collects what is wrong with it, ``shapes`` reads it into dataclasses.
They import yaml, and ``shapes`` pydantic, which are slow: import them where there is a file to read.
"""
