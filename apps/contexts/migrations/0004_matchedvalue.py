from django.db import migrations, models


def list_again(apps, schema_editor):
    """The worker lists the rules in use again within minutes, and their values with them."""
    apps.get_model("contexts", "ListedRule").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("contexts", "0003_contextsummary_listedrule")]

    operations = [
        migrations.CreateModel(
            name="MatchedValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("context", models.CharField(help_text="Name of a pmap.", max_length=128)),
                ("value", models.CharField(help_text="Upper case.", max_length=64)),
                ("parkey", models.CharField(help_text="The keyword that it is compared with.", max_length=128)),
                ("instrument", models.CharField(help_text="Lower case.", max_length=32)),
                ("filekind", models.CharField(help_text="Lower case.", max_length=64)),
                ("rule_count", models.IntegerField(help_text="Rules of the type that name it.")),
            ],
            options={"indexes": [models.Index(fields=["context", "value"], name="contexts_ma_context_88917c_idx")]},
        ),
        migrations.RunPython(list_again, migrations.RunPython.noop),
    ]
