"""The audit log tells what was just done, and to the one who looks for it alone."""

import csv
import io

from playwright.sync_api import expect


def test_what_was_just_done_is_told_filtered_and_kept(visit, person):
    admin = visit(person=person)
    admin.open("/keys/new/")
    admin.page.locator("[name=name]").fill("<img src=x> 夜间")
    admin.page.locator("[name=name]").press("Enter")
    secret = admin.page.locator("#new-key").inner_text()
    admin.open("/team/settings/")
    admin.page.locator("[name=monthly_budget_credits]").fill("1234")
    admin.page.get_by_role("button", name="Save").click()
    admin.notice("Saved.")

    admin.page.get_by_role("link", name="Audit log").click()
    rows = admin.page.locator(".audit tbody tr")
    expect(rows.nth(0)).to_contain_text("Monthly budget: none → 1,234")
    expect(rows.nth(0)).to_contain_text("127.0.0.1")
    expect(rows.nth(1)).to_contain_text("<img src=x> 夜间")
    expect(rows.nth(1)).to_contain_text(person.name)
    before = rows.count()

    admin.page.locator("[name=group]").select_option("key")
    admin.page.wait_for_url("**group=key*")
    expect(rows).to_have_count(2)
    assert before > 2
    with admin.page.expect_download() as download:
        admin.page.get_by_role("link", name="Download CSV").click()
    text = download.value.path().read_text("utf-8-sig")
    assert [row["Action"] for row in csv.DictReader(io.StringIO(text))] == ["key.created", "key.created"]
    assert secret not in text

    admin.page.go_back()
    expect(rows).to_have_count(before)
    admin.page.go_forward()
    expect(rows).to_have_count(2)
    assert secret not in admin.page.content()
