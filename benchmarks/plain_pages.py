"""The floor of P14: a page that hears a number over a websocket and draws a line on a canvas, and nothing else."""

from __future__ import annotations

import threading
import time
from multiprocessing.connection import Connection

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.web_examples import free_port

PAGE = """<!doctype html><title>plain</title><canvas width="1200" height="280"></canvas><script>
window.drawn = {};
const points = [], pen = document.querySelector("canvas").getContext("2d");
const socket = new WebSocket(`ws://${location.host}/socket`);
socket.onopen = () => { window.opened = true; };
socket.onmessage = ({data}) => {
  const epoch = Number(data);
  points.push([epoch % 100 * 12, 140 + 100 * Math.sin(epoch)]);
  pen.clearRect(0, 0, 1200, 280);
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  pen.stroke();
  requestAnimationFrame(() => setTimeout(() => { window.drawn[epoch] ??= Date.now(); }));
};
</script>"""


def serve_plain_pages(_home: str, _dsn: str, pipe: Connection) -> None:
    """Serve the page at `/`; what is posted to `/tell` is told to every open one."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(_app(), host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    pipe.send(f"http://127.0.0.1:{port}")
    pipe.recv()
    server.should_exit = True
    thread.join(20)


def _app() -> Starlette:
    sockets: set[WebSocket] = set()

    async def page(_request: Request) -> Response:
        return HTMLResponse(PAGE)

    async def tell(request: Request) -> Response:
        word = (await request.body()).decode()
        for socket in tuple(sockets):
            await socket.send_text(word)
        return Response()

    async def listen(socket: WebSocket) -> None:
        await socket.accept()
        sockets.add(socket)
        try:
            await socket.receive_text()
        except WebSocketDisconnect:
            sockets.discard(socket)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/tell", tell, methods=["POST"]),
            WebSocketRoute("/socket", listen),
        ]
    )
