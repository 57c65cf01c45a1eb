"""The addresses of looks; those of pictures have one spelling, for caches."""

from django.urls import URLPattern, re_path

from apps.web.file_pages import quick_look_views

urlpatterns: list[URLPattern] = [
    re_path(
        r"^looks/(?P<sha1sum>[0-9a-f]{40})/(?P<name>[a-z0-9.-]{1,40})\Z",
        quick_look_views.piece,
        name="look_piece",
    ),
    re_path(r"^looks/of/(?P<name>[A-Za-z0-9._-]{1,128})/?\Z", quick_look_views.of, name="look_of"),
]
