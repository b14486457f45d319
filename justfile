# The habits of the house. Each recipe is one command that also works without `just`.

# List the recipes.
default:
    @just --list

# Formatting and lints: quick enough for every save.
check:
    scripts/test format lint

# All tests, on Rust and on the binary; installs what it needs. `just test e2e -k kill` runs a part.
test *arguments:
    scripts/test {{arguments}}

# Compare with public peers, whole processes side by side.
bench *arguments:
    scripts/bench {{arguments}}

# Format the code.
fmt:
    cargo fmt --all

# Build the documentation of our crates, without warnings.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Licences, advisories and duplicate crates (needs cargo-deny).
deny:
    cargo deny check
