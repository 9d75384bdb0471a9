"""Reading and quoting SQL text, without a database.

``statements`` splits a script where the Supabase CLI splits it; it reads any text, in memory that goes with
its size. ``tokens`` asks PostgreSQL's scanner what a statement consists of, ``reader`` reads a statement from
its beginning, ``grants`` reads grants, ``commands`` finds the statements that a script must leave
to the program that runs it. ``quoting`` writes names and values.
"""
