#!/usr/bin/env python3
"""An aiosmtpd server that stores exactly what it gets.

serve_aiosmtpd.py DIRECTORY [--lmtp] [--login CERT KEY USER PASSWORD]

Says `listening on ADDRESS:PORT` and goes on until it is ended. Each message is stored as DIRECTORY/N under the fields
X-Mail and X-Rcpt, which hold the envelope. RCPT is answered 550 for refused@ and 450 for later@; a message to full@
is answered 452. With --login it takes mail only from USER, who has to log in under TLS (STARTTLS), and adds the field
X-Login on top; whoever logs in as "later" is answered 454.
"""

import asyncio
import pathlib
import ssl
import sys

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, AuthResult


class Store:
    def __init__(self, directory, lmtp):
        self.directory = directory
        self.lmtp = lmtp
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return "550 5.1.1 no such user"
        if address.startswith("later@"):
            return "450 4.2.1 try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.append(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        full = [address.startswith("full@") for address in envelope.rcpt_tos]
        answers = ["452 4.2.2 mailbox full" if this else "250 2.0.0 stored" for this in full]
        if not self.lmtp:
            answers = [max(answers)]
        if any(answer.startswith("250") for answer in answers):
            self.store(session, envelope)
        # LMTP has one answer for each recipient (RFC 2033 4.2).
        return "\r\n".join(answers)

    def store(self, session, envelope):
        sender = (envelope.mail_from or "").strip("<>")  # aiosmtpd keeps the brackets of the null reverse-path
        fields = [f"X-Login: {session.login_data.decode()}"] if session.authenticated else []
        fields += [f"X-Mail: <{sender}> {' '.join(envelope.mail_options)}"]
        fields += [f"X-Rcpt: <{address}>" for address in envelope.rcpt_tos]
        self.count += 1
        top = "".join(field + "\r\n" for field in fields).encode()
        (self.directory / str(self.count)).write_bytes(top + envelope.original_content)


def only(user, password):
    """An authenticator that lets nobody else in."""
    def authenticate(server, session, envelope, mechanism, given):
        if given.login == b"later":
            return AuthResult(success=False, handled=False, message="454 4.7.0 try again later")
        success = (given.login, given.password) == (user.encode(), password.encode())
        return AuthResult(success=success, handled=False, auth_data=given)
    return authenticate


async def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    lmtp = "--lmtp" in sys.argv[2:]
    protocol = LMTP if lmtp else SMTP
    store = Store(directory, lmtp)
    settings = {}
    if "--login" in sys.argv:
        cert, key, user, password = sys.argv[sys.argv.index("--login") + 1:][:4]
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
        settings = {"tls_context": context, "auth_required": True, "authenticator": only(user, password)}
    server = await asyncio.get_running_loop().create_server(
        lambda: protocol(store, hostname="aiosmtpd.example", enable_SMTPUTF8=True, **settings), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    print(f"listening on {host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
