"""All addresses of the server. Each app lists its own."""

from django.urls import include, path

urlpatterns = [
    path("", include("apps.rpc.urls")),
    path("", include("apps.vo.urls")),
    path("", include("apps.jobs.urls")),
    path("", include("apps.catalog.urls")),
    path("", include("apps.locks.urls")),
    path("", include("apps.contexts.urls")),
    path("", include("apps.accounts.urls")),
    path("", include("apps.distribution.urls")),
    path("", include("apps.submissions.urls")),
    path("", include("apps.datasets.urls")),
    path("", include("apps.observatories.urls")),
    path("", include("apps.bestrefs.urls")),
    path("", include("apps.reprocessing.urls")),
    path("", include("apps.subscriptions.urls")),
    path("", include("apps.console.urls")),
    path("", include("apps.api.urls")),
    path("", include("apps.demo.urls")),
    path("", include("apps.web.urls")),
]

handler400 = "apps.web.views.bad_request"
handler403 = "apps.accounts.views.permission_denied"
handler404 = "apps.web.views.not_found"
handler500 = "apps.web.views.server_error"
