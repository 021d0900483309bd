"""`python -m mimas.platform.demo`: a part of `mimas up --demo`, or by hand."""

import sys

from ..logs import configure
from ..parts import announce_ready, become_part
from .command import main

configure(become_part("demo"))
announce_ready()
sys.exit(main())
