# `make paper`, `make test` and `make test-system` set everything up themselves; `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help env tex paper test test-system faults bench lint licences lock clean
SHELL := /bin/sh

VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
EXPERIMENT ?= digits
CONFIG = --config experiment=$(EXPERIMENT)
PDF = results/$(EXPERIMENT)/paper.pdf

help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' $(MAKEFILE_LIST) | expand -t 14

env: $(VENV)/.locked  ## Create or update .venv from requirements.lock

$(VENV)/.locked: requirements.lock envs/setup.sh
	@envs/setup.sh $(VENV)
	@cp requirements.lock $@

tex:  ## Make sure that there is a TeX; on Debian and Ubuntu, as root, install it
	@envs/tex.sh

paper: env  ## Build the paper, from data to PDF: EXPERIMENT=digits by default, ARGS go to snakemake
	@if envs/tex.sh; then snakemake paper $(ARGS) $(CONFIG) && echo && echo "The paper is $(PDF)"; \
	else snakemake parts $(ARGS) $(CONFIG) && envs/tex.sh; fi

# Two workers on two cores: if a test has two threads, they must not spin while they wait for each other.
test test-system: export OMP_WAIT_POLICY = passive

test: env  ## Run the tests and checks that need no cluster, no browser and no minutes
	@envs/tex.sh || true
	@pytest -n 2 -m "not system" $(ARGS)

test-system: env  ## Run the tests on a real Slurm, in a browser, of the compiler, and of each command of docs/your-own.md
	@envs/tex.sh || true
	@pytest -n 2 -m system $(ARGS)

faults: env  ## Kill, move and double runs, fill disks, spoil input, and see that nothing is lost: an hour on 2 cores
	@envs/tex.sh || true
	@python tools/faults $(ARGS)

bench: env  ## Compare the speed with that of others: half an hour on 2 cores
	@python tools/bench $(ARGS)

lint: env  ## Only the checks of style
	@pytest tests/test_style.py

licences: env  ## List the licences of what is installed: rewrite docs/licences.md
	@python tools/licences.py > docs/licences.md

lock: env  ## Choose versions anew: rewrite requirements.lock from pyproject.toml
	@uv pip compile --universal --generate-hashes --all-extras --no-header --quiet --upgrade pyproject.toml -o requirements.lock

clean:  ## Remove the results of EXPERIMENT
	rm -rf results/$(EXPERIMENT)
