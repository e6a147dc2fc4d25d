"""Someone who signs in and looks around, and notes everything that the pages complain of."""

import re
import time
from typing import Any, ClassVar
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, StorageState, expect

from tests.browser.people import Person
from tests.stack import RunningStack

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE_MS = 30_000
LANGUAGES = {"en": "en-US", "zh-hans": "zh-CN"}
MAX_TABS = 80
# A page that is left, or asks anew, lets go of what it was asking; htmx says so on the console.
LET_GO = ("htmx:afterRequest,", "htmx:sendAbort,")


class Visit:
    """`complaints` are errors and warnings of console and page, dialogs, failed answers and requests to elsewhere.

    Whoever comes is the demo user, or `person`, or with signed_in=False nobody yet. `may_reach` are other origins that
    the pages lead to.
    """

    # The demo user signs in once to each stack: sign-ins take their time, and only so many a minute are let in.
    _demo: ClassVar[dict[str, StorageState]] = {}

    def __init__(
        self,
        browser: Browser,
        stack: RunningStack,
        *,
        person: Person | None = None,
        signed_in: bool = True,
        may_reach: tuple[str, ...] = (),
        **context: Any,
    ) -> None:
        self.stack = stack
        self.complaints: list[str] = []
        self._origins = {"", *(urlsplit(url).netloc for url in (stack.url, *may_reach))}
        if signed_in and person is None and stack.url in self._demo:
            context["storage_state"] = self._demo[stack.url]
        self.context = browser.new_context(**{"viewport": {"width": 1360, "height": 860}, **context})
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.on("page", self._listen)
        self.page = self.context.new_page()
        if signed_in and person:
            self.context.add_cookies([{"name": "sessionid", "value": person.session, "url": stack.url}])
            self.open("/gallery/")
        elif signed_in:
            self._sign_in_demo()

    def open(self, path: str) -> None:
        self.page.goto(f"{self.stack.url}{path}")

    def arrive(self, path: str) -> None:
        """Wait until the page is there."""
        self.page.wait_for_url(lambda url: urlsplit(url).path == path)

    def sign_in(self, email: str, password: str, *, to: str = "/gallery/") -> None:
        self.open("/sign/login/")
        self.page.locator("[name=login]").fill(email)
        self.page.locator("[name=password]").fill(password)
        self.page.locator("[name=password]").press("Enter")
        self.arrive(to)

    def confirm_password(self, password: str) -> None:
        """Show once more who it is, and go on to the page that was asked for."""
        self.page.locator("[name=password]").fill(password)
        with self.page.expect_navigation():
            self.page.locator("[name=password]").press("Enter")

    def new_tab(self) -> Page:
        """Another page of the same browser, which is watched as the first."""
        return self.context.new_page()

    def choose(self, **choices: str) -> None:
        for name, value in choices.items():
            self.page.locator(f'label.choice:has(input[name="{name}"][value="{value}"])').click()

    def tab_to(self, target: Locator) -> None:
        """Press Tab until it has the focus, as someone without a mouse does."""
        for _ in range(MAX_TABS):
            self.page.keyboard.press("Tab")
            if target.evaluate("element => element === document.activeElement"):
                return
        raise AssertionError(f"not reached by Tab: {target}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def confirm(self, label: str) -> None:
        """Answer the dialog that is open."""
        self.page.locator("dialog[open]").get_by_role("button", name=label, exact=True).click()

    def notice(self, text: str) -> None:
        """Something like this is told in answer to what was done."""
        expect(self.page.locator("#messages")).to_contain_text(text)

    def expected(self, *parts: str) -> None:
        """Each of these was complained of, and rightly."""
        for part in parts:
            rest = [each for each in self.complaints if part not in each]
            assert len(rest) < len(self.complaints), f"nothing complained of {part}: {self.complaints}"
            self.complaints[:] = rest

    def card(self, prompt: str) -> Locator:
        return self.page.locator("article.frame").filter(has=self.page.get_by_text(prompt, exact=True))

    def expect_status(self, prompt: str, status: str) -> None:
        expect(self.card(prompt)).to_have_attribute("data-status", status)

    def balance(self) -> tuple[int, int]:
        """Credits available and on hold, as the rail says."""
        texts = (self.page.locator("#balance b").inner_text(), self.page.locator("#balance .num").last.inner_text())
        available, held = (int(re.sub(r"\D", "", text)) for text in texts)
        return available, held

    def expect_balance(self, available: int, *, held: int) -> None:
        expect(self.page.locator("#balance b")).to_have_text(f"{available:,}")
        expect(self.page.locator("#balance .num").last).to_contain_text(str(held))

    def until(self, expression: str) -> None:
        """Wait until it is true. Playwright's own wait_for_function would need `eval`, which the pages forbid."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not self.page.evaluate(expression):
            assert time.monotonic() < deadline, f"never true: {expression}"
            self.page.wait_for_timeout(20)

    def close(self) -> None:
        self.context.close()

    def _sign_in_demo(self) -> None:
        if self.stack.url in self._demo:
            self.open("/gallery/")
            return
        self.sign_in(self.stack.ready["email"], self.stack.ready["password"])
        self._demo[self.stack.url] = self.context.storage_state()

    def _listen(self, page: Page) -> None:
        complain = self.complaints.append
        page.on("console", lambda told: complain(_told(told)) if _is_complaint(told) else None)
        page.on("pageerror", lambda error: complain(str(error)))
        page.on("dialog", lambda dialog: (complain(dialog.message), dialog.dismiss()))
        page.on("response", lambda answer: complain(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
        page.on(
            "request", lambda asked: complain(asked.url) if urlsplit(asked.url).netloc not in self._origins else None
        )


def _is_complaint(message: ConsoleMessage) -> bool:
    return message.type in ("error", "warning") and not message.text.startswith(LET_GO)


def _told(message: ConsoleMessage) -> str:
    return f"{message.text} {message.location['url']}"
