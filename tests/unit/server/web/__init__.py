"""Parts of the HTTP edge."""
