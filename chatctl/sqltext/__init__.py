"""Reading and quoting SQL text, without a database.

``statements`` splits a script where the Supabase CLI splits it, ``quoting`` writes names and values.
"""
