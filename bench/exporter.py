#!/usr/bin/env python3
"""Serves one page of metrics for each member on the port that it is given, until it is ended.

A Prometheus has metadata only of what it scrapes: blocks have none.
"""
import http.server
import sys

import data

PAGES = {f"/{member}": data.page(member).encode() for member in data.MEMBERS} | {"/-/ready": b"ready\n"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        page = PAGES.get(self.path)
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(page or b"")))
        self.end_headers()
        self.wfile.write(page or b"")

    def log_message(self, format, *arguments):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
