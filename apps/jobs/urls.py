"""The addresses of progress channels."""

from django.urls import re_path

from apps.jobs import views

app_name = "jobs"

_CHANNEL = r"^jpoll/(?P<key>[a-zA-Z0-9:.-]{1,128})"

urlpatterns = [
    re_path(r"^jpoll/open_channel/?\Z", views.open_channel, name="open_channel"),
    re_path(rf"{_CHANNEL}/log/?\Z", views.log, name="log"),
    re_path(rf"{_CHANNEL}/log\.txt\Z", views.text, name="text"),
    re_path(rf"{_CHANNEL}/messages/?\Z", views.messages, name="messages"),
    re_path(rf"{_CHANNEL}/events/?\Z", views.events, name="events"),
]
