# What scripts/test and scripts/bench share; to be sourced from the root of the repository.

cache=${MILLSTREAM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/millstream}
mkdir -p "$cache"

# A person's build shares ./target with `cargo run --release`. An automatic one gets a fresh clone each time, and keeps
# its artifacts outside of it.
if [[ ${CI:-false} == true && -z ${CARGO_TARGET_DIR:-} ]]; then
  export CARGO_TARGET_DIR=$cache/target
  # Each clone at a path of its own leaves binaries there that no later one uses.
  if [[ -d $CARGO_TARGET_DIR/release ]]; then
    find "$CARGO_TARGET_DIR/release" -maxdepth 2 -type f -name '*millstream*' -mtime +1 -delete
  fi
fi
export CARGO_TERM_PROGRESS_WHEN=${CARGO_TERM_PROGRESS_WHEN:-never}
export PYTHONDONTWRITEBYTECODE=1

fail() {
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit 1
}

# Installs Debian packages.
install_packages() {
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "the Debian packages $* are missing" "as root: apt-get install $*"
    as_root=(sudo)
  fi
  command -v apt-get >/dev/null || fail "missing: $*" "install what your system calls these packages, and run this again"
  echo "installing Debian packages: $*" >&2
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# Everything that is needed and that is not Rust's own.
install_what_is_missing() {
  local missing=()
  command -v cc >/dev/null || missing+=(gcc)
  # Its headers come in a package of their own, and a compiler without them compiles nothing.
  if ! command -v cc >/dev/null || ! cc -E -include stdlib.h -x c /dev/null >/dev/null 2>&1; then
    missing+=(libc6-dev)
  fi
  command -v python3 >/dev/null || missing+=(python3)
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  if ((${#missing[@]})); then
    install_packages "${missing[@]}"
  fi
  command -v cargo >/dev/null || fail "there is no cargo" "install the Rust toolchain (rustup), 1.95 or newer"
}

# A component of the toolchain that minimal installations leave out: its command, its name.
need_component() {
  cargo "$1" --version >/dev/null 2>&1 && return
  command -v rustup >/dev/null || fail "there is no cargo $1" "install the component $2 of the Rust toolchain"
  rustup component add "$2"
}

# Makes the virtual environment $1 with the packages of the file $2, unless it is there. It gets a name of its own for
# each set of packages and each Python, so that clones of different ages can share the cache.
virtual_environment() {
  local identity
  identity=$( (python3 --version; cat "$2") | sha256sum | cut -c 1-12)
  venv=$cache/venv-$1-$identity
  [[ -e $venv/complete ]] && return
  echo "making the virtual environment $venv" >&2
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$2"
  touch "$venv/complete"
}

# Builds the binary as `cargo run --release` does, and tells where it is.
build_binary() {
  cargo build --release
  local target
  target=$(cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
  export MILLSTREAM_BIN=$target/release/millstream
}
