"""Parts of the embedded control plane that need no database."""
