"""Reading and quoting SQL text, without a database.

``statements`` splits a script where the Supabase CLI splits it; it accepts any text, and its memory use is
proportional to the length. ``tokens`` splits a statement into tokens with PostgreSQL's scanner, ``reader``
reads a statement from its beginning, ``grants`` reads GRANT and REVOKE, and ``commands`` finds statements
that a script must not contain because the program that runs it handles them. ``quoting`` quotes names and
values.
"""
