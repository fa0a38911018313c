"""Django's database layer over the drivers that have integrations (servers: postgres)."""

from __future__ import annotations

import os

import django
import pytest
from _databases import SECRET, shown
from django.conf import settings
from django.db import DatabaseError, connections, models, transaction

from midspan.integrations import django as django_integration
from midspan.integrations import psycopg2 as psycopg2_integration
from midspan.integrations import sqlite3 as sqlite3_integration
from midspan.trace import StatusCode

settings.configure(
    DATABASES={
        # One in memory would stay open from test to test.
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "set by each test"},
        "postgres": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "postgres",
            "PASSWORD": SECRET,
            "HOST": "127.0.0.1",
            "PORT": os.environ["MIDSPAN_TEST_POSTGRES"],
        },
    },
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()


class Card(models.Model):
    """A table with something to hide."""

    number = models.CharField(max_length=20, unique=True)

    class Meta:
        """Without an application."""

        app_label = "shop"
        db_table = "django_cards"

    def __str__(self):
        return "a card"


@pytest.fixture(params=["default", "postgres"])
def cards(request, memory, tmp_path):
    """Return the objects of an empty table, all integrations on, and nothing recorded yet."""
    integrations = (django_integration, sqlite3_integration, psycopg2_integration)
    for each in integrations:
        each.instrument()
    connection = connections[request.param]
    connections["default"].settings_dict["NAME"] = str(tmp_path / "shop.db")
    with connection.schema_editor() as editor:
        editor.create_model(Card)
    memory.clear()
    yield Card.objects.using(request.param)
    with connection.schema_editor() as editor:
        editor.delete_model(Card)
    connection.close()
    for each in integrations:
        each.uninstrument()


def test_each_statement_is_one_span_of_its_driver(cards, spans):
    """Django says nothing of it that the driver does not; names in double quotes stay, values do not."""
    cards.create(number=SECRET)
    assert [SECRET] == [card.number for card in cards.filter(number__startswith=SECRET[:3])]
    insert, select = (span for span in spans() if "django_cards" in span.name)
    driver = {"default": "sqlite3", "postgres": "psycopg2"}[cards.db]
    assert {f"midspan.integrations.{driver}"} == {span.scope.name for span in spans()}
    assert ('INSERT "django_cards"', 'SELECT "django_cards"') == (insert.name, select.name)
    assert select.attributes["db.query.text"].startswith(
        'SELECT "django_cards"."id", "django_cards"."number" FROM "django_cards" WHERE "django_cards"."number'
    )
    assert SECRET not in shown(spans())


def test_a_value_that_is_there_already_is_not_told(cards, spans):
    """The database's message quotes it, and Django's exception has the driver's for its cause."""
    cards.create(number=SECRET)
    with pytest.raises(DatabaseError), transaction.atomic(using=cards.db):
        cards.create(number=SECRET)
    failed = [span for span in spans() if span.status.code is StatusCode.ERROR]
    assert ['INSERT "django_cards"'] == [span.name for span in failed]
    assert SECRET not in shown(spans())
