"""A question before what cannot be taken back.

The dialog of a page asks it and sends `confirmed` along (static/js/dialog.js). A form that comes without it, from a
browser without JavaScript, is answered by a page with the same question, which sends the form again.
"""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

FIELD = "confirmed"
_LEFT_OUT = frozenset({FIELD, "csrfmiddlewaretoken"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`label` is what the button says that does it."""

    title: str
    text: str
    label: str


def is_confirmed(request: HttpRequest) -> bool:
    return request.POST.get(FIELD) == "1"


def ask(request: HttpRequest, question: Question, *, cancel: str) -> HttpResponse:
    """The page that asks; `cancel` is the address that leads out of it."""
    fields = [(name, value) for name, values in request.POST.lists() if name not in _LEFT_OUT for value in values]
    return render(request, "confirm.html", {"question": question, "fields": fields, "cancel": cancel})
