"""The beginnings of long texts, by which an index sorts them."""

from django.db.models import CharField, TextField, Transform


@TextField.register_lookup
class Beginning(Transform):
    """The first 100 characters of a text, in queries ``<field>__beginning``.

    PostgreSQL refuses a row whose text in such an index is longer than some 2,700 bytes.
    """

    lookup_name = "beginning"
    template = "SUBSTR(%(expressions)s, 1, 100)"
    output_field = CharField()
