"""``daedam`` and ``python -m server``."""

from server.cli.parser import main

if __name__ == "__main__":
    main()
