import django.db.models.deletion
from django.db import migrations, models

IDS_IN_PAGE = 10_000


def divide_lists(apps, schema_editor):
    """Move the ids of complete searches to pages, and those of parts to a column of their own."""
    transitions = apps.get_model("reprocessing", "Transition")
    pages = apps.get_model("reprocessing", "ProductPage")
    for row in transitions.objects.exclude(affected_ids=[]).iterator(chunk_size=1):
        ids = sorted(row.affected_ids)
        pages.objects.bulk_create(
            pages(transition=row, number=start // IDS_IN_PAGE, ids=ids[start : start + IDS_IN_PAGE])
            for start in range(0, len(ids), IDS_IN_PAGE)
        )
    for chunk in apps.get_model("reprocessing", "Chunk").objects.exclude(result={}).iterator(chunk_size=1):
        chunk.products = chunk.result.pop("products", [])
        chunk.save(update_fields=["products", "result"])


def join_lists(apps, schema_editor):
    """Put the ids back."""
    for row in apps.get_model("reprocessing", "Transition").objects.iterator(chunk_size=1):
        pages = row.product_pages.order_by("number").values_list("ids", flat=True)
        row.affected_ids = [each for ids in pages for each in sorted(ids)]
        row.save(update_fields=["affected_ids"])
    for chunk in apps.get_model("reprocessing", "Chunk").objects.exclude(result={}).iterator(chunk_size=1):
        chunk.result["products"] = chunk.products
        chunk.save(update_fields=["result"])


class Migration(migrations.Migration):

    dependencies = [
        ('reprocessing', '0004_rules_impact'),
    ]

    operations = [
        migrations.AddField(
            model_name='chunk',
            name='products',
            field=models.JSONField(default=list, help_text='Ids of affected products; emptied when the search ends.'),
        ),
        migrations.AlterField(
            model_name='chunk',
            name='result',
            field=models.JSONField(default=dict, help_text='Counts and errors; emptied when the search ends.'),
        ),
        migrations.CreateModel(
            name='ProductPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text='0 for the first page, and so on.')),
                ('ids', models.JSONField(help_text='Ids of products, lower case; at most 10,000.')),
                ('transition', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='product_pages', to='reprocessing.transition')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('transition', 'number'), name='one_row_of_a_page')],
            },
        ),
        migrations.RunPython(divide_lists, join_lists),
    ]
