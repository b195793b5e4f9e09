#!/usr/bin/env python3
"""The origin: a balancer as one writes it in an afternoon. An event loop, an HTTP client, Redis asked on every request.

It keeps the contract that fairlead began with: POST /proxy?strategy=round_robin|least_conn goes to POST /process of a
backend in the list `backend_servers`, by `rr_counter` or the smallest `conn_count:<URL>`. Only a bench starts it.
"""
import argparse

import aiohttp
import redis.asyncio
from aiohttp import web


async def round_robin(store, servers):
    return servers[(await store.incr("rr_counter") - 1) % len(servers)]


async def least_conn(store, servers):
    counts = [int(await store.get(f"conn_count:{server}") or 0) for server in servers]
    return servers[counts.index(min(counts))]


STRATEGIES = {"round_robin": round_robin, "least_conn": least_conn}


async def proxy(request):
    store, session = request.app["store"], request.app["session"]
    choose = STRATEGIES.get(request.query.get("strategy", "round_robin"))
    if choose is None:
        return web.Response(status=400, text="no such strategy\n")
    servers = await store.lrange("backend_servers", 0, -1)
    if not servers:
        return web.Response(status=503, text="no backend\n")
    server = await choose(store, servers)
    await store.incr(f"conn_count:{server}")
    try:
        async with session.post(f"{server}/process", data=await request.read()) as answer:
            text = await answer.text()
            return web.Response(status=answer.status, text=f"Response from: {server}\n\n{text}",
                                headers={"X-Backend-Server": server})
    except aiohttp.ClientError:
        return web.Response(status=502, text="the backend didn't answer\n")
    finally:
        await store.decr(f"conn_count:{server}")


async def alive(_request):
    return web.Response(text="ok\n")


async def connections(app):
    app["store"] = redis.asyncio.Redis(port=app["redis_port"], decode_responses=True)
    await app["store"].rpush("backend_servers", *app["servers"])
    async with aiohttp.ClientSession() as app["session"]:
        yield


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--redis-port", type=int, required=True)
    parser.add_argument("servers", nargs="+")
    options = parser.parse_args()
    app = web.Application()
    app["redis_port"], app["servers"] = options.redis_port, options.servers
    app.cleanup_ctx.append(connections)
    app.router.add_post("/proxy", proxy)
    app.router.add_get("/", alive)
    web.run_app(app, host="127.0.0.1", port=options.port, access_log=None, print=None)


if __name__ == "__main__":
    main()
