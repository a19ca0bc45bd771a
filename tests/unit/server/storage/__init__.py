"""What storage is made of, without a database."""
