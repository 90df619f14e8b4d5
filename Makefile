# `make` alone lists what you can do.
.DEFAULT_GOAL := help
.PHONY: up down build base notebook_image workshop save load check reload users logs test lint lock bench help

##@ Run the hub
up: ## Everything, from nothing to a running hub; safe to repeat.
	@scripts/up.sh

workshop: ## The image of WORKSHOP_* in .env, and a hub that is open to everybody.
	@scripts/workshop.sh

down: ## Stop the stack; keeps all data and users' servers (SERVERS=stop stops them).
	@scripts/down.sh

reload: ## Put a changed certificate and userlist into effect; restarts nothing.
	@scripts/reload.sh

users: ## Who may use the hub (more: scripts/hubkit.sh users --help).
	@scripts/hubkit.sh users list

logs: ## Follow what the stack says (Ctrl-C ends it).
	@docker compose logs --follow --tail 100 || true

check: ## Report every mistake in your files and the engine; starts nothing.
	@scripts/hubkit.sh check

##@ Images
build: base ## Build the images of the stack; then: docker compose up -d
	@scripts/build.sh hub
	@scripts/build.sh others
	@scripts/build.sh notebook
	@HUBKIT_FILES_ONLY=1 scripts/hubkit.sh prepare

notebook_image: base ## Build or pull what DOCKER_NOTEBOOK_IMAGE names.
	@scripts/build.sh notebook --pull

save: ## Save all images in one file, for machines without a network (FILE=…).
	@scripts/save.sh $(if $(FILE),"$(FILE)")

load: ## Load the images of such a file (FILE=…).
	@scripts/engine.sh
	@scripts/load.sh $(if $(FILE),"$(FILE)")

base: ## Make the base of all images: pulled, or a Debian made here.
	@scripts/engine.sh
	@scripts/base-image.sh

##@ Work on the kit
test: ## Run all tests: unit, docker, whole stack in a browser.
	@scripts/test.sh

lint: ## Check style and types.
	@scripts/test.sh lint

bench: ## Measure against stock JupyterHub, the short form (WORKLOADS=all: more).
	@scripts/bench.sh

lock: ## Refresh the locked versions of all packages.
	@scripts/lock.sh

help: ## Show this list.
	@awk -F ':.*## ' '/^##@ / {print "\n" substr($$0, 5)} \
	    /^[a-z_-]+:.*## / {printf "  make %-16s%s\n", $$1, $$2}' $(MAKEFILE_LIST)
