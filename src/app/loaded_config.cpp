#include "app/loaded_config.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include "app/secret_file.hpp"
#include "control/config_notes.hpp"
#include "control/config_override.hpp"
#include "control/config_parser.hpp"
#include "fleet/state_url.hpp"
#include "io/tls_context.hpp"

namespace fairlead::app {
namespace {

constexpr std::size_t config_bytes_max = 1 << 20;

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return std::nullopt;
  }
  std::string text(config_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) {
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

/// Goes through the origins in their order; each step works on what the ones before left without fault.
class Loading {
 public:
  explicit Loading(const ConfigOrigin& origin) : origin_(origin) {}

  LoadedConfig load() && {
    read_origin();
    if (loaded_.faults.empty()) {
      tell(control::apply_overrides(loaded_.config, sources_, origin_.overrides));
    }
    if (loaded_.faults.empty()) {
      take_environment();
    }
    if (loaded_.faults.empty()) {
      read_admin_token();
      try_ca_file();
    }
    for (const control::Note& note : control::notes_of(loaded_.config)) {
      loaded_.notes.push_back(sources_.problem(note.key, note.text));
    }
    return std::move(loaded_);
  }

 private:
  void read_origin() {
    if (origin_.file.empty()) {
      loaded_.config = control::default_config();
      return;
    }
    errno = 0;
    const std::optional<std::string> text = read_file(origin_.file);
    if (!text) {
      loaded_.faults.push_back(origin_.file + ": can't be read (" + std::strerror(errno == 0 ? EIO : errno) +
                               "); give the path of a readable file");
      return;
    }
    control::ParsedConfig parsed = control::parse_config(*text, origin_.file);
    loaded_.config = std::move(parsed.config);
    sources_ = std::move(parsed.sources);
    tell(parsed.problems);
  }

  void take_environment() {
    if (origin_.environment_state.empty()) {
      return;
    }
    if (!origin_.file.empty()) {
      loaded_.notes.push_back({origin_.file,
                               {},
                               "FAIRLEAD_STATE isn't used with a configuration file; where the state "
                               "is say `state.url` in it and --set state.url=URL"});
      return;
    }
    if (sources_.has("state.url")) {
      return;  // --set wins
    }
    loaded_.config.state.url = origin_.environment_state;
    if (const Result<fleet::StateUrl> url = fleet::parse_state_url(origin_.environment_state); !url) {
      loaded_.faults.push_back("FAIRLEAD_STATE: the state's URL can't be used: " + std::string(url.error().detail));
    }
  }

  void read_admin_token() {
    const std::string& file = loaded_.config.admin_token_file;
    if (file.empty()) {
      return;
    }
    auto secret = read_secret(file);
    if (const auto* fault = std::get_if<SecretFault>(&secret)) {
      loaded_.faults.push_back(shown("admin.token_file", "`admin.token_file` " + fault->text));
      return;
    }
    loaded_.config.admin_token = std::get<std::string>(std::move(secret));
    if (others_may_read(file)) {
      loaded_.notes.push_back(
          sources_.problem("admin.token_file",
                           "`admin.token_file` " + file + " may be read by every user of this machine; chmod 600 it"));
    }
  }

  void try_ca_file() {
    const control::StateConfig& state = loaded_.config.state;
    if (state.ca_file.empty() || !state.url.starts_with("rediss://")) {
      return;
    }
    io::TlsClientOptions options;
    options.ca_file = state.ca_file;
    if (const Result<io::TlsContext> made = io::TlsContext::for_client(options); !made) {
      loaded_.faults.push_back(
          shown("state.ca_file", "`state.ca_file` " + state.ca_file + ": " + std::string(made.error().detail)));
    }
  }

  [[nodiscard]] std::string shown(std::string_view key, std::string text) const {
    return control::format_problem(sources_.problem(key, std::move(text)));
  }

  void tell(const std::vector<control::Problem>& problems) {
    for (const control::Problem& problem : problems) {
      loaded_.faults.push_back(control::format_problem(problem));
    }
  }

  const ConfigOrigin& origin_;
  control::KeySources sources_;
  LoadedConfig loaded_;
};

}  // namespace

LoadedConfig load_config(const ConfigOrigin& origin) {
  return Loading(origin).load();
}

}  // namespace fairlead::app
