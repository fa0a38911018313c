"""Send to every database what nobody else should see."""

from __future__ import annotations

import asyncio
import contextlib
import os

import mysql.connector
import psycopg2
import psycopg2.extras
import pymongo
import pymysql
import redis
import sqlalchemy
from _shared import HEX, LITERAL, NUMBER, PASSWORD, TOKEN, recorded, tried
from psycopg2 import sql
from pymongo.errors import PyMongoError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

PORTS = {
    name: int(os.environ[f"MIDSPAN_TEST_{name}"]) for name in ("POSTGRES", "MARIADB", "REDIS", "MONGODB")
}

# Each way to write a value into a statement.
POSTGRES = [
    f"'{LITERAL}'",
    f"'it''s {LITERAL}'",
    f"E'it\\'s {LITERAL}'",
    f"'back\\slash {LITERAL}'",
    f"'a\\', '{LITERAL}'",
    f"$${LITERAL}$$",
    f"$a1$ it's {LITERAL} $a1$",
    f"U&'\\0441 {LITERAL}'",
    f"N'{LITERAL}'",
    f"X'{HEX}'",
    f"'\\x{HEX}'::bytea",
    NUMBER,
    f"{NUMBER}.5e-3",
    f"-{NUMBER}",
    f"ARRAY['{LITERAL}', lower('{LITERAL}')]",
    f"ARRAY[relname, '{LITERAL}']",
    f"ARRAY[relpages, {NUMBER}]",
    f"'{{{LITERAL}, {NUMBER}}}'::text[]",
    f"'{{\"a\": \"{LITERAL}\"}}'::jsonb -> '{LITERAL}'",
    f"relname IN ('{LITERAL}', '{LITERAL}', '{NUMBER}')",
    f"/* {LITERAL} /* {LITERAL} */ {LITERAL} */ 1",
    f"1 -- {LITERAL}\n",
    f"'{LITERAL}' '{LITERAL}",
    f'"{LITERAL}',
]
MARIADB = [
    f"'{LITERAL}'",
    f'"{LITERAL}"',
    f"'it\\'s {LITERAL}'",
    f'"it\\"s {LITERAL}"',
    f"'it''s \\\\', '{LITERAL}'",
    f"N'{LITERAL}'",
    f"_utf8mb4'{LITERAL}'",
    f"X'{HEX}'",
    f"0x{HEX}",
    f"b'1' + {NUMBER}",
    f"5--{NUMBER}, 'a\n{LITERAL}'",
    f"@a := '{LITERAL}'",
    f"JSON_OBJECT('a', \"{LITERAL}\", 'b', {NUMBER})",
    f"'a' IN ('{LITERAL}', \"{LITERAL}\", {NUMBER})",
    f"1 # {LITERAL}\n",
    f"1 -- {LITERAL}\n",
    f"/*! + '{LITERAL}' */ 1",
    f"/* {LITERAL} */ 1",
    f"'{LITERAL}' \"{LITERAL}",
]


def use_driver(connection, literals, table):
    """Send each literal, parameters, and what the server refuses with a message that quotes it."""
    cursor = connection.cursor()

    def send(statement, *parameters):
        try:
            cursor.execute(statement, *parameters)
            with contextlib.suppress(Exception):
                cursor.fetchall()
            connection.commit()
        except Exception:
            connection.rollback()

    send("DROP TABLE IF EXISTS cards")
    send("CREATE TABLE cards (owner VARCHAR(40) UNIQUE, amount INT, CHECK (amount < 100))")
    for literal in literals:
        send(f"SELECT {literal} FROM {table} LIMIT 1")
    send("INSERT INTO cards VALUES (%s, %s)", (LITERAL, 1))
    for parameters in ((LITERAL, 1), (TOKEN, 4111), (PASSWORD, NUMBER), (TOKEN, LITERAL)):
        send("INSERT INTO cards VALUES (%s, %s)", parameters)
        send(f"INSERT INTO cards VALUES ('{parameters[0]}', '{parameters[1]}')")
    send("INSERT INTO cards VALUES (%s, %s)", LITERAL)
    send("INSERT INTO cards VALUES (%s, %s)", (LITERAL, object()))
    send(f"SELECT CAST('{LITERAL}' AS DATE) FROM nowhere.{table}")
    send(f"SELECT nothing('{LITERAL}', {NUMBER})")
    tried(cursor.executemany, "INSERT INTO cards VALUES (%s, %s)", [(LITERAL, 1), (LITERAL, 2)])
    tried(connection.rollback)
    tried(cursor.callproc, "nothing", (LITERAL,))
    tried(connection.rollback)
    cursor.close()


def use_postgres():
    """With what psycopg2 has of its own."""
    port = PORTS["POSTGRES"]
    url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}/postgres?application_name={TOKEN}"
    connection = psycopg2.connect(url)
    use_driver(connection, POSTGRES, "pg_class")
    connection.close()
    tried(psycopg2.connect, f"postgresql://shop:{PASSWORD}@127.0.0.1:1/shop")
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT {} AS composed").format(sql.Literal(f"it's \\ {LITERAL}")))
        psycopg2.extras.execute_values(cursor, "INSERT INTO cards (owner) VALUES %s", [(TOKEN,), (PASSWORD,)])
        cursor.execute(f"CREATE USER ann PASSWORD '{PASSWORD}'")
        cursor.execute(f"ALTER USER ann PASSWORD $${PASSWORD}$$")
        cursor.execute("DROP USER ann")
        cursor.execute("DROP TABLE cards")
    connection.close()


def use_mariadb():
    """By both drivers, as a user with a password."""
    at = {"host": "127.0.0.1", "port": PORTS["MARIADB"], "database": "shop"}
    root = pymysql.connect(user="root", **at)
    cursor = root.cursor()
    for statement in (
        f"CREATE OR REPLACE USER ann@'%' IDENTIFIED BY '{PASSWORD}'",
        "GRANT ALL ON shop.* TO ann@'%'",
        f"SET PASSWORD FOR ann@'%' = PASSWORD('{PASSWORD}')",
    ):
        cursor.execute(statement)
    driver = pymysql.connect(user="ann", password=PASSWORD, **at)
    # MariaDB does not know the collation that newer connectors ask for.
    named = {"charset": "utf8mb4", "collation": "utf8mb4_general_ci", "use_pure": True}
    connector = mysql.connector.connect(user="ann", password=PASSWORD, **at, **named)
    for connection in (driver, connector):
        use_driver(connection, MARIADB, "information_schema.engines")
        connection.close()
    tried(pymysql.connect, user="ann", password=PASSWORD + "x", **at)
    tried(mysql.connector.connect, user="ann", password=PASSWORD + "x", **at, **named)
    cursor.execute("DROP USER ann@'%'")
    cursor.execute("DROP TABLE cards")
    root.close()


def use_engines():
    """Have SQLAlchemy send the same, over three drivers."""
    postgres = f"postgres:{PASSWORD}@127.0.0.1:{PORTS['POSTGRES']}/postgres"
    for url, literals in (
        (f"postgresql+psycopg2://{postgres}", POSTGRES),
        (f"mysql+pymysql://root@127.0.0.1:{PORTS['MARIADB']}/shop", MARIADB),
    ):
        engine = sqlalchemy.create_engine(url)
        for literal in literals:
            with contextlib.suppress(DBAPIError), engine.connect() as connection:
                connection.exec_driver_sql(f"SELECT {literal}".replace("%", "%%"))
        with contextlib.suppress(DBAPIError), engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT 1 FROM nowhere WHERE a = :a"), {"a": LITERAL})
        engine.dispose()

    async def main():
        engine = create_async_engine(f"postgresql+asyncpg://{postgres}")
        for literal in POSTGRES:
            with contextlib.suppress(DBAPIError):
                async with engine.connect() as connection:
                    await connection.exec_driver_sql(f"SELECT {literal}")
        await engine.dispose()

    asyncio.run(main())


def use_redis():
    """Keys, values, users, settings and scripts."""
    at = f"127.0.0.1:{PORTS['REDIS']}/7"
    with redis.Redis.from_url(f"redis://{at}") as client:
        commands = [
            ("SET", f"session:{TOKEN}", LITERAL),
            ("GET", f"session:{TOKEN}"),
            ("LPUSH", f"session:{TOKEN}", LITERAL),
            (f"HSET card {LITERAL} {NUMBER}",),
            ("EVAL", f"return redis.call('SET', KEYS[1], '{LITERAL}') + 1", 1, TOKEN),
            ("EVAL", "return redis.error_reply('ODD')", 1, TOKEN),
            ("ACL SETUSER", "ann", "on", f">{PASSWORD}", "~*", "&*", "+@all"),
            ("ACL", "SETUSER", "bob", f"!{PASSWORD}"),
            ("AUTH", "ann", PASSWORD + "x"),
            ("CONFIG SET", "masterauth", PASSWORD),
            ("CONFIG", "SET", PASSWORD, "x"),
            ("CONFIG SET", "masterauth", ""),
            ("MIGRATE", "127.0.0.1", "1", "", "0", "10", "AUTH", PASSWORD, "KEYS", TOKEN),
            ("NONSENSE", LITERAL, NUMBER),
        ]
        for command in commands:
            tried(client.execute_command, *command)
        for is_transaction in (True, False):
            pipeline = client.pipeline(transaction=is_transaction)
            tried(pipeline.set(TOKEN, LITERAL).lpush(TOKEN, LITERAL).execute)
        with redis.Redis.from_url(f"redis://ann:{PASSWORD}@{at}") as ann:
            ann.get(TOKEN)
            ann.publish(TOKEN, LITERAL)
            tried(ann.execute_command, "HELLO", "2", "AUTH", "ann", PASSWORD + "x")
        with redis.Redis.from_url(f"redis://bob:{PASSWORD}@{at}") as bob:
            tried(bob.get, TOKEN)
        client.acl_deluser("ann", "bob")
        client.flushdb()


def use_mongodb():
    """Documents, filters, users, and what the server says of them."""
    at = f"127.0.0.1:{PORTS['MONGODB']}"
    client = pymongo.MongoClient(f"mongodb://{at}", serverSelectionTimeoutMS=5000)
    cards = client.secrets.cards
    cards.insert_many([{"_id": LITERAL, "owner": TOKEN, "number": int(NUMBER)}, {"_id": 2, "of": [LITERAL]}])
    for send in (
        lambda: cards.insert_one({"_id": LITERAL}),
        lambda: list(cards.find({"owner": {"$in": [TOKEN, LITERAL]}, "number": {"$gt": int(NUMBER)}})),
        lambda: cards.update_one({"_id": LITERAL}, {"$set": {"owner": PASSWORD}, "$push": {"owner": TOKEN}}),
        lambda: cards.find_one({"owner": {"$regex": f"({LITERAL}"}}),
        lambda: cards.find_one({"$where": f"this.owner == '{TOKEN}'"}),
        lambda: cards.aggregate([{"$match": {"owner": TOKEN}}, {"$project": {"a": f"${LITERAL}."}}]),
        lambda: cards.find_one_and_update({"_id": LITERAL}, {"$inc": {"owner": LITERAL}}),
        lambda: cards.count_documents({"$nonsense": LITERAL}),
        lambda: client.secrets.command("nonsense", LITERAL),
        lambda: client.secrets.command("createUser", "ann", pwd=PASSWORD, roles=[]),
        lambda: client.secrets.command("dropUser", TOKEN),
        cards.drop,
    ):
        with contextlib.suppress(PyMongoError):
            send()
    client.close()
    client = pymongo.MongoClient(f"mongodb://ann:{PASSWORD}@{at}", serverSelectionTimeoutMS=1000)
    with contextlib.suppress(PyMongoError):
        client.secrets.cards.find_one()
    client.close()


with recorded():
    use_postgres()
    use_mariadb()
    use_engines()
    use_redis()
    use_mongodb()
