# What is typed often. Everything here is a plain command that works without make.

.PHONY: dev test check bench golden

dev: ## start everything on this machine
	go run ./cmd/commentd dev

test: ## needs Postgres server binaries (Debian: apt-get install postgresql)
	go test ./...

check: ## what CI runs
	.ci/run

bench: ## prints the table that docs/benchmarks.md quotes
	go run ./cmd/commentbench

golden: ## rewrite golden files; read the diff as you read code
	go test ./httpapi/v1 -update
