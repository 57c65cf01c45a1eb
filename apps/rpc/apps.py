from django.apps import AppConfig


class RpcConfig(AppConfig):
    name = "apps.rpc"
    label = "rpc"
