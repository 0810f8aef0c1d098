# Receives Heliograph's webhooks: checks signature, timestamp and replay, answers at once. Python 3.8 or newer, nothing to install.
#   WEBHOOK_SECRET=whsec_... python3 docs/examples/webhook-receiver.py          (PORT, default 8000; HOST, default 127.0.0.1)
# While a secret rotates give both, separated by a space. Put a proxy with TLS in front.
import base64
import binascii
import hashlib
import hmac
import os
import re
import threading
import time
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8000"))
TOLERANCE_SECONDS = int(os.environ.get("WEBHOOK_TOLERANCE_SECONDS", "300"))
KEYS = [base64.b64decode(re.sub("^whsec_", "", secret)) for secret in os.environ.get("WEBHOOK_SECRET", "").split()]
if not KEYS or any(len(key) < 24 for key in KEYS):
    raise SystemExit("set WEBHOOK_SECRET to what GET /v1/webhook shows")
BODY_OCTETS_MAX = 65_536

# Ids that were received, oldest first. Keep yours in a database, with a unique index, for 4 days: that long a report may be tried again.
SEEN_MAX = 100_000
seen = OrderedDict()
seen_lock = threading.Lock()


def refusal(headers, body):
    """None when all is well, else what is wrong."""
    id, timestamp, signatures = (headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature"))
    if not (id and timestamp and signatures):
        return "not signed"
    if not re.fullmatch("[0-9]{1,15}", timestamp) or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return "too old, or from the future"
    # The body exactly as it came: parsed and written again it would be another one.
    signed = f"{id}.{timestamp}.".encode("latin-1") + body
    expected = [hmac.new(key, signed, hashlib.sha256).digest() for key in KEYS]
    given = [decoded(entry[3:]) for entry in signatures.split(" ") if entry.startswith("v1,")]
    # compare_digest takes the same time wherever they differ
    return None if any(hmac.compare_digest(one, other) for one in given for other in expected) else "wrong signature"


def decoded(text):
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def receive(id, body):
    """Store it here, and do what takes time afterwards: an answer must come within 15 seconds."""
    with seen_lock:
        again = id in seen
        seen[id] = True
        if len(seen) > SEEN_MAX:
            seen.popitem(last=False)
    print(f"again {id}" if again else f"received {id} {body.decode()}", flush=True)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 15

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not re.fullmatch("[0-9]{1,15}", length):
            return self.answer(411)
        if int(length) > BODY_OCTETS_MAX:
            return self.answer(413)
        body = self.rfile.read(int(length))
        wrong = refusal(self.headers, body)
        if wrong:
            return self.answer(400, f"{wrong}\n")
        receive(self.headers["webhook-id"], body)
        # Also when it came before: it is here, and need not be sent again.
        self.answer(204)

    def do_GET(self):
        self.answer(405)

    def answer(self, status, text=""):
        self.send_response(status)
        if status == 405:
            self.send_header("Allow", "POST")
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        if status in (411, 413):  # the body was not read
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer((HOST, PORT), Receiver)
print(f"listening on http://{HOST}:{PORT}", flush=True)
server.serve_forever()
