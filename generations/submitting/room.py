"""How much an account may have in hand: tasks that run there, and POSTs that it has not answered."""

from datetime import timedelta

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now

from generations.models import ProviderAccount, State, Submission

# What has been in doubt for longer says nothing of how the account is now.
DOUBT = timedelta(minutes=10)


def with_room(accounts: QuerySet[ProviderAccount]) -> QuerySet[ProviderAccount]:
    """Those that may take one more."""
    at_provider = (State.SUBMITTING, State.UNCONFIRMED, State.RUNNING)
    running = Submission.objects.filter(ended_at=None, generation__state__in=at_provider)
    unanswered = running.filter(provider_task_id="", created_at__gt=Now() - DOUBT)
    counted = accounts.alias(running=_count(running), unanswered=_count(unanswered))
    has_slot = Q(max_running=None) | Q(max_running__gt=F("running"))
    return counted.filter(has_slot, max_unanswered__gt=F("unanswered"))


def take(account: ProviderAccount) -> bool:
    """Whether the account may take one more, with its row locked until the transaction ends: the last place is taken
    by one. Lock order: account, then generation."""
    # no_key: submissions that refer to it need not wait.
    locked = ProviderAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
    return with_room(ProviderAccount.objects.filter(pk=locked.pk)).exists()


def _count(submissions: QuerySet[Submission]) -> Coalesce:
    of_account = submissions.filter(account=OuterRef("pk")).order_by().values("account")
    counted = of_account.annotate(count=Count("*")).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
