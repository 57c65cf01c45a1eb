"""Addresses of datasets."""

from apps.core.addresses import both_spellings
from apps.datasets import views

app_name = "datasets"

urlpatterns = [*both_spellings(r"datasets", views.add, "add")]
