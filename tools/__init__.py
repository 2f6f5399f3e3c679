"""What the makefile runs to prepare and generate; no part of the server."""
