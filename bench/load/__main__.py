"""``python -m bench.load``, see ``curve``."""

from bench.load.curve import main

main()
