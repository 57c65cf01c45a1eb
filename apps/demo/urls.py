"""The page of parts, with and without a slash at the end."""

from django.urls import re_path

from apps.demo import views

app_name = "demo"

urlpatterns = [re_path(r"^styleguide/?\Z", views.styleguide, name="styleguide")]
