"""Where bytes are handed out."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
