"""A shop in FastAPI, one part of which asks another."""

from __future__ import annotations

import os

import httpx
from fastapi import FastAPI

app = FastAPI()
client = httpx.AsyncClient()


@app.get("/{number:int}")
async def order(number: int) -> str:
    """Take an order."""
    answer = await client.get(f"http://127.0.0.1:{os.environ['SHOP_PORT']}/stock")
    return f"{number}: {answer.text}"


@app.get("/stock")
async def stock() -> str:
    """Look into the stock."""
    return "ok"
