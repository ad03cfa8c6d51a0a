"""Next hops of a relay, and the sender's host, with what they were sent."""

import re
import socket
import ssl
import threading


class Sink:
    """A host that takes mail. `mode`: plain, tls (STARTTLS is offered), grey (4yz at the first RCPT of each recipient), held (no
    reply to the final dot before `may_reply` is set)."""

    def __init__(self, address, port, mode="plain", tls=None):
        self.mode, self.tls = mode, tls
        self.lock, self.seen, self.taken = threading.Lock(), set(), []
        self.may_reply = threading.Event()
        self.socket = socket.create_server((address, port), backlog=200)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.socket.accept()
            threading.Thread(target=self.session, args=(connection,), daemon=True).start()

    def session(self, connection):
        # The last delivery of the session. The relay's next command shows that the relay read the reply.
        last = None
        try:
            connection.settimeout(120)
            lines = connection.makefile("rb")
            say = lambda text: connection.sendall(text.encode() + b"\r\n")
            say("220 sink.test ESMTP")
            secure = False
            while line := lines.readline():
                if last:
                    last["seen"], last = True, None
                verb = line[:4].upper()
                if verb == b"EHLO":
                    say("250-sink.test\r\n250-8BITMIME" + ("\r\n250-STARTTLS" if self.tls and not secure else "") + "\r\n250 PIPELINING")
                elif verb == b"STAR" and self.tls:
                    say("220 go on")
                    connection = self.tls.wrap_socket(connection, server_side=True)
                    lines, secure = connection.makefile("rb"), True
                elif verb == b"RCPT":
                    recipient = re.search(rb"<(.*?)>", line)[1]
                    with self.lock:
                        is_new = recipient not in self.seen
                        self.seen.add(recipient)
                    say("450 4.2.1 later" if self.mode == "grey" and is_new else "250 2.1.5 ok")
                elif verb == b"DATA":
                    say("354 go on")
                    content = []
                    while (line := lines.readline()) not in (b".\r\n", b""):
                        content.append(line)
                    if not line:
                        return
                    content = b"".join(content)
                    last = {"ids": set(re.findall(rb"^X-Test: (\S+)", content, re.M)), "seen": False, "secure": secure}
                    with self.lock:
                        self.taken.append(last)
                    if self.mode == "held":
                        self.may_reply.wait()
                    say("250 2.0.0 taken")
                elif verb == b"QUIT":
                    say("221 2.0.0 bye")
                    return
                else:
                    say("250 2.0.0 ok")
        except (OSError, ssl.SSLError):
            pass
        finally:
            connection.close()
