#include "app/fleet_commands.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <vector>

#include "app/admin_client.hpp"
#include "app/fleet_text.hpp"
#include "app/secret_file.hpp"
#include "base/json_writer.hpp"
#include "base/nearest_name.hpp"

namespace fairlead::app {
namespace {

int fail(std::string_view sentence) {
  std::cerr << "fairlead: " << sentence << '\n';
  return 1;
}

std::optional<AdminClient> client_of(const AdminOptions& options) {
  std::string token;
  if (!options.token_file.empty()) {
    auto secret = read_secret(options.token_file);
    if (const auto* fault = std::get_if<SecretFault>(&secret)) {
      fail("--token-file " + fault->text);
      return std::nullopt;
    }
    token = std::get<std::string>(std::move(secret));
  }
  return AdminClient(options.address, std::move(token));
}

std::string no_such_pool(const std::string& name, const std::vector<std::string>& names) {
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  if (const std::optional<std::string_view> nearest = nearest_name(name, candidates)) {
    return "there is no pool named " + name + "; did you mean " + std::string(*nearest) + "?";
  }
  return "there is no pool named " + name + "; `fairlead status` shows those that there are";
}

/// What was asked for isn't there: the pool or the backend, or it isn't the admin listener that answers. `asked` may be
/// nullptr.
std::string why_missing(const AdminClient& client, const BackendOptions* asked) {
  const auto answer = client.ask("GET", "/api/v1/pools");
  const auto* reply = std::get_if<AdminReply>(&answer);
  const std::vector<std::string> names = reply == nullptr ? std::vector<std::string>() : pool_names(reply->body);
  if (names.empty()) {
    return "what listens on " + client.address() + " isn't fairlead's admin listener, perhaps the one for clients; " +
           "give its admin.address with --admin HOST:PORT";
  }
  if (asked == nullptr) {
    return {};
  }
  if (std::ranges::find(names, asked->pool) == names.end()) {
    return no_such_pool(asked->pool, names);
  }
  return "the pool " + asked->pool + " has no backend " + asked->url + "; `fairlead backend list --pool " +
         asked->pool + "` shows those that it has";
}

/// The answer's body, if it is a success; else nothing, and why is said.
std::optional<AdminReply> ask(const AdminClient& client, std::string_view method, std::string_view target,
                              std::string_view body = {}, const BackendOptions* asked = nullptr) {
  auto answer = client.ask(method, target, body);
  if (const auto* failure = std::get_if<std::string>(&answer)) {
    fail(*failure);
    return std::nullopt;
  }
  auto& reply = std::get<AdminReply>(answer);
  if (reply.status / 100 != 2) {
    const bool is_missing = reply.status == 404 || reply.status == 405;
    const std::string missing = is_missing ? why_missing(client, asked) : std::string();
    const std::string detail = missing.empty() ? problem_text(reply.body) : missing;
    fail(detail.empty() ? "the instance answered " + std::to_string(reply.status) : detail);
    return std::nullopt;
  }
  return std::move(reply);
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                          c == '.' || c == '_' || c == '~';
    if (is_plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append("%").append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
    }
  }
  return out;
}

std::string target_of(const BackendOptions& options) {
  return "/api/v1/pools/" + percent_encoded(options.pool) + "/backends";
}

int change(const BackendOptions& options, std::string_view state, std::string_view said) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("url", options.url).member("state", state);
  if (options.weight) {
    json.member("weight", std::int64_t{*options.weight});
  }
  json.end_object();
  const std::optional<AdminClient> client = client_of(options.admin);
  const std::optional<AdminReply> reply =
      client ? ask(*client, "POST", target_of(options), body, &options) : std::nullopt;
  if (!reply) {
    return 1;
  }
  std::cout << options.url << ' ' << (reply->status == 201 ? "was added" : said) << '\n';
  return 0;
}

/// Fleet and all pools; empty: why not is said.
std::string picture(const AdminClient& client) {
  const std::optional<AdminReply> fleet = ask(client, "GET", "/api/v1/fleet");
  const std::optional<AdminReply> pools = fleet ? ask(client, "GET", "/api/v1/pools") : std::nullopt;
  if (!pools) {
    return {};
  }
  std::string text = fleet_text(fleet->body);
  for (const std::string& name : pool_names(pools->body)) {
    const std::optional<AdminReply> backends =
        ask(client, "GET", "/api/v1/pools/" + percent_encoded(name) + "/backends");
    if (!backends) {
      return {};
    }
    text += backends_text(backends->body);
  }
  if (text.empty()) {
    fail(why_missing(client, nullptr));
  }
  return text;
}

}  // namespace

int backend_list(const BackendOptions& options) {
  const std::optional<AdminClient> client = client_of(options.admin);
  const std::optional<AdminReply> reply = client ? ask(*client, "GET", target_of(options), {}, &options) : std::nullopt;
  if (!reply) {
    return 1;
  }
  std::cout << backends_text(reply->body);
  return 0;
}

int backend_add(const BackendOptions& options) {
  return change(options, "up", "takes requests");
}

int backend_drain(const BackendOptions& options) {
  return change(options, "draining", "drains: no new requests go there");
}

int backend_remove(const BackendOptions& options) {
  const std::optional<AdminClient> client = client_of(options.admin);
  const std::string target = target_of(options) + "?url=" + percent_encoded(options.url);
  if (!client || !ask(*client, "DELETE", target, {}, &options)) {
    return 1;
  }
  std::cout << options.url << " was removed\n";
  return 0;
}

int status(const AdminOptions& options) {
  const std::optional<AdminClient> client = client_of(options);
  const std::string text = client ? picture(*client) : std::string();
  std::cout << text;
  return text.empty() ? 1 : 0;
}

int top(const AdminOptions& options) {
  using Clock = std::chrono::steady_clock;
  const std::optional<AdminClient> client = client_of(options);
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  double requests = -1;
  Clock::time_point asked;
  while (client) {
    const std::string text = picture(*client);
    const std::optional<AdminReply> metrics = text.empty() ? std::nullopt : ask(*client, "GET", "/metrics");
    if (!metrics) {
      return 1;
    }
    const double total = requests_in(metrics->body);
    const Clock::time_point now = Clock::now();
    const double rate = requests < 0 ? 0 : (total - requests) / std::chrono::duration<double>(now - asked).count();
    requests = total;
    asked = now;
    std::cout << (is_terminal ? "\x1b[H\x1b[2J" : "") << text << "\n  " << static_cast<std::int64_t>(rate)
              << " requests/s at this instance\n"
              << std::flush;
    ::poll(nullptr, 0, 1000);  // a second
  }
  return 1;
}

}  // namespace fairlead::app
