from django.urls import path

from accounts.views import account, credits, keys, language, mail

app_name = "accounts"

urlpatterns = [
    path("credits/", credits.statement, name="credits"),
    path("keys/", keys.keys, name="keys"),
    path("keys/signing-secret/", keys.signing_secret, name="keys_signing_secret"),
    path("keys/<uuid:key_id>/revoke/", keys.revoke, name="keys_revoke"),
    path("account/", account.account, name="account"),
    path("mail/", mail.mailbox, name="mail"),
    path("i18n/setlang/", language.set_language, name="set_language"),
]
