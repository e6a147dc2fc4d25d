"""Someone who signs in and looks around, and notes everything that the pages complain of."""

import re
import time
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, expect

from tests.stack import RunningStack

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE_MS = 30_000


class Visit:
    """`complaints` are errors and warnings of console and page, dialogs, failed answers and requests to elsewhere."""

    def __init__(self, browser: Browser, stack: RunningStack, **context: Any) -> None:
        self.stack = stack
        self.complaints: list[str] = []
        self._context = browser.new_context(**{"viewport": {"width": 1360, "height": 860}, **context})
        self._context.set_default_timeout(PATIENCE_MS)
        self.page = self._context.new_page()
        self._listen()
        self._sign_in()

    def open(self, path: str) -> None:
        self.page.goto(f"{self.stack.url}{path}")

    def choose(self, **choices: str) -> None:
        for name, value in choices.items():
            self.page.locator(f'label.choice:has(input[name="{name}"][value="{value}"])').click()

    def card(self, prompt: str) -> Locator:
        return self.page.locator("article.frame").filter(has=self.page.get_by_text(prompt, exact=True))

    def expect_status(self, prompt: str, status: str) -> None:
        expect(self.card(prompt)).to_have_attribute("data-status", status, timeout=PATIENCE_MS)

    def balance(self) -> tuple[int, int]:
        """Credits available and on hold, as the rail says."""
        texts = (self.page.locator("#balance b").inner_text(), self.page.locator("#balance .num").last.inner_text())
        available, held = (int(re.sub(r"\D", "", text)) for text in texts)
        return available, held

    def expect_balance(self, available: int, *, held: int) -> None:
        expect(self.page.locator("#balance b")).to_have_text(f"{available:,}", timeout=PATIENCE_MS)
        expect(self.page.locator("#balance .num").last).to_contain_text(str(held))

    def until(self, expression: str) -> None:
        """Wait until it is true. Playwright's own wait_for_function would need `eval`, which the pages forbid."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not self.page.evaluate(expression):
            assert time.monotonic() < deadline, f"never true: {expression}"
            self.page.wait_for_timeout(20)

    def close(self) -> None:
        self._context.close()

    def _sign_in(self) -> None:
        self.open("/sign/login/")
        self.page.locator("[name=login]").fill(self.stack.ready["email"])
        self.page.locator("[name=password]").fill(self.stack.ready["password"])
        self.page.locator("[name=password]").press("Enter")
        self.page.wait_for_url("**/gallery/")

    def _listen(self) -> None:
        page, complain = self.page, self.complaints.append
        origin = urlsplit(self.stack.url).netloc
        page.on("console", lambda told: complain(told.text) if told.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complain(str(error)))
        page.on("dialog", lambda dialog: (complain(dialog.message), dialog.dismiss()))
        page.on("response", lambda answer: complain(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
        page.on(
            "request",
            lambda asked: complain(asked.url) if urlsplit(asked.url).netloc not in (origin, "") else None,
        )
