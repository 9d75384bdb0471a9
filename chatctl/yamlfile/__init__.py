"""Strict reading of YAML files: every mistake is reported with file, line and key.

``nodes`` parses a file and ``faults`` explains syntax errors; ``reading`` collects mistakes in its keys, and
``shapes`` reads it into dataclasses. They import yaml, and ``shapes`` also pydantic, which are slow: import
them only where a file is read.
"""
