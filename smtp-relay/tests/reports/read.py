"""Reads a report on standard input with Python's `email`, and prints what it finds, for the test beside this file."""

import base64
import email
import email.policy
import sys

message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default.clone(utf8=True))


def faults(part):
    for fault in part.defects:
        print("defect:", type(fault).__name__)
    for name, value in part.items():
        for fault in getattr(value, "defects", ()):
            print("defect:", name, type(fault).__name__)


def value(text):
    return " ".join(str(text).split())


faults(message)
for name in "from", "to", "subject", "auto-submitted":
    print(f"{name}: {value(message[name])}")
print("report-type:", message.get_param("report-type"))
parts = message.get_payload()
print("parts:", *(part.get_content_type() for part in parts))
text, status = parts[0], parts[1]
faults(text)
print("text:", text.get_content().replace("\r\n", "\n").split("\n\n")[2].replace("\n", "|"))
if status.get_content_type() == "message/delivery-status":
    groups = status.get_payload()
else:
    # For `email` this is a message like any other: the first group is its header.
    inner = status.get_payload(0)
    rest = inner.get_payload(decode=True).decode("utf-8", "surrogateescape")
    groups = [inner] + [
        email.message_from_string(group, policy=email.policy.default) for group in rest.split("\n\n") if group.strip()
    ]
for group in groups:
    if group.items():
        print("group")
    for name, field in group.items():
        print(f" {name}: {value(field)}")
if len(parts) > 2:
    original = parts[2]
    if original.get("content-transfer-encoding") == "base64" and original.is_multipart():
        # `email` does not decode a message before it parses it.
        encoded = original.get_payload(0).get_payload()
        header = base64.b64decode(encoded).decode("utf-8", "replace")
    elif original.is_multipart():
        header = "".join(f"{name}: {field}\r\n" for name, field in original.get_payload(0).items())
        print("body:", value(original.get_payload(0).get_payload()))
    else:
        header = original.get_payload(decode=True).decode("utf-8", "replace")
    print("original:", value(header))
