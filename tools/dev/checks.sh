# `./dev test`, `lint`, `format` and `fuzz`. Sourced by ./dev.
# `test` runs every section whatever fails before it; each leaves its counts in build/results for tools/dev/report.py.

python=/usr/bin/python3
results=$PWD/build/results
test_sections=(release unit budget scenario lint asan tsan gcc fuzz)

command_test() {
  local -a sections=("$@")
  [[ $# -gt 0 ]] || sections=("${test_sections[@]}")
  local section start=$SECONDS
  for section in "${sections[@]}"; do
    [[ " ${test_sections[*]} " == *" $section "* ]] || die "no section '$section'; there are: ${test_sections[*]}"
  done
  require build lint checks servers
  rm -rf "$results"
  mkdir -p "$results"
  for section in "${sections[@]}"; do
    run_section "$section"
  done
  printf '\n== all sections: %s s\n' "$((SECONDS - start))"
  "$python" tools/dev/report.py "$results"
}

# Runs section_NAME in a shell of its own, so that its failure ends it and nothing else.
run_section() {
  local name=$1 start=$SECONDS status=0
  printf '\n== %s\n' "$name"
  set +e
  (
    set -e
    "section_$name"
  ) </dev/null
  status=$?
  set -e
  echo "$status" >"$results/$name.status"
  printf '== %s: %s after %s s\n' "$name" "$([[ $status -eq 0 ]] && echo ok || echo FAILED)" "$((SECONDS - start))"
}

section_release() { build release; }
section_unit() { unit_tests release; }
section_budget() { build release proxy_test && "$python" tools/dev/budget.py; }
# On io_uring where it is allowed; what depends on the engine most, on epoll as well. Scenarios mostly wait, so twice as
# many as there are cores go on at once.
section_scenario() {
  build release fairlead
  local -a pytest=(env FAIRLEAD_BINARY="$PWD/build/release/fairlead" timeout 1200 "$python" -m pytest -q
    -n $((2 * $(nproc))))
  local failed=0
  "${pytest[@]}" --junitxml="$results/scenario.xml" tests/scenario || failed=1
  FAIRLEAD_ENGINE=epoll "${pytest[@]}" --junitxml="$results/scenario.epoll.xml" \
    tests/scenario/test_http_connections.py tests/scenario/test_upstream_pool.py || failed=1
  return "$failed"
}
section_lint() { command_lint; }
section_asan() { ASAN_OPTIONS=detect_stack_use_after_return=1 unit_tests asan; }
section_tsan() { unit_tests tsan; }
section_gcc() { unit_tests gcc; }
section_fuzz() { command_fuzz 60; }

# Builds a preset and runs its test programs, as many at once as there are cores; all of them even if one fails.
unit_tests() {
  local preset=$1 program
  build "$preset"
  rm -f "$results/$preset.failed"
  for program in build/"$preset"/*_test; do
    [[ $(jobs -rp | wc -l) -lt $(nproc) ]] || wait -n || true
    unit_test "$preset" "$(basename "$program")" &
  done
  wait
  [[ ! -f $results/$preset.failed ]]
}

# One program; what it says is printed at its end, so that two don't talk at once.
unit_test() {
  local preset=$1 name=$2 start=$SECONDS status=0 said=$results/$1.$2.log
  (cd "build/$preset" && timeout 600 "./$name" --gtest_brief=1 --gtest_output="xml:$results/$preset.$name.xml") \
    >"$said" 2>&1 || status=1
  if [[ $status -ne 0 ]]; then
    touch "$results/$preset.failed"
    # A program that crashed wrote no counts.
    [[ -f $results/$preset.$name.xml ]] || echo 1 >"$results/$preset.$name.status"
  fi
  printf -- '-- %s %s: %s (%s s)\n%s\n' "$preset" "$name" "$([[ $status -eq 0 ]] && echo ok || echo FAILED)" \
    "$((SECONDS - start))" "$(cat "$said")"
}

sources() {
  local -a folders=(src)
  local folder
  for folder in tests bench fuzz; do
    [[ ! -d $folder ]] || folders+=("$folder")
  done
  find "${folders[@]}" -name '*.[ch]pp' | sort
}

command_lint() {
  require build lint
  local failed=0
  configure release
  lint_step "bad inputs are found" "$python" -m unittest -q tools/tidy_test.py tools/dev/*_test.py || failed=1
  lint_step "house rules (tools/tidy)" "$python" tools/tidy || failed=1
  lint_step "format (clang-format-19; ./dev format writes it)" check_format || failed=1
  lint_step "clang-tidy-19" "$python" tools/dev/clang_tidy.py || failed=1
  return "$failed"
}

lint_step() {
  local title=$1 start=$SECONDS
  shift
  if "$@"; then
    echo "-- $title: ok ($((SECONDS - start)) s)"
  else
    echo "-- $title: FAILED ($((SECONDS - start)) s)"
    return 1
  fi
}

check_format() {
  local -a wrong
  mapfile -t wrong < <(sources | xargs -r clang-format-19 --dry-run 2>&1 | sed -n 's/:[0-9].*warning:.*//p' | sort -u)
  [[ ${#wrong[@]} -eq 0 ]] || {
    printf '%s: not in the format\n' "${wrong[@]}"
    return 1
  }
}

command_format() {
  require lint
  sources | xargs -r clang-format-19 -i
}

# The parser of what strangers send has the whole time and a core; the other targets share the same time on another.
# Seeds are in fuzz/corpus/TARGET; what is found grows under build/.
command_fuzz() {
  local seconds=${1:-60} source target failed=0
  [[ $# -le 1 && $seconds =~ ^[1-9][0-9]{0,5}$ ]] || die "fuzz takes a number of seconds, 1 to 999999, not '$*'"
  local -a targets=() others=()
  while read -r source; do
    target=$(basename "$source" .cpp)
    targets+=("$target")
    [[ $target == "$fuzz_first" ]] || others+=("$target")
  done < <(find src -name '*_fuzz.cpp' | sort)
  build asan "${targets[@]}"
  mkdir -p build/fuzz/findings
  trap fuzz_stop EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  local share=$((seconds / ${#others[@]}))
  [[ $share -ge 1 ]] || share=1
  fuzz_start "$fuzz_first" "$seconds"
  for target in "${others[@]}"; do
    fuzz_start "$target" "$share"
    fuzz_end "$target" "$share" || failed=1
  done
  fuzz_end "$fuzz_first" "$seconds" || failed=1
  return "$failed"
}

fuzz_first=head_parser_fuzz
declare -A fuzz_processes=()  # of the targets that run

fuzz_start() {
  local target=$1 seconds=$2
  local -a corpora=("build/fuzz/corpus/$target")
  mkdir -p "${corpora[0]}"
  [[ ! -d fuzz/corpus/$target ]] || corpora+=("fuzz/corpus/$target")
  "build/asan/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/findings/$target-" "${corpora[@]}" 2>"build/fuzz/$target.log" &
  fuzz_processes[$target]=$!
}

fuzz_end() {
  local target=$1 seconds=$2 status=0
  wait "${fuzz_processes[$target]}" || status=1
  unset "fuzz_processes[$target]"
  [[ $status -eq 0 ]] || tail -n 40 "build/fuzz/$target.log"
  echo "-- fuzz $target, $seconds s: $(sed -n 's/.*number_of_executed_units: //p' "build/fuzz/$target.log") runs," \
    "$([[ $status -eq 0 ]] && echo ok || echo FAILED)"
  return "$status"
}

# However the script ends, nothing goes on without it.
fuzz_stop() {
  trap '' INT TERM HUP
  local target
  for target in "${!fuzz_processes[@]}"; do
    kill "${fuzz_processes[$target]}" 2>/dev/null || true
  done
}
