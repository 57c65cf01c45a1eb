"""The addresses of changes, with and without a slash at the end."""

from django.urls import URLPattern, re_path

from apps.core.addresses import both_spellings
from apps.web.change_pages import feed_views, new_views, views

_PAIR = r"(?P<old>[^/]{1,200})/(?P<new>[^/]{1,200})"

_FEEDS = r"feeds/references(?:/(?P<instrument>[a-z0-9_-]{1,32}))?(?:/(?P<reftype>[a-z0-9_-]{1,64}))?"

urlpatterns: list[URLPattern] = [
    *both_spellings(rf"changes/{_PAIR}", views.changes, "changes"),
    *both_spellings(r"changes", new_views.new, "new"),
    re_path(rf"^{_FEEDS}\.(?P<form>atom|json)\Z", feed_views.references, name="reference_feed"),
    re_path(
        r"^feeds/contexts/(?P<pointer>latest|edit|build|versions)\.(?P<form>atom|json)\Z",
        feed_views.contexts,
        name="context_feed",
    ),
]
