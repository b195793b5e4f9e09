# Which Debian packages each command needs, and how they get there. Sourced by ./dev.
# A group is installed only when a command asks for it, so that `./dev run` on a bare machine stays quick.

# The libraries of the unit tests are small and CMake looks for them, so they belong to `build`.
packages_of() {
  case $1 in
    build)
      echo clang-19 lld-19 libstdc++-12-dev libc6-dev cmake ninja-build ccache pkg-config
      echo libssl-dev libyaml-cpp-dev libfmt-dev libspdlog-dev libhiredis-dev libcli11-dev libsimdjson-dev liburing-dev
      echo libgtest-dev libgmock-dev libhttp-parser-dev
      ;;
    run) echo curl ;;
    redis) echo redis-server redis-tools ;;
    lint) echo python3 clang-format-19 clang-tidy-19 ;;
    checks) echo python3 g++-12 libclang-rt-19-dev libbenchmark-dev valgrind binutils ;;
    servers)
      echo curl openssl redis-server redis-tools prometheus nginx haproxy wrk strace iproute2 python3-aiohttp
      echo python3 python3-pytest python3-pytest-xdist python3-flask python3-redis python3-requests python3-yaml
      echo python3-jsonschema
      ;;
  esac
}

purpose_of() {
  case $1 in
    build) echo "compiler, build tools and the libraries that fairlead links" ;;
    run) echo "curl, for the requests to try" ;;
    redis) echo "a Redis for instances to share" ;;
    lint) echo "format and static checks" ;;
    checks) echo "sanitizers, fuzzer, the second compiler, counts of instructions and benches of units" ;;
    servers) echo "real servers and Python libraries for the scenario tests and the bench" ;;
  esac
}

# Installs what is missing of the named groups. A stamp remembers that a group's list was once complete.
require() {
  [[ ${FAIRLEAD_NO_SETUP:-} == 1 ]] && return
  local group packages
  local -a missing=()
  for group in "$@"; do
    read -r -d '' -a packages < <(packages_of "$group") || true
    if [[ ! -f $(stamp_of "$group") ]]; then
      need_debian "$group" "${packages[*]}"
      mapfile -t -O "${#missing[@]}" missing < <(missing_of "$group" "${packages[@]}")
    fi
  done
  [[ ${#missing[@]} -eq 0 ]] || install_packages "${missing[@]}"
  mkdir -p build
  for group in "$@"; do
    touch "$(stamp_of "$group")"
  done
}

stamp_of() {
  echo "build/.packages-$1-$(packages_of "$1" | cksum | cut -d ' ' -f 1)"
}

# Prints the packages of a group that aren't installed; says on stderr what will be installed and why.
missing_of() {
  local group=$1 package
  local -a missing=()
  shift
  for package in "$@"; do
    if [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
      missing+=("$package")
    fi
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  say "installing for '$group' ($(purpose_of "$group")): ${missing[*]}"
  printf '%s\n' "${missing[@]}"
}

need_debian() {
  local group=$1 packages=$2
  command -v apt-get >/dev/null && command -v dpkg-query >/dev/null && return
  die "this system has no apt. fairlead is built on Debian 12 (bookworm) or newer; install what these Debian packages" \
    "hold, then set FAIRLEAD_NO_SETUP=1. For '$group': $packages"
}

install_packages() {
  local -a as_root=()
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || die "not root and no sudo: as root, run apt-get install --no-install-recommends $*"
    as_root=(sudo)
  fi
  if [[ " $* " =~ \ (redis-server|prometheus|nginx|haproxy)\  ]]; then
    say "Debian may start redis, prometheus, nginx and haproxy as services; fairlead's tests use ports and folders of" \
      "their own and leave those alone"
  fi
  say "this takes a few minutes the first time; apt's own words are in build/apt.log"
  local -a apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
  mkdir -p build
  if ! "${apt[@]}" update >build/apt.log 2>&1 </dev/null; then
    say "apt-get update failed (offline?); trying with the package lists that are there"
  fi
  if ! "${apt[@]}" install --no-install-recommends "$@" >>build/apt.log 2>&1 </dev/null; then
    tail -n 15 build/apt.log >&2
    die "apt could not install the packages: is this machine offline, or older than Debian 12? All of it is in" \
      "build/apt.log. Wanted: $*"
  fi
}
