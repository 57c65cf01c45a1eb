"""The addresses of subscriptions and web hooks."""

from django.urls import path

from apps.core.addresses import both_spellings
from apps.subscriptions import views

app_name = "subscriptions"

urlpatterns = [
    *both_spellings(r"subscriptions", views.own, "own"),
    path("subscriptions/add/", views.subscribe, name="subscribe"),
    path("subscriptions/<int:pk>/remove/", views.remove, name="remove"),
    path("subscriptions/hooks/add/", views.add_hook, name="add_hook"),
    path("subscriptions/hooks/<int:pk>/remove/", views.remove_hook, name="remove_hook"),
    path("subscriptions/hooks/<int:pk>/test/", views.test_hook, name="test_hook"),
    path("unsubscribe/<str:text>/", views.unsubscribe, name="unsubscribe"),
]
