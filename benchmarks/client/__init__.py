"""The load generator: a browser's requests without a browser, all in one event loop.

aiohttp sets TCP_NODELAY on every connection, so no delay here is the client's own.
"""
