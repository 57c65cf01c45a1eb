"""Where JSON-RPC is spoken."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
