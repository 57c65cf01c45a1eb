"""Our web server with budgets so short that a test need not wait for them."""

from apps.core.web_server import budgets
from crds_server import web

budgets.HEAD_SECONDS = 2.0
budgets.BODY_SECONDS = 2.0
budgets.STALL_SECONDS = 2.0
budgets.ENDING_SECONDS = 3

if __name__ == "__main__":
    web.main()
