"""The addresses of locks, with and without a slash at their end. User names may contain ``@``."""

from django.urls import path

from apps.locks import views

app_name = "locks"

urlpatterns = [
    path("lock_status/<str:username>/", views.lock_status, name="status"),
    path("lock_status/<str:username>", views.lock_status),
    path("locks/", views.table, name="table"),
    path("locks", views.table),
    path("locks/extend/", views.extend, name="extend"),
    path("locks/extend", views.extend),
    path("locks/take/", views.take, name="take"),
    path("locks/take", views.take),
    path("locks/<str:instrument>/break/", views.break_one, name="break"),
    path("locks/<str:instrument>/break", views.break_one),
]
