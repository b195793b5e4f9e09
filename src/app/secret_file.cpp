#include "app/secret_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace fairlead::app {

std::variant<std::string, SecretFault> read_secret(const std::string& path) {
  constexpr std::size_t least = 16;
  constexpr std::size_t most = 4096;
  std::ifstream file(path);
  if (!file) {
    return SecretFault{path + ": " + std::strerror(errno) + "; give a file that this user may read"};
  }
  std::string text(most + 2, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  text.resize(text.find_last_not_of(" \t\r\n") + 1);
  const bool is_visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
  if (text.size() < least || text.size() > most || !is_visible) {
    return SecretFault{path + ": not a token; it must be one line of 16 to 4096 visible ASCII characters, such as " +
                       "`openssl rand -hex 32` makes"};
  }
  return text;
}

bool others_may_read(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

}  // namespace fairlead::app
