# mypy: ignore-errors
# its libraries are installed in the node app01, not in the checkout
"""The shop: a web application that keeps one connection to PostgreSQL on db01 and one to Redis on cache01."""

import psycopg2
import redis
from flask import Flask

app = Flask(__name__)
database = psycopg2.connect(
    host="db01", dbname="shop", user="shop", password="shop-pw", application_name="shop", connect_timeout=5
)
database.autocommit = True
cache = redis.Redis(host="cache01", socket_timeout=5)
cache.ping()


@app.route("/")
def index() -> str:
    """How many orders there are and how often somebody asked."""
    with database.cursor() as cursor:
        cursor.execute("select count(*) from orders")
        orders = cursor.fetchone()[0]
    return f"orders {orders}, visits {cache.incr('visits')}\n"
