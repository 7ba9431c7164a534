"""A login page on the real Microdot with its session extension. It follows the
contract of a server under test, without /script, and has two more routes:

    GET /data    returns the session as JSON
    POST /data   replaces the session with the JSON in the body, and saves it

Requires SESSION_SECRET, and prints its address. COOKIE_OPTIONS is the JSON of
cookie_options.
"""

import asyncio
import html
import json
import os

from microdot import Microdot, redirect
from microdot.session import Session, with_session

app = Microdot()
options = json.loads(os.environ.get("COOKIE_OPTIONS", "{}"))
Session(app, secret_key=os.environ["SESSION_SECRET"], cookie_options=options)

FORM = '<form method="post"><input name="username"></form>'


def page(content):
    return content, {"Content-Type": "text/html; charset=utf-8"}


@app.get("/")
@with_session
async def index(request, session):
    name = session.get("username")
    return page(FORM if name is None else f"Hello <b>{html.escape(name)}</b>!")


@app.post("/")
@with_session
async def login(request, session):
    session["username"] = request.form.get("username")
    session.save()
    return redirect("/")


@app.post("/logout")
@with_session
async def logout(request, session):
    session.delete()
    return redirect("/")


@app.get("/data")
@with_session
async def read(request, session):
    return json.dumps(session), {"Content-Type": "application/json"}


@app.post("/data")
@with_session
async def write(request, session):
    session.clear()
    session.update(json.loads(request.body))
    session.save()
    return "saved"


async def main():
    server = await app.start_server("127.0.0.1", 0, start_serving=False)
    await server.start_serving()  # before the address is printed
    host, port = server.sockets[0].getsockname()
    print(f"http://{host}:{port}", flush=True)
    await server.serve_forever()


asyncio.run(main())
