"""Our web server with so much time for heads that connections stay open while a test looks.

It also tells for so long that it has refused requests.
"""

from apps.core.web_server import application, budgets
from crds_server import web

budgets.HEAD_SECONDS = 600.0
application.BUSY_MEMORY = 600.0

if __name__ == "__main__":
    web.main()
