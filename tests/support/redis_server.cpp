#include "support/redis_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "base/check.hpp"

namespace fairlead::test {
namespace {

/// A loopback port that is free now.
std::uint16_t free_port() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  check(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), length) == 0, "a loopback port can be bound");
  check(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) == 0, "a socket has a name");
  ::close(descriptor);
  return ntohs(address.sin_port);
}

[[noreturn]] void become(const std::vector<std::string>& words) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(null, STDOUT_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : words) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

RedisConnection::Reply copy_of(const redisReply& reply) {
  RedisConnection::Reply copy;
  copy.is_error = reply.type == REDIS_REPLY_ERROR;
  copy.is_nil = reply.type == REDIS_REPLY_NIL;
  if (reply.type == REDIS_REPLY_INTEGER) {
    copy.text = std::to_string(reply.integer);
  } else if (reply.str != nullptr) {
    copy.text.assign(reply.str, static_cast<std::size_t>(reply.len));
  }
  for (std::size_t i = 0; i < reply.elements; ++i) {
    copy.items.push_back(copy_of(*reply.element[i]));
  }
  return copy;
}

}  // namespace

bool RedisServer::is_installed() {
  std::istringstream path(std::getenv("PATH") == nullptr ? "" : std::getenv("PATH"));
  for (std::string folder; std::getline(path, folder, ':');) {
    if (::access((folder + "/redis-server").c_str(), X_OK) == 0) {
      return true;
    }
  }
  return false;
}

RedisServer::RedisServer(std::vector<std::string> options) : port_(free_port()), options_(std::move(options)) {
  std::string pattern = (std::filesystem::temp_directory_path() / "fairlead-redis-XXXXXX").string();
  check(::mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
  folder_ = pattern;
  socket_path_ = folder_ + "/redis.sock";
}

RedisServer::~RedisServer() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

bool RedisServer::start() {
  std::vector<std::string> words{"redis-server",
                                 "--bind",
                                 "127.0.0.1",
                                 "--port",
                                 std::to_string(port_),
                                 "--unixsocket",
                                 socket_path_,
                                 "--dir",
                                 folder_,
                                 "--save",
                                 "",
                                 "--appendonly",
                                 "no"};
  words.insert(words.end(), options_.begin(), options_.end());
  process_ = ::fork();
  if (process_ == 0) {
    become(words);
  }
  for (int tries = 0; tries < 5000; ++tries) {
    if (answers()) {
      return true;
    }
    ::usleep(2000);
  }
  return false;
}

bool RedisServer::answers() const {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_path_.c_str(), sizeof address.sun_path - 1);
  const bool connected = ::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(descriptor);
  return connected;
}

void RedisServer::kill() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
    ::unlink(socket_path_.c_str());
  }
}

void RedisServer::pause() {
  ::kill(process_, SIGSTOP);
}

void RedisServer::resume() {
  ::kill(process_, SIGCONT);
}

RedisConnection::RedisConnection(const RedisServer& server) : context_(redisConnectUnix(server.socket_path().c_str())) {
  check(context_ != nullptr && static_cast<redisContext*>(context_)->err == 0, "the test's redis-server answers");
}

RedisConnection::~RedisConnection() {
  redisFree(static_cast<redisContext*>(context_));
}

RedisConnection::Reply RedisConnection::call(const std::vector<std::string>& command) {
  std::vector<const char*> words;
  std::vector<std::size_t> lengths;
  for (const std::string& word : command) {
    words.push_back(word.data());
    lengths.push_back(word.size());
  }
  auto* reply = static_cast<redisReply*>(redisCommandArgv(
      static_cast<redisContext*>(context_), static_cast<int>(words.size()), words.data(), lengths.data()));
  check(reply != nullptr, "the test's redis-server replies");
  Reply copy = copy_of(*reply);
  freeReplyObject(reply);
  return copy;
}

RedisConnection::Reply RedisConnection::operator()(const std::string& command) {
  std::istringstream words(command);
  std::vector<std::string> list;
  for (std::string word; words >> word;) {
    list.push_back(word);
  }
  return call(list);
}

}  // namespace fairlead::test
