"""Addresses of deliveries, with and without a slash at the end."""

from django.urls import path

from apps.catalog.deliveries import views

app_name = "catalog"

urlpatterns = [
    path("delivery/", views.listing, name="deliveries"),
    path("delivery", views.listing),
    path("delivery/<str:name>", views.one, name="delivery"),
    path("delivery/<str:name>/", views.one),
    path("delivery/<str:name>/<str:what>", views.tell, name="tell"),
    path("delivery/<str:name>/<str:what>/", views.tell),
    path("delivery_status/", views.status, name="delivery_status"),
    path("delivery_status", views.status),
    path("delivery_status/<str:name>/", views.change, name="change_delivery"),
    path("delivery_status/<str:name>", views.change),
]
