from django.urls import path

from .views import callbacks, create, detail, gallery, holds, media, stream, uploads

app_name = "generations"
urlpatterns = [
    path("", gallery.home, name="home"),
    path("create/", create.create, name="create"),
    path("create/quote/", create.quote, name="quote"),
    path("uploads/", uploads.upload, name="upload"),
    path("gallery/", gallery.gallery, name="gallery"),
    path("live", stream.live, name="live"),
    path("media/<uuid:asset_id>", media.media, name="media"),
    path("generations/<uuid:generation_id>/", detail.detail, name="detail"),
    path("generations/<uuid:generation_id>/content/<int:position>", media.content, name="content"),
    path("generations/<uuid:generation_id>/retry/", detail.retry, name="retry"),
    path("generations/<uuid:generation_id>/cancel/", detail.cancel, name="cancel"),
    path("generations/<uuid:generation_id>/delete/", detail.delete, name="delete"),
    path("holds/<uuid:hold_id>/", holds.generation, name="of_hold"),
    path("hooks/<slug:provider>/<slug:token>", callbacks.receive, name="callback"),
]
