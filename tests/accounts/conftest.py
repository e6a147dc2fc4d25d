from tests.append_only import django_db_setup  # noqa: F401 -- a fixture
