
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0005_note_contents'),
    ]

    operations = [
        migrations.AlterField(
            model_name='auditrecord',
            name='action',
            field=models.CharField(choices=[('add file', 'Add File'), ('submit file', 'Submit File'), ('complete file', 'Complete File'), ('rename', 'Rename'), ('generate mapping', 'Generate Mapping'), ('add reference', 'Add Reference'), ('delete reference', 'Delete Reference'), ('force submit', 'Force Submit'), ('cancel submit', 'Cancel Submit'), ('archive state', 'Archive State'), ('mark bad', 'Mark Bad'), ('mark ok', 'Mark Ok'), ('taint', 'Taint'), ('set default context', 'Set Context'), ('create pipeline', 'Create Pipeline'), ('import cache', 'Import Cache'), ('import history', 'Import History'), ('take unknown', 'Take Unknown'), ('adopt bytes', 'Adopt Bytes'), ('adopt data', 'Adopt Data'), ('find affected datasets', 'Find Affected Datasets')], max_length=32),
        ),
    ]
