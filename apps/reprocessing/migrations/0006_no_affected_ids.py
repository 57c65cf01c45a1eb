from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('reprocessing', '0005_product_pages'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='transition',
            name='affected_ids',
        ),
    ]
