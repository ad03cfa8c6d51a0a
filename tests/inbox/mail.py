"""The mail that the browser test sends."""

import base64
import contextlib
import smtplib
import socket
from email.message import EmailMessage

PICTURE = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
HTML = """<!doctype html><body style="margin:0;background:#f4f4f4;font-family:Georgia,serif">
<table width="100%" cellpadding="0"><tr><td align="center"><table width="560" style="background:#fff;margin:32px 0"><tr><td style="padding:36px">
<p style="letter-spacing:.1em;color:#888;font:12px Arial">THE BOOKSHOP</p><h1 style="font-weight:400">Your order is on its way</h1>
<p>Dear Carl,</p><p>we have sent <i>The Art of Memory</i> today. It arrives on Tuesday.</p>
<p><a href="https://shop.example/orders/1837" style="background:#7a2e2e;color:#fff;padding:12px 22px;text-decoration:none">Follow your parcel</a></p>
<p><img src="cid:rule" width="480" height="3" alt=""></p><p style="color:#888;font-size:13px">Frith Street 12, London</p></td></tr></table></td></tr></table></body>"""


def message(sender, recipient, subject, text):
    one = EmailMessage()
    one["From"], one["To"], one["Subject"] = sender, recipient, subject
    one["Date"] = smtplib.email.utils.formatdate()
    one["Message-ID"] = smtplib.email.utils.make_msgid(domain="client.example")
    one.set_content(text)
    return one


def send(port, one):
    with smtplib.SMTP("127.0.0.1", port, local_hostname="app.client.example") as client:
        client.send_message(one)


def ordinary(port):
    """Three messages, the last of which has everything."""
    send(port, message("Build server <ci@client.example>", "team@example.org", "Nightly build 4711 passed", "All 2,318 tests passed in 4 minutes.\n"))
    reset = message("Accounts <accounts@client.example>", "dana@example.org", "Choose a new password",
                    "Somebody asked for a new password for this account.\n\nOpen https://app.example/reset?token=b1946ac92492d234 within an hour.\n")
    send(port, reset)
    order = message("The Bookshop <orders@shop.example>", "Carl Ives <carl@example.org>", "Your order is on its way",
                    "Dear Carl,\n\nwe have sent The Art of Memory today. It arrives on Tuesday.\n\nhttps://shop.example/orders/1837\n")
    order.add_alternative(HTML, subtype="html")
    order.get_payload()[1].add_related(PICTURE, "image", "png", cid="<rule>")
    order.add_attachment(b"%PDF-1.4 invoice", maintype="application", subtype="pdf", filename="invoice 1837.pdf")
    send(port, order)


def raw(port, lines, content=None):
    """A session by hand. Returns when the server has closed."""
    with contextlib.closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as client:
        read = client.makefile("rb")

        def reply():
            while (line := read.readline())[3:4] == b"-":
                pass
            return line

        reply()
        for line in lines:
            client.sendall(line + b"\r\n")
            reply()
        if content is not None:
            client.sendall(content)
            reply()
        client.shutdown(socket.SHUT_WR)
        read.read()


def faulty(port):
    """Sessions as developers look for them: a refused recipient, a wrong order, and a message with faults."""
    raw(port, [b"EHLO localhost", b"MAIL FROM:<app@client.example>", b"RCPT TO:<nobody@example.org>", b"QUIT"])
    raw(port, [b"HELO my_pc", b"MAIL FROM: <app@client.example>", b"RCPT TO:<carl@example.org>", b"DATA"],
        b"Subject: report\nContent-Type: text/html\n\n<p>Gr\xc3\xbc\xc3\x9fe</p>\n\r\n.\r\n")


def hostile(port, content):
    raw(port, [b"EHLO evil.example", b"MAIL FROM:<\"<script>\"@evil.example>", b"RCPT TO:<bob@example.org>", b"DATA"],
        content.replace(b"\n", b"\r\n") + b"\r\n.\r\n")
