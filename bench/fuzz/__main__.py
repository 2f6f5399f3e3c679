"""``python -m bench.fuzz``, see ``fuzzer``."""

import sys

from bench.fuzz.fuzzer import main

sys.exit(main())
