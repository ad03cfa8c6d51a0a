#!/usr/bin/env python3
"""Sends one message with Python's smtplib.

send_smtplib.py HOST PORT FILE [options]

The octets of FILE are sent as they are, bare line ends included. Exit status 0 when each answer is as expected.
"""

import argparse
import pathlib
import smtplib
import ssl
import sys


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("file")
    parser.add_argument("--lmtp", action="store_true")
    parser.add_argument("--from", dest="sender", default="sender@client.example")
    parser.add_argument("--to", action="append", default=[])
    parser.add_argument("--mail-option", action="append", default=[])
    parser.add_argument("--starttls", metavar="CA", help="go over to TLS with a server whose certificate is in this file")
    parser.add_argument("--tls", metavar="CA", help="the same, but TLS is spoken from the first octet")
    parser.add_argument("--login", metavar="USER:PASSWORD")
    parser.add_argument("--mechanism", help="the one to log in by, of those that smtplib has")
    parser.add_argument("--no-initial-response", action="store_true", help="let the server ask for everything")
    parser.add_argument("--expect-login", type=int, default=235, help="the code; any other than 235 ends the session")
    parser.add_argument("--expect-rcpt", help="comma-separated codes, one for each recipient")
    parser.add_argument("--expect-data", help="comma-separated codes of the answers to the message")
    return parser.parse_args()


def login(client, options):
    """Logs in; says whether there is more to do."""
    user, password = options.login.split(":", 1)
    if options.mechanism:
        offered = client.esmtp_features.get("auth", "").split()
        if options.mechanism not in offered:
            sys.exit(f"{options.mechanism} is not offered: {offered}")
        client.esmtp_features["auth"] = options.mechanism  # login() tries everything that it finds here
    try:
        code, text = client.login(user, password, initial_response_ok=not options.no_initial_response)
    except smtplib.SMTPAuthenticationError as error:
        code, text = error.smtp_code, error.smtp_error
    if code != options.expect_login:
        sys.exit(f"AUTH was answered {code} {text!r}, expected {options.expect_login}")
    if code != 235:
        client.quit()
    return code == 235


def main():
    options = arguments()
    recipients = options.to or ["to@example.org"]
    content = pathlib.Path(options.file).read_bytes()
    kind = smtplib.LMTP if options.lmtp else smtplib.SMTP
    settings = {"local_hostname": "client.example", "timeout": 20}
    if options.starttls or options.tls:
        context = ssl.create_default_context(cafile=options.starttls or options.tls)
        # It looks for the name that it connects to, which is an address here.
        context.check_hostname = False
    if options.tls:
        kind = smtplib.SMTP_SSL
        settings["context"] = context
    client = kind(options.host, options.port, **settings)
    client.ehlo_or_helo_if_needed()
    if options.starttls:
        client.starttls(context=context)
        client.ehlo_or_helo_if_needed()
        if client.has_extn("starttls"):
            sys.exit("STARTTLS is offered again under TLS")
    if options.login and not login(client, options):
        return

    if "SMTPUTF8" in options.mail_option:
        client.command_encoding = "utf-8"

    code, text = client.mail(options.sender, options.mail_option)
    if code != 250:
        sys.exit(f"MAIL was answered {code} {text!r}")
    codes = [client.rcpt(recipient)[0] for recipient in recipients]
    expected = [int(code) for code in options.expect_rcpt.split(",")] if options.expect_rcpt else [250] * len(codes)
    if codes != expected:
        sys.exit(f"RCPT was answered {codes}, expected {expected}")
    accepted = codes.count(250)
    answers = [client.data(content)[0]]
    if options.lmtp:
        # One answer for each accepted recipient (RFC 2033 4.2); smtplib reads the first only.
        answers += [client.getreply()[0] for _ in range(accepted - 1)]
    expected = [int(code) for code in options.expect_data.split(",")] if options.expect_data else [250] * len(answers)
    if answers != expected:
        sys.exit(f"the message was answered {answers}, expected {expected}")
    code, _ = client.quit()
    if code != 221:
        sys.exit(f"QUIT was answered {code}")


if __name__ == "__main__":
    main()
