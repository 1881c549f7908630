// Modules that are read for their charts and CRDs only; nothing of them is compiled, and no Go file imports them, so
// `go mod tidy` would drop them: add one with `go mod download MODULE@VERSION`, which also writes its hashes.
module seedbed/engine/charts

go 1.26

require (
	github.com/NVIDIA/k8s-device-plugin v0.17.4
	github.com/cert-manager/cert-manager v1.18.2
)
