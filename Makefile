# Two commands on a fresh machine: `make demo` and `make test`. Both set up .venv first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo demo-data test exhaustive bench bench-site bench-store docs lint lock clean

demo: .venv/ready ## the whole line on the sample portals, then the site on http://127.0.0.1:8001/
	$(BIN)/nianbao demo

demo-data: .venv/ready ## the same without serving, for scripts
	$(BIN)/nianbao demo --no-serve

test: .venv/ready lint ## lint, types and all tests but the exhaustive ones
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not exhaustive"

exhaustive: .venv/ready ## the slow ones: every cell, every cut
	$(BIN)/python -m pytest -n auto --dist loadfile -m exhaustive

bench: .venv/ready ## how long things take, as multiples of what a floor or a peer takes
	$(BIN)/python -m pip install --quiet --no-deps -r bench/requirements.txt
	$(BIN)/python bench/reading.py
	$(BIN)/python bench/peers.py
	$(BIN)/python bench/crawling.py
	$(BIN)/python bench/keeping.py 1000 4000

bench-site: .venv/ready ## how fast the public site of a million facts answers, alone and under attack; takes a quarter of an hour
	$(BIN)/python bench/site.py

bench-store: .venv/ready ## what the database takes and how fast its pages are, from a thousand reports to a million; takes 20 GB
	$(BIN)/python bench/store.py

docs: .venv/ready ## the pages of docs/ that are written from the code
	$(BIN)/python -m archive.dictionary

lint: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

lock: ## write requirements.lock anew from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --extra dev --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		pyproject.toml -o requirements.lock

clean:
	rm -rf .venv data-demo build dist *.egg-info
