"""`python -m orch.run`."""

import sys

from orch.run import main

sys.exit(main())
