"""Addresses of best references, with and without a slash at the end."""

from django.urls import path

from apps.bestrefs import dataset_views, explain_views, explore_views, use_views, views

app_name = "bestrefs"

urlpatterns = [
    path("bestrefs/", views.ask, name="ask"),
    path("bestrefs", views.ask),
    path("bestrefs/results/", views.results, name="results"),
    path("bestrefs/results", views.results),
    path("bestrefs/explain/", explain_views.why, name="explain"),
    path("bestrefs/explain", explain_views.why),
    path("dataset/<str:dataset_id>/", dataset_views.history, name="dataset"),
    path("dataset/<str:dataset_id>", dataset_views.history),
    path("programme/<str:number>/", dataset_views.programme, name="programme"),
    path("programme/<str:number>", dataset_views.programme),
    path("datasets_with/<str:name>/<str:pointer>.csv", use_views.datasets_as_csv, name="datasets_with"),
    path("bestrefs_explore/", explore_views.choose, name="explore"),
    path("bestrefs_explore", explore_views.choose),
    path("bestrefs_explore/<str:context>/<str:instrument>/", explore_views.parameters, name="parameters"),
    path("bestrefs_explore/<str:context>/<str:instrument>", explore_views.parameters),
]
