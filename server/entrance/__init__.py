"""Who comes in, by which link, from where: and what browsers need to reach the server."""
