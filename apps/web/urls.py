"""The addresses of the pages."""

from django.urls import include, path

from apps.core.addresses import both_spellings
from apps.web import activity_views, metrics_views, programs_views, theme_views, views

app_name = "web"

urlpatterns = [
    path("", views.home, name="home"),
    *both_spellings(r"recent_activity", activity_views.recent, "activity"),
    *both_spellings(r"theme", theme_views.set_theme, "theme"),
    path("healthz", views.health, name="health"),
    path("readyz", views.ready, name="ready"),
    path("metrics", metrics_views.metrics, name="metrics"),
    path("robots.txt", programs_views.robots, name="robots"),
    path(".well-known/security.txt", programs_views.security, name="security"),
    path("security.txt", programs_views.security),
    path("", include("apps.web.context_pages.urls")),
    path("", include("apps.web.file_pages.urls")),
    path("", include("apps.web.change_pages.urls")),
    path("", include("apps.web.difference_pages.urls")),
    path("", include("apps.web.help_pages.urls")),
    path("", include("apps.web.impact_pages.urls")),
    path("", include("apps.web.search.urls")),
]
