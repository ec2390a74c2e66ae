.DEFAULT_GOAL := build
.PHONY: help build run demo test e2e lint generate gallery clean

help: ## Print this list.
	@sed -nE 's/^([a-z0-9]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

build: ## Build the program into ./latchkey.
	go build -o latchkey ./cmd/latchkey

run: build ## Build and serve, with everything in ./latchkey-data.
	./latchkey serve

demo: build ## Build and serve a throw-away registry with people and packages in it.
	./latchkey serve --demo

test: ## Check and test everything, installing what that needs. CI calls this.
	scripts/test

e2e: ## The end-to-end tests alone.
	scripts/test -count=1 -timeout 20m ./e2e

lint: ## Lint.
	scripts/setup lint
	.cache/bin/golangci-lint run --allow-parallel-runners

generate: ## Renew the generated files.
	go tool templ generate
	gofmt -w views

gallery: ## Take a picture of every page, light, dark and narrow, into ./gallery.
	scripts/setup system clients
	go test -count=1 -timeout 20m -run '^TestGallery$$' ./e2e
	@echo The pictures are in $(CURDIR)/gallery

clean: ## Remove what was built and installed here.
	rm -rf latchkey .cache gallery coverage
