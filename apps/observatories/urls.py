"""The addresses of the definition's pages."""

from django.urls import path

from apps.observatories import views

app_name = "observatories"

urlpatterns = [
    path("observatory/", views.observatory, name="observatory"),
    path("observatory/edit/<slug:what>/", views.edit, name="edit"),
    path("observatory/drafts/<uuid:key>/", views.draft, name="draft"),
    path("observatory/versions/<int:number>/", views.version, name="version"),
]
