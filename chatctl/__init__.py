"""chatctl: run a multi-tenant chat backend on Supabase."""

__version__ = "0.1.0"
