"""A real browser (Debian's chromium, headless) that looks at the page of a loteria-web."""

import contextlib
import json
import pathlib

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

import loteria

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
         "--no-first-run", "--disable-background-networking", "--disable-component-update", "--lang=en-GB")


class Browser:
    """`with Browser(directory) as browser:`"""

    def __init__(self, directory, width=1240, height=1700, phone=False, dark=False, flags=()):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, *flags, f"--window-size={width},{height}", f"--user-data-dir={directory}/browser"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = Service("/usr/bin/chromedriver", env={**loteria.ENVIRONMENT, "HOME": str(directory), "LANGUAGE": "en_GB"})
        self.driver = webdriver.Chrome(service=service, options=options)
        self.driver.set_page_load_timeout(loteria.DEADLINE)
        self.driver.set_script_timeout(loteria.DEADLINE)
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 2 if phone else 1, "mobile": phone})
        self.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "America/Argentina/Buenos_Aires"})
        self.driver.execute_cdp_cmd("Emulation.setLocaleOverride", {"locale": "en-GB"})
        if dark:
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                        {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        self.said = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def open(self, url):
        self.origin = url.rstrip("/")
        self.driver.get(url)

    def run(self, script, *arguments):
        """What the script of the page's world returns."""
        return self.driver.execute_script(script, *arguments)

    def text(self, selector):
        """Its text, with blanks as they are shown; None when there is no such element, or it is hidden."""
        return self.run("const node = document.querySelector(arguments[0]);"
                        "return node && node.getClientRects().length ? node.innerText.trim() : null", selector)

    def number(self, selector):
        """A number as the page writes it; None for a dash."""
        text = (self.text(selector) or "–").replace(",", "")
        return None if text == "–" else float(text)

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].map(node => node.innerText.trim())", selector)

    def wait_for(self, condition, explain=lambda: "", deadline=loteria.DEADLINE):
        """`condition` is asked again until it holds."""
        return loteria.wait_until(condition, deadline, explain=lambda: f"{explain()}\nthe page:\n{self.text('body')}\n{self.complaints()}",
                                  pause_s=0.05)

    def complaints(self):
        """What the console said that is an error or a warning, with what it said before."""
        self.said += [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        return self.said

    def requests(self):
        """The addresses of all that the page asked for since the last time."""
        entries = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [entry["params"]["request"]["url"] for entry in entries if entry["method"] == "Network.requestWillBeSent"
                and entry["params"]["documentURL"].startswith(self.origin)]

    def picture(self, path):
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            pathlib.Path(path).unlink()
        assert self.driver.save_screenshot(str(path))
