# `./dev run`: demo backends, fairlead and, with --redis, a Redis, all children of this shell. Sourced by ./dev.

demo_processes=()
demo_folder=

command_run() {
  local with_redis=no
  case "${1:-}" in
    --redis) with_redis=yes ;;
    "") ;;
    *) die "run takes --redis or nothing" ;;
  esac
  [[ $# -le 1 ]] || die "run takes --redis or nothing, not '${*:2}' behind it"
  local port=${FAIRLEAD_PORT:-5000} admin_port=${FAIRLEAD_ADMIN_PORT:-8000} again="./dev run${1:+ $1}"
  need_port_number "$port" FAIRLEAD_PORT
  need_port_number "$admin_port" FAIRLEAD_ADMIN_PORT
  [[ $port != "$admin_port" ]] ||
    die "the listener and the admin API are both to have port $port; give FAIRLEAD_PORT or FAIRLEAD_ADMIN_PORT another"
  require build run
  if [[ $with_redis == yes ]]; then require redis; fi
  [[ $admin_port == 8000 ]] || again="FAIRLEAD_ADMIN_PORT=$admin_port $again"
  need_free_port "$port" FAIRLEAD_PORT "the listener"
  [[ $port == 5000 ]] || again="FAIRLEAD_PORT=$port ${again#FAIRLEAD_ADMIN_PORT=* }"
  need_free_port "$admin_port" FAIRLEAD_ADMIN_PORT "metrics and the admin API"
  say "building build/release/fairlead (minutes the first time, seconds later)"
  build release fairlead

  demo_folder=build/run
  [[ $port == 5000 ]] || demo_folder=build/run/$port
  mkdir -p "$demo_folder"
  rm -f "$demo_folder"/*.log
  trap demo_stop EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP

  local -a backends=()
  demo_backends
  local state=memory:// redis_port=
  if [[ $with_redis == yes ]]; then
    redis_port=$(free_port 6379)
    demo_redis "$redis_port"
    state=redis://127.0.0.1:$redis_port
  fi
  demo_configuration "$port" "$admin_port" "$state" >"$demo_folder/fairlead.yaml"
  demo_start fairlead build/release/fairlead run --config "$demo_folder/fairlead.yaml"
  demo_wait_ready "$admin_port"
  demo_explain "$port" "$admin_port" "$redis_port"
  wait -n "${demo_processes[@]}" || true
  die "one of the processes ended by itself; the last lines of each log: $(tail -n 3 "$demo_folder"/*.log)"
}

# Nobody listens on the port, on any address of this machine that a client would try.
port_is_free() {
  ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

need_port_number() {
  [[ $1 =~ ^[1-9][0-9]{0,4}$ && $1 -le 65535 ]] && return
  die "$2 is '$1'; a port is a number from 1 to 65535, without zeros before it"
}

need_free_port() {
  port_is_free "$1" && return
  die "port $1 ($3) is taken by another program; choose another: $2=$(free_port "$(($1 + 1))") $again"
}

# The first free port from $1 on.
free_port() {
  local port=$1
  until port_is_free "$port"; do
    port=$((port + 1))
  done
  echo "$port"
}

# Starts a child whose output goes to NAME.log. In a session of its own, so that Ctrl-C reaches this shell alone and
# demo_stop decides the order.
demo_start() {
  local name=$1
  shift
  setsid "$@" >"$demo_folder/$name.log" 2>&1 </dev/null &
  demo_processes+=($!)
}

demo_backends() {
  local port=6001 taken=
  while [[ ${#backends[@]} -lt 3 ]]; do
    if port_is_free "$port"; then
      demo_start "backend-$port" build/release/fairlead demo-backend --port "$port"
      backends+=("http://localhost:$port")
    else
      taken+=" $port"
    fi
    port=$((port + 1))
  done
  [[ -z $taken ]] || say "taken, so not used for demo backends:$taken"
}

demo_redis() {
  demo_start redis redis-server --port "$1" --bind 127.0.0.1 --save '' --appendonly no --dir "$demo_folder"
  local -i tries=0
  until [[ $(redis-cli -p "$1" ping 2>/dev/null) == PONG ]]; do
    [[ $((tries += 1)) -lt 100 ]] || die "redis-server doesn't answer on port $1: $(tail -n 3 "$demo_folder/redis.log")"
    sleep 0.1
  done
}

demo_configuration() {
  cat <<YAML
# Written by ./dev run; yours to look at.
listen:
  - address: 0.0.0.0:$1
admin:
  address: 127.0.0.1:$2
state:
  url: $3
pools:
  - name: default
    strategy: round_robin
    backends:
$(printf '      - url: %s\n' "${backends[@]}")
routes:
  - path: /proxy
    methods: [POST]
    pool: default
    rewrite_path: /process
    strategy_parameter: strategy
    response: annotated
YAML
}

demo_wait_ready() {
  local -i tries=0
  until curl -fs -o /dev/null --max-time 1 "http://127.0.0.1:$1/readyz"; do
    if [[ $((tries += 1)) -ge 100 ]] || ! kill -0 "${demo_processes[-1]}" 2>/dev/null; then
      die "fairlead did not become ready: $(tail -n 5 "$demo_folder/fairlead.log")"
    fi
    sleep 0.1
  done
}

demo_explain() {
  local url=http://localhost:$1
  cat <<TEXT

fairlead balances over ${backends[*]}. Try in another terminal:

  curl -X POST -d 'hello' '$url/proxy?strategy=round_robin'
  curl -X POST -d 'hello' '$url/proxy?strategy=least_conn'
  for i in 1 2 3 4 5 6; do curl -s -X POST -d 'hello' '$url/proxy' | head -n 1; done

TEXT
  if [[ -n $3 ]]; then
    cat <<TEXT
  build/release/fairlead demo-backend --port 6009 &
  redis-cli -p $3 LPUSH backend_servers http://localhost:6009     # the new backend serves within a second
  redis-cli -p $3 LRANGE backend_servers 0 -1
  redis-cli -p $3 GET conn_count:http://localhost:6009            # requests in flight: 0 at rest
  redis-cli -p $3 LREM backend_servers 0 http://localhost:6009    # and out again

TEXT
  fi
  cat <<TEXT
  build/release/fairlead status --admin 127.0.0.1:$2               # the fleet; also: top, backend list

  Metrics:        http://localhost:$2/metrics
  Configuration:  $demo_folder/fairlead.yaml
  Logs:           $demo_folder/*.log

Ctrl-C stops all of it.
TEXT
}

# fairlead first, so that it drains while its backends still answer.
demo_stop() {
  trap '' INT TERM HUP
  local -i index
  for ((index = ${#demo_processes[@]} - 1; index >= 0; --index)); do
    kill "${demo_processes[index]}" 2>/dev/null || true
    wait "${demo_processes[index]}" 2>/dev/null || true
  done
}
