"""The door of a project: one address for all servers, and the project's keys."""

from __future__ import annotations

from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from yarl import URL

from . import _keys

HOP_BY_HOP = {
    "connection", "host", "keep-alive", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade", "expect",
}  # fmt: skip
WITHOUT_KEY = ("/auth/v1/verify", "/auth/v1/callback", "/auth/v1/authorize", "/auth/v1/.well-known/")
NO_KEY = {"message": "No API key found in request", "hint": "No `apikey` request header or url param was found."}
WRONG_KEY = {"message": "Invalid API key", "hint": "Double check your Supabase `anon` or `service_role` API key."}
BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
CHUNK = 1 << 18

CLIENT = web.AppKey("client", ClientSession)


def application(directory: Path, state: dict) -> web.Application:
    """Return the server."""
    keys = _keys.all_keys(state["jwt_secret"], state["begun"])
    ports = state["ports"]
    app = web.Application()
    app.cleanup_ctx.append(_client)
    for prefix, port in (("rest", ports["postgrest"]), ("auth", ports["auth"]), ("storage", ports["storage"])):
        app.router.add_route("*", f"/{prefix}/v1{{path:(/.*)?}}", _route(prefix, URL(f"http://127.0.0.1:{port}"), keys))
    app.router.add_route("*", "/{path:.*}", _no_route)
    return app


async def _client(app: web.Application):
    # Each request has a connection of its own: one that a refused upload left half-read must not meet another request.
    connector = TCPConnector(force_close=True, limit=0)
    timeout = ClientTimeout(total=None, sock_connect=5)
    async with ClientSession(
        connector=connector,
        timeout=timeout,
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        read_bufsize=CHUNK,
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
    ) as client:
        app[CLIENT] = client
        yield


async def _no_route(request: web.Request) -> web.Response:
    return web.json_response({"message": "no Route matched with those values"}, status=404)


def _route(prefix: str, upstream: URL, keys: dict[str, str]):
    async def handle(request: web.Request) -> web.StreamResponse:
        key = request.headers.get("apikey") or request.query.get("apikey", "")
        # Storage judges its callers itself: public and signed URLs come without any key.
        if prefix != "storage" and not request.path.startswith(WITHOUT_KEY):
            if not key:
                return web.json_response(NO_KEY, status=401)
            if key not in keys:
                return web.json_response(WRONG_KEY, status=401)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        _authorize(headers, key, keys)
        headers["X-Forwarded-Host"] = request.headers.get("Host", "")
        headers["X-Forwarded-Prefix"] = f"/{prefix}/v1"
        return await _forward(request, _target(request, prefix, upstream), headers)

    return handle


def _authorize(headers: dict[str, str], key: str, keys: dict[str, str]) -> None:
    """Put in the token that a key stands for, unless the caller brings a token of a person."""
    name = next((name for name in headers if name.lower() == "authorization"), "Authorization")
    token = headers.get(name, "").removeprefix("Bearer ")
    if not token or token.startswith("sb_"):
        token = keys.get(key) or keys.get(token) or token
    if token and not headers.get(name, "").startswith("Basic "):
        headers[name] = f"Bearer {token}"


def _target(request: web.Request, prefix: str, upstream: URL) -> URL:
    path = request.rel_url.raw_path.removeprefix(f"/{prefix}/v1") or "/"
    if request.path.startswith(WITHOUT_KEY) or "apikey" not in request.query:
        query = request.rel_url.raw_query_string
    else:
        query = request.rel_url.without_query_params("apikey").raw_query_string
    return URL(f"{upstream}".rstrip("/") + path + (f"?{query}" if query else ""), encoded=True)


async def _forward(request: web.Request, target: URL, headers: dict[str, str]) -> web.StreamResponse:
    """Pass on request and answer piece by piece; a body that breaks off breaks off upstream too."""
    client, body = request.app[CLIENT], request.content.iter_chunked(CHUNK) if request.body_exists else None
    try:
        async with request.app[CLIENT].request(
            request.method, target, headers=headers, data=body, allow_redirects=False
        ) as answer:
            response = web.StreamResponse(status=answer.status, reason=answer.reason)
            for name, value in answer.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    response.headers.add(name, value)
            await response.prepare(request)
            if request.method != "HEAD":
                async for piece in answer.content.iter_any():
                    await response.write(piece)
            await response.write_eof()
            return response
    except (ClientError, TimeoutError, OSError):
        if request.transport is None or ("response" in locals() and response.prepared):
            raise
        return web.Response(text=BAD_GATEWAY, status=502, content_type="text/html")
