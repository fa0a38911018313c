"""What a shop in Django is set to."""

from __future__ import annotations

import os

ALLOWED_HOSTS = ["*"]
SECRET_KEY = "only for this run"
ROOT_URLCONF = "django_shop"
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "PORT": os.environ["SHOP_POSTGRES"],
        "USER": "postgres",
        "NAME": "postgres",
        "CONN_MAX_AGE": None,
    }
}
