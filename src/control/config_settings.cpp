#include "control/config_settings.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "base/units.hpp"

namespace fairlead::control {
namespace {

constexpr std::uint64_t kibi = 1ULL << 10;
constexpr std::uint64_t mebi = 1ULL << 20;
constexpr std::uint64_t body_max = 1ULL << 40;  // beyond it, 0 says what is meant
constexpr std::uint64_t second = 1'000;
constexpr std::uint64_t minute = 60 * second;
constexpr std::uint64_t hour = 60 * minute;

struct Words {
  std::string_view what;
  std::string_view why;
};

struct Range {
  std::uint64_t least;
  std::uint64_t most;
};

Setting group(std::string_view path, std::string_view what, bool may_be_empty = true) {
  return {path, GroupValue{may_be_empty}, false, {}, what, {}};
}

Setting text(std::string_view path, const TextRule& rule, std::string& target, Words words) {
  return {path,       TextValue{&rule, [&target](const std::string& value) { target = value; }},
          false,      target,
          words.what, words.why};
}

template <class Number>
Setting number(std::string_view path, NumberUnit unit, Range range, Number& target, Words words) {
  NumberValue value{
      unit, range.least, range.most, {}, [&target](std::uint64_t read) { target = static_cast<Number>(read); }};
  std::string default_text = number_text(value, target);
  return {path, std::move(value), false, std::move(default_text), words.what, words.why};
}

Setting duration(std::string_view path, Range range, Milliseconds& target, Words words) {
  const auto store = [&target](std::uint64_t read) { target = Milliseconds(static_cast<std::int64_t>(read)); };
  return {path,       NumberValue{NumberUnit::duration, range.least, range.most, {}, store},
          false,      format_duration(target),
          words.what, words.why};
}

template <class Enum>
Setting choice(std::string_view path, std::span<const std::string_view> names, Enum& target, Words words) {
  const auto store = [&target](std::size_t index) { target = static_cast<Enum>(index); };
  return {path,     ChoiceValue{names, store}, false, std::string(names[static_cast<std::size_t>(target)]), words.what,
          words.why};
}

template <class Item>
Setting group_list(std::string_view path, GroupListValue shape, std::vector<Item>& items,
                   std::vector<Setting> (*settings)(Item&), Words words, const Item& blank = {}) {
  shape.clear = [&items] { items.clear(); };
  shape.append = [&items, settings, blank] { return settings(items.emplace_back(blank)); };
  return {path, std::move(shape), false, {}, words.what, words.why};
}

// In the order of the enums of config.hpp.
constexpr std::array<std::string_view, 3> engine_names{"auto", "epoll", "io_uring"};
constexpr std::array<std::string_view, 2> coordination_names{"leased", "exact"};
constexpr std::array<std::string_view, 2> response_names{"verbatim", "annotated"};

std::vector<Setting> settings_of_listener(ListenerConfig& listener) {
  Setting address = text("address", listen_address_rule(), listener.address,
                         {"Where clients connect. IPv6 is written in brackets; port 0 takes any free port.",
                          "An address rather than a port alone, so that nothing listens wider than was meant."});
  address.required = true;
  return {address};
}

std::vector<Setting> settings_of_backend(BackendConfig& backend) {
  Setting url = text("url", backend_url_rule(), backend.url,
                     {"Where the backend listens: `http://HOST[:PORT]`, without a path.",
                      "The text is the backend's identity in the shared state, so it is kept as it is written here."});
  url.required = true;
  return {
      url,
      number("weight", NumberUnit::count, {1, 1'000}, backend.weight,
             {"Its share of the requests, relative to the other backends of the pool.",
              "Machines differ in size. It goes into the shared state when it is new or changed in the file, and can "
              "be set there too (`fairlead backend add URL --weight N`)."})};
}

void append_process(std::vector<Setting>& settings, Config& config) {
  settings.push_back(group_list("listen", {1, 64, "listener", "address", {}, {}}, config.listen, settings_of_listener,
                                {"The addresses that serve clients.",
                                 "Several let one instance serve inner and outer networks, or IPv4 and IPv6."}));
  settings.push_back(group("admin", "The listener for operators: metrics, health and the API."));
  settings.push_back(text("admin.address", listen_address_rule(), config.admin_address,
                          {"Where `/metrics`, `/healthz`, `/readyz` and `/api/v1` are served.",
                           "Loopback by default: what it tells is for operators, and it asks nobody who they are."}));
  settings.push_back(
      text("admin.token_file", file_rule(), config.admin_token_file,
           {"A file with the token (16 to 4096 characters) that changes through the API need when they come from "
            "another host, as `Authorization: Bearer TOKEN`. Without it: only this machine may change anything. "
            "Behind a proxy on this machine set it: not every proxy tells that it speaks for somebody else.",
            "A file, so that the secret is neither in the configuration nor in the process list. It is read again "
            "on a reload."}));
  Setting workers = number("workers", NumberUnit::count, {1, 1'024}, config.workers,
                           {"Event loops, each on its own thread. `auto` is one a core.",
                            "Workers share nothing on the request path, so more than cores gain nothing."});
  std::get<NumberValue>(workers.value).zero_word = "auto";
  workers.default_text = "auto";
  settings.push_back(std::move(workers));
  settings.push_back(choice(
      "engine", engine_names, config.engine,
      {"How the workers ask the kernel for input and output. `auto`: io_uring where it is allowed (Linux 6.1 or "
       "later), "
       "else epoll, and the log says why. `io_uring`: that or no start.",
       "io_uring takes less CPU a request, and many containers refuse it, so `auto` is what a file should say. The "
       "log and `fairlead_build_info` show what serves."}));
}

void append_state(std::vector<Setting>& settings, StateConfig& state) {
  settings.push_back(group("state", "What the instances of a fleet share, and where."));
  settings.push_back(text(
      "state.url", state_url_rule(), state.url,
      {"`memory://` (this process alone), `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`, `rediss://...` (the same with "
       "TLS), `redis+unix://[USER:PASSWORD@]/PATH[?db=N]` or "
       "`redis+sentinel://[USER:PASSWORD@]HOST[:PORT],.../NAME[/DB]` "
       "(the master of that name, as up to 16 sentinels know it). User and password are percent-encoded.",
       "With `memory://` it runs at once; a Redis makes several instances act as one."}));
  settings.push_back(choice("state.coordination", coordination_names, state.coordination,
                            {"`leased`: no request waits for Redis. `exact`: one atomic round trip a request.",
                             "Exact order over the whole fleet costs every request a round trip; few need it."}));
  Setting interval = duration("state.sync_interval", {1, 1'000}, state.sync_interval,
                              {"How often an instance under load tells Redis what it has in flight and hears what the "
                               "others have; with `exact`, how often strategies that Redis doesn't choose by hear it. "
                               "`auto` is an eighth of what a request takes, 1ms to 25ms, and 25ms where that gains "
                               "little: requests of less than 2ms, or more of an instance's own than backends.",
                               "Counts are worth less the older they are, and each exchange costs Redis 30 to 50 us."});
  std::get<NumberValue>(interval.value).zero_word = "auto";
  interval.default_text = "auto";
  settings.push_back(std::move(interval));
  settings.push_back(
      text("state.key_prefix", key_prefix_rule(), state.key_prefix,
           {"Put before each key in Redis.",
            "Lets fleets share one Redis. On a Redis Cluster it must hold a hash tag, such as `\"{lb}:\"`, "
            "which puts all keys on one slot."}));
  settings.push_back(text("state.ca_file", file_rule(), state.ca_file,
                          {"PEM file of the authorities whose certificate a `rediss://` server may show. Without it: "
                           "those that the system trusts.",
                           "The server's name is always checked too; a Redis of one's own often has an authority of "
                           "its own."}));
}

void append_limits(std::vector<Setting>& settings, LimitsConfig& limits) {
  const auto add = [&settings](std::string_view path, NumberUnit unit, Range range, auto& target, Words words) {
    settings.push_back(number(path, unit, range, target, words));
  };
  settings.push_back(group("limits", "What one client may ask of an instance."));
  add("limits.head", NumberUnit::bytes, {kibi, mebi}, limits.head,
      {"Request line and header fields together; more is answered 431.",
       "A head is held in memory until it is complete."});
  add("limits.line", NumberUnit::bytes, {256, mebi}, limits.line,
      {"One header field's line; more is answered 431. At most `limits.head`.",
       "Large cookies fit; a single endless line doesn't."});
  add("limits.fields", NumberUnit::count, {1, 10'000}, limits.fields,
      {"Header fields of a request; more are answered 431.", "Each field costs work, however short it is."});
  add("limits.target", NumberUnit::bytes, {64, mebi}, limits.target,
      {"Path and query of a request; more is answered 414. At most `limits.head`.",
       "What most servers take; backends with a smaller limit answer for themselves."});
  add("limits.body", NumberUnit::bytes, {0, body_max}, limits.body,
      {"A request's body; more is answered 413. `0` is no limit. A route may set its own.",
       "Bodies are streamed, never held, so this protects the backends rather than fairlead."});
  add("limits.connections", NumberUnit::count, {1, 1'000'000}, limits.connections,
      {"Client connections at once. Each worker takes an equal share, rounded up; the kernel deals connections out to "
       "workers, and one that comes to a worker whose share is taken waits in the kernel's queue, also while another "
       "has "
       "room. So a small number is best used with `workers: 1`.",
       "Each needs file descriptors, one more for its backend: where the process may not have as many, as many "
       "connections as fit are served, shares rounded down, and the log says how many. Connections to backends that "
       "lie idle in other workers may hold what a request lacks then; it is answered 503."});
}

void append_timeouts(std::vector<Setting>& settings, TimeoutsConfig& timeouts) {
  const auto add = [&settings](std::string_view path, Range range, Milliseconds& target, Words words) {
    settings.push_back(duration(path, range, target, words));
  };
  settings.push_back(group("timeouts", "How long is waited, and for what."));
  add("timeouts.header", {10, hour}, timeouts.header,
      {"For the whole head of a request, from its first byte; then 408.",
       "In all, not between bytes: a client that sends a byte now and then holds nothing for long."});
  add("timeouts.body_idle", {10, hour}, timeouts.body_idle,
      {"Between two reads of a request's body; then 408.", "Slow uploads are fine, stalled ones aren't."});
  add("timeouts.keep_alive", {10, hour}, timeouts.keep_alive,
      {"For a client connection's next request; then it is closed.",
       "Longer than the 60 s of common load balancers in front, so that those close first."});
  add("timeouts.connect", {10, minute}, timeouts.connect,
      {"To connect to a backend, each try.", "A backend that takes longer is as good as away; another one is tried."});
  add("timeouts.first_byte", {10, 24 * hour}, timeouts.first_byte,
      {"For the first byte of the answer, after the request went out; then 504. No try at another backend begins later "
       "than this after the request did. A route may set its own.",
       "Covers the backend's own work."});
  add("timeouts.idle", {10, 24 * hour}, timeouts.idle,
      {"Between two bytes of the answer; then the connection is broken off. A route may set its own.",
       "Long downloads and event streams are fine as long as something comes."});
  add("timeouts.drain", {0, hour}, timeouts.drain,
      {"For the requests in flight on shutdown; what is left then is broken off. `0s` doesn't wait.",
       "Equal to the grace period of common orchestrators."});
}

void append_lists(std::vector<Setting>& settings, Config& config) {
  TextListValue proxies{&address_range_rule(), 0, 1'000,
                        [&config](std::vector<std::string> values) { config.trusted_proxies = std::move(values); }};
  settings.push_back(
      {"trusted_proxies", std::move(proxies), false, "[]",
       "Addresses whose `X-Forwarded-*` and `Forwarded` are believed and passed on. From others they are dropped; "
       "`X-Forwarded-For`, `-Proto` and `-Host` are then written anew.",
       "Anyone can send these headers: believed from everyone, they prove nothing."});
  settings.push_back(
      group_list("pools", {1, 1'000, "pool", {}, {}, {}}, config.pools, &settings_of,
                 {"Groups of backends that do the same work. Without it: one pool `default` with what the state holds.",
                  "The pool `default` owns the plain keys in Redis (`backend_servers`, ...); pool P's are "
                  "`P:backend_servers`, ..."},
                 // A pool without a name is a fault of its own and no second `default`.
                 PoolConfig{.name = {}, .backends = {}}));
  settings.push_back(group_list("routes", {1, 1'000, "route", {}, {}, {}}, config.routes, &settings_of,
                                {"Which request goes to which pool; the first match serves. Without it: `POST /proxy`.",
                                 "An order that is written down can be read; no rule of precedence has to be known."}));
}

void append_route_place(std::vector<Setting>& settings, RouteConfig& route) {
  const auto place = [&route](bool is_prefix) {
    return [&route, is_prefix](const std::string& value) {
      route.path = value;
      route.is_prefix = is_prefix;
    };
  };
  settings.push_back({"path",
                      TextValue{&path_rule(), place(false)},
                      false,
                      {},
                      "The exact path that it serves. Either this or `prefix`.",
                      "Exact unless said otherwise: a route never serves more than it shows."});
  settings.push_back(
      {"prefix",
       TextValue{&path_rule(), place(true)},
       false,
       {},
       "The start of the paths that it serves, byte by byte and as they came: `/api` takes `/apix` too, and "
       "`/a/../b` begins with `/a`. `/` is all.",
       "For whole sites and APIs."});
  TextListValue methods{&method_rule(), 1, 32,
                        [&route](std::vector<std::string> values) { route.methods = std::move(values); }};
  settings.push_back({"methods",
                      std::move(methods),
                      false,
                      {},
                      "Methods that it takes; others are answered 405. Without it: all.",
                      "What a backend doesn't expect needn't reach it."});
  settings.push_back(text("pool", pool_name_rule(), route.pool, {"The pool that serves it.", ""}));
}

void append_affinity(std::vector<Setting>& settings, PoolConfig& pool) {
  settings.push_back(group("hash_key",
                           "What `consistent_hash` keeps on one backend: one of the keys below. Without it: the "
                           "client's address, as `trusted_proxies` let it be known.",
                           false));
  settings.push_back(text("hash_key.header", key_header_rule(), pool.hash_key.header,
                          {"The value of this header, of a repeated one the first. A request without it goes anywhere.",
                           "For keys that an application or a gateway in front sets."}));
  settings.push_back(text("hash_key.cookie", key_cookie_rule(), pool.hash_key.cookie,
                          {"The value of this cookie. A request without it goes anywhere.",
                           "Sessions; the backends set the cookie, fairlead only reads it."}));
  settings.push_back(
      text("hash_key.query_parameter", key_parameter_rule(), pool.hash_key.query_parameter,
           {"The value of this query parameter as it stands, not decoded. A request without it goes anywhere.",
            "Caches and files that are named in the query."}));
  Setting load_max =
      number("hash_load_max", NumberUnit::factor, {101, 10'000}, pool.hash_load_max,
             {"With `consistent_hash`: a backend that has more requests in flight than so many times its share of them "
              "all, rounded up, is passed over for the next. `none`: a key stays, however busy its backend is.",
              "Some keys are wanted by everyone, and clients may choose theirs: none fills a backend while others "
              "have room."});
  std::get<NumberValue>(load_max.value).zero_word = "none";
  settings.push_back(std::move(load_max));
}

/// A limit that follows the general one until it is set.
Setting own_number(std::string_view path, NumberUnit unit, Range range, std::function<void(std::uint64_t)> store,
                   Words words) {
  return {path, NumberValue{unit, range.least, range.most, {}, std::move(store)}, false, {}, words.what, words.why};
}

void append_route_limits(std::vector<Setting>& settings, RouteConfig& route) {
  const auto milliseconds = [](std::optional<Milliseconds>& target) {
    return [&target](std::uint64_t read) { target = Milliseconds(static_cast<std::int64_t>(read)); };
  };
  settings.push_back(own_number("body", NumberUnit::bytes, {0, body_max},
                                [&route](std::uint64_t read) { route.body = read; },
                                {"This route's `limits.body`.", "Uploads need more than forms."}));
  settings.push_back(own_number("first_byte", NumberUnit::duration, {10, 24 * hour}, milliseconds(route.first_byte),
                                {"This route's `timeouts.first_byte`.", "Reports take longer than pages."}));
  settings.push_back(
      own_number("idle", NumberUnit::duration, {10, 24 * hour}, milliseconds(route.idle),
                 {"This route's `timeouts.idle`.", "Event streams are quiet for longer than downloads."}));
}

}  // namespace

std::vector<Setting> settings_of(Config& config) {
  std::vector<Setting> settings;
  append_process(settings, config);
  append_state(settings, config.state);
  append_limits(settings, config.limits);
  append_timeouts(settings, config.timeouts);
  append_lists(settings, config);
  return settings;
}

std::vector<Setting> settings_of(PoolConfig& pool) {
  Setting name = text("name", pool_name_rule(), pool.name,
                      {"What routes call it; also part of its keys in Redis and a label of metrics.", ""});
  name.required = true;
  name.default_text.clear();
  std::vector<Setting> settings{name};
  settings.push_back(
      choice("strategy", balance::strategy_names(), pool.strategy,
             {"How a backend is chosen.", "Round robin is right for equal requests, least_conn for unequal ones."}));
  append_affinity(settings, pool);
  settings.push_back(group_list("backends", {0, 10'000, "backend", "url", {}, {}}, pool.backends, settings_of_backend,
                                {"Registered at start, added to what the state already holds; on reload those that are "
                                 "new in the file or weigh otherwise there.",
                                 "Backends may come and go in the state. One that was taken out of the list stays out "
                                 "over reloads, until it changes in the file or fairlead starts again; one that leaves "
                                 "the file stays in Redis until it is taken out of the list."}));
  return settings;
}

std::vector<Setting> settings_of(RouteConfig& route) {
  std::vector<Setting> settings;
  append_route_place(settings, route);
  const auto store_strategy = [&route](std::size_t index) { route.strategy = static_cast<balance::StrategyId>(index); };
  settings.push_back({"strategy",
                      ChoiceValue{balance::strategy_names(), store_strategy},
                      false,
                      {},
                      "How a backend is chosen for this route. Without it: as the pool says.",
                      "One pool may serve short and long requests."});
  settings.push_back(
      text("rewrite_path", path_rule(), route.rewrite_path,
           {"The whole path that the backend sees. Without it: the request's own.", "The query stays as it is."}));
  settings.push_back(
      text("strategy_parameter", parameter_rule(), route.strategy_parameter,
           {"The query parameter by which a request may choose the strategy; it doesn't reach the backend. "
            "Without it: none.",
            "Only where it is asked for: otherwise clients would steer the load."}));
  settings.push_back(choice("response", response_names, route.annotated,
                            {"`annotated` puts `Response from: URL` and an empty line before the backend's body; "
                             "`verbatim` passes the answer through.",
                             "Annotated answers show the balancing; only a demonstration wants them."}));
  append_route_limits(settings, route);
  return settings;
}

const Setting* find_setting(std::span<const Setting> settings, std::string_view path) {
  const auto found =
      std::find_if(settings.begin(), settings.end(), [path](const Setting& setting) { return setting.path == path; });
  return found == settings.end() ? nullptr : &*found;
}

std::string number_text(const NumberValue& number, std::uint64_t value) {
  switch (number.unit) {
    case NumberUnit::count: return std::to_string(value);
    case NumberUnit::bytes: return format_size(value);
    case NumberUnit::duration: return format_duration(Milliseconds(static_cast<std::int64_t>(value)));
    case NumberUnit::factor: return format_hundredths(value);
  }
  return {};
}

}  // namespace fairlead::control
