from django.apps import AppConfig


class ReprocessingConfig(AppConfig):
    name = "apps.reprocessing"
    label = "reprocessing"
