"""`python -m mimas.platform.demo`."""

import logging
import sys

from .command import main

logging.basicConfig(level=logging.INFO, format="%(message)s")
sys.exit(main())
