PYTHON = .venv/bin/python

.DEFAULT_GOAL = run
.PHONY: run test check faults bench pictures catalogues environment development

run: environment
	@$(PYTHON) manage.py up

test: development
	@$(PYTHON) -m pytest -n 2 --dist loadgroup -m "not faults"

check: development
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check . && $(PYTHON) -m mypy && .venv/bin/lint-imports
	@$(PYTHON) -m djlint --check --lint templates && $(PYTHON) manage.py makemigrations --check --dry-run && $(PYTHON) manage.py catalogues --check
	@PUBLIC_URL=https://filmgate.example.com EMAIL_URL=smtp://mail.example.com $(PYTHON) manage.py check --deploy --fail-level WARNING

faults: development
	@$(PYTHON) -m pytest -m faults

bench: development
	@$(PYTHON) -m bench

pictures: development
	@$(PYTHON) -m tests.browser.pictures

catalogues: development
	@$(PYTHON) manage.py catalogues

environment:
	@sh project/stack/bootstrap.sh requirements.txt

development:
	@sh project/stack/bootstrap.sh requirements-dev.txt
