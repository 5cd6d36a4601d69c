# Answers on 8080 as the sample servers do, with the client that it sees, until the process of the first argument is
# gone. With "daemon", from a child that outlives the process that listened and has closed every descriptor that it
# does not know.

import http.server
import json
import os
import sys
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"from": "this machine", "client": self.client_address[0]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler)
if "daemon" in sys.argv:
    if os.fork() > 0:
        os._exit(0)
    os.closerange(server.fileno() + 1, 4096)


def end_with(process):
    while os.path.exists(f"/proc/{process}"):
        time.sleep(0.05)
    os._exit(0)


threading.Thread(target=end_with, args=[sys.argv[1]], daemon=True).start()
print("listening", flush=True)
server.serve_forever()
