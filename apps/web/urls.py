"""The pages."""

from django.urls import include, path, re_path

from apps.web import activity_views, theme_views, views

app_name = "web"

urlpatterns = [
    path("", views.home, name="home"),
    re_path(r"^recent_activity/?\Z", activity_views.recent, name="activity"),
    re_path(r"^theme/?\Z", theme_views.set_theme, name="theme"),
    path("healthz", views.health, name="health"),
    path("readyz", views.ready, name="ready"),
    path("", include("apps.web.context_pages.urls")),
    path("", include("apps.web.file_pages.urls")),
    path("", include("apps.web.difference_pages.urls")),
    path("", include("apps.web.help_pages.urls")),
    path("", include("apps.web.search.urls")),
]
