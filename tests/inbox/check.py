"""Uses the page of `inbox` in a browser. Usage: check.py BINARY SCREENSHOTS TEMPORARY; tests/inbox.sh calls it."""

import http.server
import pathlib
import subprocess
import sys
import threading
import urllib.request

import mail
from browser import Browser

HERE = pathlib.Path(__file__).parent
HOSTILE = HERE.parent.parent / "examples/inbox/testdata/hostile.eml"

# The contrast of each visible text with its background (WCAG 2.2, 1.4.3): those below the ratio.
CONTRAST = """
const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0) return c; } return [255, 255, 255]; };
const poor = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.checkVisibility() || e.closest('.hidden, .skip, noscript')) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push(`${walk.currentNode.data.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
}
return poor;
"""

# Notes each heading that the page shows while it loads.
HEADINGS = """
window.headings = new Set();
new MutationObserver(() => document.querySelectorAll('#detail h2').forEach((one) => window.headings.add(one.innerText)))
    .observe(document, { childList: true, subtree: true });
"""


class Tracker(http.server.ThreadingHTTPServer):
    """The server of the attacker: notes each request, and has the hostile HTML as a page of its own."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []
        self.page = b""
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.page if self.path == "/control" else b"")

    do_POST = do_HEAD = do_GET

    def log_message(self, *_):
        pass


class Checks:
    def __init__(self, browser, smtp, page, screenshots, tracker):
        self.browser, self.smtp, self.page, self.screenshots, self.tracker = browser, smtp, page, screenshots, tracker

    def shot(self, name):
        self.browser.wait(lambda: self.browser.run("return document.getAnimations().length === 0"), "still page")
        self.browser.screenshot(self.screenshots / f"{name}.png")

    def heading(self, text):
        self.browser.wait(lambda: (self.browser.text("#detail h2") or "").startswith(text), f"heading {text!r}")

    def subjects(self, *expected):
        self.browser.wait(lambda: self.browser.texts("#items .subject") == list(expected), f"list {expected}: {self.browser.texts('#items .subject')}")

    def tab(self, name):
        self.browser.click(f"#tab-{name}")
        self.browser.wait(lambda: self.browser.find(f".panel.{name}"), f"tab {name}")

    def an_empty_inbox_says_how_to_begin(self):
        self.browser.open(self.page)
        self.heading("No mail yet")
        self.browser.wait(lambda: "listening" in self.browser.text("#status"), "events")
        self.shot("empty")

    def the_list_grows_by_itself(self):
        mail.ordinary(self.smtp)
        self.subjects("Your order is on its way", "Choose a new password", "Nightly build 4711 passed")
        mail.faulty(self.smtp)
        self.subjects("report", "550 5.1.1 no such user here", "Your order is on its way", "Choose a new password", "Nightly build 4711 passed")
        assert "New message" in self.browser.text("#announce")

    def a_page_with_mail_never_says_that_there_is_none(self):
        script = self.browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=HEADINGS)["identifier"]
        self.browser.open(self.page)
        self.heading("Choose a message")
        assert self.browser.run("return [...window.headings]") == ["Choose a message"]
        self.browser.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=script)

    def keys_walk_through_the_list(self):
        self.browser.keys("Down")
        self.heading("report")
        self.browser.keys("Down", "Down")
        self.heading("Your order is on its way")
        self.browser.wait(lambda: self.browser.run("return document.activeElement.matches('.entry[aria-current]')"), "focus on the entry")
        self.browser.keys("Up")
        self.heading("550 5.1.1")
        self.browser.keys("Down")
        self.heading("Your order")
        self.browser.frame("iframe")
        self.browser.wait(lambda: self.browser.find("h1"), "HTML of the message")
        self.browser.frame()
        self.shot("message")

    def tabs_have_all_views(self):
        self.browser.click("#tab-html")
        for name in ["text", "parts", "headers", "source", "session", "warnings"]:
            self.browser.keys("Right")
            self.browser.wait(lambda: self.browser.find(f".panel.{name}"), f"tab {name} by key")
            self.browser.wait(lambda: self.browser.run("return document.activeElement.id") == f"tab-{name}", f"focus on tab {name}")
        self.tab("parts")
        assert "invoice 1837.pdf" in self.browser.text("#panel")
        links = self.browser.run("return [...document.querySelectorAll('#panel a[download]')].map((one) => one.href)")
        with urllib.request.urlopen(links[-1]) as attachment:
            assert attachment.read() == b"%PDF-1.4 invoice"
            assert "invoice%201837.pdf" in attachment.headers["Content-Disposition"], attachment.headers
        self.shot("parts")
        self.tab("source")
        assert "multipart/mixed" in self.browser.text("#panel")
        self.tab("session")
        lines = self.browser.texts(".line code")
        assert "EHLO app.client.example" in [line.replace("ehlo", "EHLO") for line in lines], lines
        assert any("RFC 5321 section 4.1.1.4" in text for text in self.browser.texts(".line")), "sections"
        assert "recipients" in self.browser.texts(".line .state.new")
        self.shot("session")

    def a_message_is_released_to_a_server(self):
        self.browser.click("#detail .buttons button:last-of-type")
        self.browser.wait(lambda: "has accepted it for 1 recipient" in self.browser.text("#detail"), "result of the release")
        with urllib.request.urlopen(f"{self.other}api/messages/1/source") as copy, urllib.request.urlopen(f"{self.page}api/messages/3/source") as original:
            content = original.read()
            assert len(content) > 1000 and copy.read().endswith(content)
        self.shot("released")

    def a_failed_session_explains_itself(self):
        self.browser.click("a.entry.session")
        self.heading("550 5.1.1")
        text = self.browser.text("#panel")
        assert "No mailbox of this name" in text and "is not fully qualified" in text, text
        self.shot("failed")
        self.browser.click("#items li:first-child a")
        self.heading("report")
        self.tab("warnings")
        text = self.browser.text("#panel")
        for warning in ["LF without CR", "no Message-ID", "HELO instead of EHLO", "a space after MAIL FROM:"]:
            assert warning in text, f"{warning}: {text}"
        self.shot("warnings")

    def the_search_filters_the_list(self):
        self.browser.keys("Escape", "/")
        self.browser.wait(lambda: self.browser.run("return document.activeElement.id") == "search", "focus on the search")
        self.browser.keys("subject:order tuesday")
        self.subjects("Your order is on its way")
        self.browser.keys("Down")
        self.heading("Your order")
        self.browser.keys("Escape", "/", "Escape")
        self.browser.wait(lambda: len(self.browser.texts("#items .subject")) == 5, "whole list")

    def everything_can_be_read(self):
        for scheme in ["light", "dark"]:
            self.browser.scheme(scheme)
            for route in ["message/3/text", "message/3/session", "message/4/warnings", "message/3/html", "session/4"]:
                self.browser.open(f"{self.page}#/{route}")
                self.browser.wait(lambda: self.browser.find(f"#detail[data-route='{route}']"), route)
                self.browser.wait(lambda: self.browser.run("return document.getAnimations().length === 0"), "still page")
                assert (poor := self.browser.run(CONTRAST)) == [], f"{scheme} {route}: {poor}"
            self.shot(f"session-{scheme}")
        for scheme in ["dark", "light"]:
            self.browser.scheme(scheme)
            self.browser.size(390, 844, is_phone=True)
            self.browser.open(f"{self.page}#/")
            self.browser.wait(lambda: self.browser.run("return document.querySelector('#list').checkVisibility()"), "list on a phone")
            self.shot(f"phone-list-{scheme}")
            self.browser.open(f"{self.page}#/message/3/session")
            self.browser.wait(lambda: self.browser.find(".lines"), "session on a phone")
            assert not self.browser.run("return document.querySelector('#list').checkVisibility()")
            assert self.browser.run("return document.documentElement.scrollWidth") <= 390, "nothing is wider than the phone"
            self.shot(f"phone-session-{scheme}")
            self.browser.click(".back")
            self.browser.wait(lambda: self.browser.run("return document.querySelector('#list').checkVisibility()"), "back")
            self.browser.size(1280, 800)

    def nothing_of_a_hostile_message_runs(self):
        content = HOSTILE.read_bytes().replace(b"tracker.invalid", f"127.0.0.1:{self.tracker.server_port}".encode())
        self.browser.open(self.page)
        self.browser.requests()
        mail.hostile(self.smtp, content)
        self.browser.wait(lambda: "script" in self.browser.texts("#items .subject")[0], "hostile message")
        self.browser.click("#items li:first-child a")
        self.heading("</title><script>")
        for name in ["html", "text", "parts", "headers", "source", "session", "warnings", "html"]:
            self.tab(name)
        self.browser.frame("iframe")
        self.browser.wait(lambda: self.browser.find("h1"), "HTML of the hostile message")
        self.browser.click("#go")
        self.browser.click("#submit")
        assert self.browser.find("h1"), "the frame shows the message still"
        self.browser.frame()
        self.shot("hostile")
        number = self.browser.run("return location.hash.match(/\\d+/)[0]")
        # Without the frame, too.
        self.browser.open(f"{self.page}api/messages/{number}/html")
        self.browser.wait(lambda: self.browser.find("h1"), "HTML without a frame")
        self.harmless()
        self.browser.open(f"{self.page}#/message/{number}/html")
        self.browser.wait(lambda: self.browser.find("iframe"), "the page is alive")
        self.harmless()
        asked = [url for url in self.browser.requests() if not url.startswith((self.page, "data:"))]
        assert asked == [], asked
        assert self.tracker.seen == [], self.tracker.seen

    def tracked(self):
        return f"http://127.0.0.1:{self.tracker.server_port}/"

    def harmless(self):
        assert not self.browser.has_dialog()
        assert self.browser.run("return window.pwned ?? null") is None
        assert self.browser.run("return document.title") != "pwned"

    def the_same_html_runs_without_protection(self):
        """Otherwise the check above would check nothing."""
        content = HOSTILE.read_text().replace("tracker.invalid", f"127.0.0.1:{self.tracker.server_port}")
        html = content[content.index("<!doctype html>"):content.index("</html>")]
        # Dialogs and the redirection would stop the rest.
        self.tracker.page = "\n".join(line for line in html.split("\n") if "refresh" not in line).replace("alert(", "void(").encode()
        self.browser.open(f"{self.tracked()}control")
        self.browser.wait(lambda: self.browser.run("return window.pwned ?? null"), "the script runs")
        self.browser.wait(lambda: {"/pixel.png", "/import.css", "/script.js"} & {path.split("?")[0] for path in self.tracker.seen}, "requests")

    def messages_are_deleted(self):
        self.browser.open(f"{self.page}#/message/3")
        self.heading("Your order")
        before = len(self.browser.texts("#items .subject"))
        self.browser.keys("Delete")
        self.heading("Choose a new password")
        self.browser.wait(lambda: len(self.browser.texts("#items .subject")) == before - 1, "one entry less")
        self.browser.click("#clear")
        self.browser.wait(lambda: self.browser.find("dialog[open]"), "question")
        self.shot("delete-all")
        self.browser.click("dialog button[value=yes]")
        self.heading("No mail yet")
        self.subjects()

    def the_page_has_no_fault_of_its_own(self):
        assert self.faults == [], self.faults


def ports(inbox):
    """The addresses that the program prints."""
    lines = [inbox.stdout.readline().split() for _ in range(2)]
    return int(lines[0][1].rsplit(":", 1)[1]), lines[1][1] + "/"


def main(binary, screenshots, temporary):
    start = lambda *flags: subprocess.Popen([binary, "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0", *flags], stdout=subprocess.PIPE, text=True)
    # The server to which messages are released.
    other = start()
    other_smtp, other_page = ports(other)
    inbox = start("--reject", "nobody@example.org", "--release-to", f"smtp://127.0.0.1:{other_smtp}?tls=none")
    browser = None
    try:
        smtp, page = ports(inbox)
        browser = Browser(f"{temporary}/profile")
        checks = Checks(browser, smtp, page, pathlib.Path(screenshots), Tracker())
        checks.faults, checks.other = [], other_page
        names = ["an_empty_inbox_says_how_to_begin", "the_list_grows_by_itself",
                 "a_page_with_mail_never_says_that_there_is_none", "keys_walk_through_the_list", "tabs_have_all_views",
                 "a_message_is_released_to_a_server", "a_failed_session_explains_itself", "the_search_filters_the_list", "everything_can_be_read",
                 "nothing_of_a_hostile_message_runs", "messages_are_deleted", "the_page_has_no_fault_of_its_own",
                 "the_same_html_runs_without_protection"]
        for name in names:
            try:
                getattr(checks, name)()
                logged = [entry["message"] for entry in browser.log("browser")]
                # For the hostile message, the browser logs each blocked resource.
                checks.faults += [] if name == "nothing_of_a_hostile_message_runs" else logged
            except AssertionError:
                browser.screenshot(pathlib.Path(screenshots) / "fault.png")
                raise
            print(f"ok {name}", flush=True)
    finally:
        if browser:
            browser.close()
        for program in [inbox, other]:
            program.terminate()
            program.wait()


main(*sys.argv[1:])
