"""The pages."""

from django.urls import path, re_path

from apps.web import activity_views, views

app_name = "web"

urlpatterns = [
    path("", views.home, name="home"),
    re_path(r"^recent_activity/?\Z", activity_views.recent, name="activity"),
    path("healthz", views.health, name="health"),
]
