"""The real Microdot under load. GET /login sets the session, GET / responds with
the name in the session, and GET /bare does not use a session. Prints its address."""

import asyncio

from microdot import Microdot
from microdot.session import Session, with_session

app = Microdot()
Session(app, secret_key="\x07" * 64)


@app.get("/")
@with_session
async def index(request, session):
    return session["username"]


@app.get("/bare")
async def bare(request):
    return "susan"


@app.get("/login")
@with_session
async def login(request, session):
    session.update(username="susan", cart=[1, 2, 3], csrf="q8Jx0vN2mB5tYw3kLr7sPaQ4hZ9cXe1uDf6gTi0o")
    session.save()
    return ""


async def main():
    server = await app.start_server("127.0.0.1", 0, start_serving=False)
    await server.start_serving()  # before the address is printed
    host, port = server.sockets[0].getsockname()
    print(f"{host}:{port}", flush=True)
    await server.serve_forever()


asyncio.run(main())
