"""A browser over WebDriver: chromedriver speaks HTTP and JSON, so nothing has to be installed for Python."""

import base64
import json
import re
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE = 20
KEYS = {"Down": "\ue015", "Up": "\ue013", "Left": "\ue012", "Right": "\ue014", "Delete": "\ue017", "Escape": "\ue00c",
        "Enter": "\ue007", "Tab": "\ue004"}
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--lang=en-GB"]


class WebDriverError(Exception):
    pass


class Browser:
    """One window of Chromium, with an empty profile."""

    def __init__(self, directory):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        port = None
        while port is None:
            line = self.driver.stdout.readline()
            if not line:
                raise SystemExit("chromedriver does not start")
            port = re.search(r"successfully on port (\d+)", line)
        self.base = f"http://127.0.0.1:{port.group(1)}"
        options = {"binary": "/usr/bin/chromium", "args": [*ARGUMENTS, f"--user-data-dir={directory}"]}
        capabilities = {"browserName": "chrome", "goog:chromeOptions": options, "unhandledPromptBehavior": "ignore",
                        "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"}}
        started = self.call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self.base += f"/session/{started['sessionId']}"
        self.size(1280, 800)

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise WebDriverError(json.load(error)["value"]["message"].split("\n")[0]) from None

    def post(self, path, **body):
        return self.call("POST", path, body)

    def close(self):
        try:
            self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()

    def open(self, url):
        self.post("/url", url=url)

    def run(self, script, *arguments):
        return self.post("/execute/sync", script=script, args=list(arguments))

    def cdp(self, command, **parameters):
        return self.post("/goog/cdp/execute", cmd=command, params=parameters)

    def size(self, width, height, is_phone=False):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=is_phone)

    def scheme(self, name):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def find(self, css):
        return self.post("/element", using="css selector", value=css)

    def click(self, css):
        """Clicks an element once it is there. The page may replace it between finding and clicking."""
        def attempt():
            self.post(f"/element/{self.find(css)[ELEMENT]}/click")
            return True

        self.wait(attempt, css)

    def text(self, css):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? null", css)

    def texts(self, css):
        return self.run("return [...document.querySelectorAll(arguments[0])].map(one => one.innerText)", css)

    def keys(self, *keys):
        actions = []
        for key in keys:
            for value in [KEYS[key]] if key in KEYS else key:
                actions += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self.post("/actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def frame(self, css=None):
        self.post("/frame", id=None if css is None else self.find(css))

    def has_dialog(self):
        try:
            self.call("GET", "/alert/text")
            return True
        except WebDriverError:
            return False

    def log(self, kind):
        return self.post("/se/log", type=kind)

    def requests(self):
        """The URLs that were loaded since the last call. Those that a policy blocks are named in the log, too, and fail."""
        messages = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        failed = {one["params"]["requestId"] for one in messages if one["method"] == "Network.loadingFailed"}
        return [one["params"]["request"]["url"] for one in messages
                if one["method"] == "Network.requestWillBeSent" and one["params"]["requestId"] not in failed]

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.call("GET", "/screenshot")))

    def wait(self, condition, what):
        """Waits until a function returns something true, and returns it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                value = condition()
            except WebDriverError:
                value = None
            if value:
                return value
            time.sleep(0.02)
        raise AssertionError(f"not within {PATIENCE} seconds: {what}")
