"""What a database has otherwise than the files say: ``catalogue`` reads one, ``compare`` tells two apart."""
