"""Template tag that links a term to its definition in the glossary."""

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.web.help_pages.glossary import TERMS

register = template.Library()


@register.simple_tag
def term(name: str, shown: str = "") -> SafeString:
    """Return a link to a term of the glossary; pages link a term where it first appears.

    Parameters
    ----------
    shown
        The words of the page, for example a plural; by default the name of the term.

    Raises
    ------
    KeyError
        Raised if the glossary does not have the term.
    """
    found = TERMS[name]
    words = shown or name
    address = f"{reverse('web:glossary')}#{found.anchor}"
    if found.full:
        return format_html(
            '<a class="term" href="{}"><abbr title="{}">{}</abbr></a>', address, found.title, words
        )
    return format_html('<a class="term" href="{}" title="{}">{}</a>', address, found.title, words)
