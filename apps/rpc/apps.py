import importlib
import pkgutil

from django.apps import AppConfig


class RpcConfig(AppConfig):
    name = "apps.rpc"
    label = "rpc"

    def ready(self) -> None:
        """Import every module of methods; the import registers the methods."""
        methods = importlib.import_module("apps.rpc.methods")
        for module in pkgutil.iter_modules(methods.__path__):
            importlib.import_module(f"{methods.__name__}.{module.name}")
