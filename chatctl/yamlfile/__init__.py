"""Strict reading of YAML files: every mistake is reported with file, line and key.

``nodes`` parses a file and ``faults`` explains why it is no YAML; ``reading`` collects what is wrong with its
keys, and ``shapes`` reads it into dataclasses. They import yaml, and ``shapes`` pydantic, which are slow:
import them where there is a file to read.
"""
