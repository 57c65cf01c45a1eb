"""Where people ask for best references, with and without a slash at the end."""

from django.urls import URLPattern

app_name = "bestrefs"

urlpatterns: list[URLPattern] = []
