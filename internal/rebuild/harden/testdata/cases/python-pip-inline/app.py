import os

from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    return {"greeting": os.environ.get("GREETING", "hello")}


@app.get("/healthz")
def healthz():
    return "ok"
