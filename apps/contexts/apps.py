from django.apps import AppConfig


class ContextsConfig(AppConfig):
    name = "apps.contexts"
    label = "contexts"
