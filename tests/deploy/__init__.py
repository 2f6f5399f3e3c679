"""The files that operators deploy: valid for their programs, and true to the server's settings."""
