import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from generations.models import Asset, Generation
from tests.pages import HTMX, filled_in, text_of


def picture(name: str = "picture.png") -> SimpleUploadedFile:
    content = io.BytesIO()
    Image.new("RGB", (32, 18), "teal").save(content, "PNG")
    return SimpleUploadedFile(name, content.getvalue(), content_type="image/png")


def test_an_upload_is_kept_and_shown_and_goes_with_the_form(browser, team):
    fragment = text_of(browser.post("/uploads/", {"file": picture()}, headers=HTMX))

    asset = Asset.objects.get(team=team, kind="upload")
    assert f'name="image_urls" value="upload:{asset.id}"' in fragment
    assert f'src="/media/{asset.id}?' in fragment


def test_what_is_no_image_is_refused_beside_the_field(browser):  # M3
    fake = SimpleUploadedFile("picture.png", b"<svg onload=alert(1)>", content_type="image/png")

    response = browser.post("/uploads/", {"file": fake}, headers=HTMX)

    assert (response.status_code, response.headers["HX-Retarget"]) == (422, "#image-errors")
    assert "This is not a JPEG, PNG or WebP image" in text_of(response)
    assert not Asset.objects.exists()


def test_a_link_is_taken_as_it_is_and_its_picture_is_not_loaded(browser):
    fragment = text_of(browser.post("/uploads/", {"link": "https://example.com/fox.png"}, headers=HTMX))

    assert 'name="image_urls" value="https://example.com/fox.png"' in fragment
    assert "<img" not in fragment


def test_a_link_to_an_inner_address_is_refused(browser):  # S1
    response = browser.post("/uploads/", {"link": "http://169.254.169.254/latest"}, headers=HTMX)

    assert response.status_code == 422
    assert "An image link must be a public http or https address." in text_of(response)


def test_a_file_that_comes_with_the_form_itself_counts(browser):
    browser.post("/create/", filled_in(task_type="image_to_video", file=picture()))

    asset = Asset.objects.get(kind="upload")
    generation = Generation.objects.get()
    assert generation.task_type == "image_to_video"
    assert generation.params["image_urls"] == [f"upload:{asset.id}"]


def test_a_link_that_was_typed_but_not_added_counts(browser):
    browser.post("/create/", filled_in(task_type="image_to_video", link="https://example.com/fox.png"))

    assert Generation.objects.get().params["image_urls"] == ["https://example.com/fox.png"]


def test_a_viewer_may_not_upload(viewer):
    assert viewer.post("/uploads/", {"file": picture()}).status_code == 403
    assert not Asset.objects.exists()


def test_uploads_are_posted(browser):
    assert browser.get("/uploads/").headers["Location"] == "/create/"


DOUBAO = {"model": "doubao-seedance-2.0", "task_type": "image_to_video", "aspect_ratio": "adaptive"}


def test_an_upload_goes_to_the_input_it_was_chosen_for(browser, team):
    given = {"input": "first_frame_url", "first_frame_url-file": picture()}

    fragment = text_of(browser.post("/uploads/", given, headers=HTMX))

    asset = Asset.objects.get(team=team, kind="upload")
    assert f'name="first_frame_url" value="upload:{asset.id}"' in fragment


def test_a_link_is_refused_beside_the_input_it_was_typed_into(browser):  # S1
    given = {"input": "video_urls", "video_urls-link": "http://169.254.169.254/latest"}

    response = browser.post("/uploads/", given, headers=HTMX)

    assert (response.status_code, response.headers["HX-Retarget"]) == (422, "#video-errors")
    assert 'id="video-errors"' in text_of(response)
    assert "A link must be a public http or https address." in text_of(response)


def test_files_are_taken_for_images_alone(browser):
    browser.post("/uploads/", {"input": "video_urls", "video_urls-file": picture()}, headers=HTMX)

    assert not Asset.objects.exists()


def test_each_file_and_link_that_comes_with_the_form_counts_for_its_input(browser):
    links = {"image_urls": "https://example.com/a.png", "audio_urls-link": "https://example.com/a.mp3"}

    browser.post("/create/", filled_in(**DOUBAO, **links, **{"last_frame_url-file": picture()}))

    asset = Asset.objects.get(kind="upload")
    params = Generation.objects.get().params
    assert params["image_urls"] == ["https://example.com/a.png"]
    assert params["last_frame_url"] == f"upload:{asset.id}"
    assert params["audio_urls"] == ["https://example.com/a.mp3"]


def test_where_one_is_taken_the_new_one_takes_the_place_of_the_old(browser):
    given = {"face_image_url": "https://example.com/old.png", "face_image_url-link": "https://example.com/new.png"}

    browser.post("/create/", filled_in(**DOUBAO, **given))

    assert Generation.objects.get().params["face_image_url"] == "https://example.com/new.png"


def test_what_is_no_image_is_refused_with_the_form_itself_and_nothing_is_made(browser):  # M3
    fake = SimpleUploadedFile("picture.png", b"<svg onload=alert(1)>", content_type="image/png")

    page = text_of(browser.post("/create/", filled_in(**DOUBAO, **{"first_frame_url-file": fake})))

    assert "This is not a JPEG, PNG or WebP image" in page.partition('id="first_frame-errors"')[2]
    assert not Generation.objects.exists()


def test_without_javascript_an_image_is_kept_by_the_quote_and_can_be_taken_out_again(browser):
    kept = text_of(browser.post("/create/quote/", filled_in(**DOUBAO, **{"first_frame_url-file": picture()})))
    value = f"upload:{Asset.objects.get(kind='upload').id}"

    taken_out = filled_in(**DOUBAO, first_frame_url=value, remove=f"first_frame_url {value}")
    page = text_of(browser.post("/create/quote/", taken_out))

    assert f'name="first_frame_url" value="{value}"' in kept
    assert f'value="{value}"' not in page
