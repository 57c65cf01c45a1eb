"""Addresses of transitions, with and without a slash at the end."""

from django.urls import path

from apps.reprocessing import views

app_name = "reprocessing"

urlpatterns = [
    path("reprocessing/", views.listing, name="listing"),
    path("reprocessing", views.listing),
    path("reprocessing/compare/", views.compare, name="compare"),
    path("reprocessing/<str:old>/<str:new>/", views.detail, name="detail"),
    path("reprocessing/<str:old>/<str:new>", views.detail),
    path("reprocessing/<str:old>/<str:new>/search/", views.search, name="search"),
    path("reprocessing/<str:old>/<str:new>/ids.txt", views.ids_as_text, name="text"),
    path("reprocessing/<str:old>/<str:new>/exposures.csv", views.exposures_as_csv, name="exposures"),
    path(
        "reprocessing/<str:old>/<str:new>/exposures.json", views.exposures_as_json, name="exposures_as_json"
    ),
    path(
        "reprocessing/<str:old>/<str:new>/exposures.parquet",
        views.exposures_as_parquet,
        name="exposures_as_parquet",
    ),
    path("reprocessing/<str:old>/<str:new>/ids.json", views.ids_as_json, name="json"),
]
