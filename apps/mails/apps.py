from django.apps import AppConfig


class MailsConfig(AppConfig):
    name = "apps.mails"
    label = "mails"
