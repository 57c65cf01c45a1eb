"""How deliveries are followed, with and without a slash at the end."""

from django.urls import path

from apps.catalog import delivery_views

app_name = "catalog"

urlpatterns = [
    path("delivery/", delivery_views.listing, name="deliveries"),
    path("delivery", delivery_views.listing),
    path("delivery/<str:name>", delivery_views.one, name="delivery"),
    path("delivery/<str:name>/", delivery_views.one),
    path("delivery/<str:name>/<str:what>", delivery_views.tell, name="tell"),
    path("delivery/<str:name>/<str:what>/", delivery_views.tell),
    path("delivery_status/", delivery_views.status, name="delivery_status"),
    path("delivery_status", delivery_views.status),
    path("delivery_status/<str:name>/", delivery_views.change, name="change_delivery"),
    path("delivery_status/<str:name>", delivery_views.change),
]
