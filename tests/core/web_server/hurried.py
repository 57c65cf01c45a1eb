"""Our web server with budgets so short that tests need not wait, and patience with a busy machine.

``ENDING_SECONDS`` in the environment is for tests in which something ends well before.
"""

import os

from apps.core.web_server import budgets, lanes
from crds_server import web

budgets.HEAD_SECONDS = 3.0
budgets.BODY_SECONDS = 3.0
budgets.STALL_SECONDS = 3.0
budgets.ENDING_SECONDS = int(os.environ.get("ENDING_SECONDS", "3"))
lanes.PATIENCE = 60.0

if __name__ == "__main__":
    web.main()
