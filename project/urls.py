from django.contrib import admin
from django.urls import include, path

from generations.api.v1 import api
from project import http

urlpatterns = [
    path("", include("generations.urls")),
    path("", include("accounts.urls")),
    path("api/v1/", api.urls),
    path("operator/", admin.site.urls),
    path("sign/", include("allauth.account.urls")),
    path("sign/two-factor/", include("allauth.mfa.urls")),
    path("healthz", http.healthz),
]

handler400 = http.bad_request
handler403 = http.forbidden
handler404 = http.not_found
handler500 = http.server_error
