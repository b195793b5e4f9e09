#include "io/resolver.hpp"

#include <netdb.h>

#include <algorithm>
#include <utility>

namespace fairlead::io {

Addresses ResolverThread::look_up_by_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  // Not AI_ADDRCONFIG: it hides ::1 on a machine whose only IPv6 address that is.
  addrinfo* found = nullptr;
  Addresses addresses;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  for (const addrinfo* each = failed == 0 ? found : nullptr; each != nullptr; each = each->ai_next) {
    addresses.emplace_back(each->ai_addr, each->ai_addrlen);
  }
  if (failed == 0) {
    ::freeaddrinfo(found);
  }
  return addresses;
}

ResolverThread::ResolverThread(LookUp look_up) {
  std::thread([queue = queue_, look_up = std::move(look_up)] { run(queue, look_up); }).detach();
}

ResolverThread::~ResolverThread() {
  {
    const std::lock_guard lock(queue_->mutex);
    queue_->stopping = true;
  }
  queue_->asked.notify_one();
}

bool ResolverThread::ask(std::string host, std::function<void(Addresses)> answer, const void* asker) {
  {
    const std::lock_guard lock(queue_->mutex);
    if (queue_->questions.size() >= queue_max) {
      return false;
    }
    queue_->questions.push_back(Question{std::move(host), std::move(answer), asker});
  }
  queue_->asked.notify_one();
  return true;
}

void ResolverThread::withdraw(const void* asker) {
  const std::lock_guard lock(queue_->mutex);
  for (Question& question : queue_->questions) {
    if (question.asker == asker) {
      question.answer = nullptr;
    }
  }
}

void ResolverThread::run(const std::shared_ptr<Queue>& queue, const LookUp& look_up) {
  std::unique_lock lock(queue->mutex);
  while (true) {
    queue->asked.wait(lock, [&queue] { return queue->stopping || !queue->questions.empty(); });
    if (queue->stopping) {
      return;
    }
    if (queue->questions.front().answer) {
      const std::string host = queue->questions.front().host;
      lock.unlock();
      Addresses found = look_up(host);
      lock.lock();
      if (!queue->stopping && queue->questions.front().answer) {  // under the lock, so that withdraw() knows it over
        queue->questions.front().answer(std::move(found));
      }
    }
    queue->questions.pop_front();
  }
}

Resolver::Resolution Resolver::resolve(std::string_view host, std::uint16_t port, TimePoint deadline) {
  return {*this, host, port, deadline};
}

Resolver::Resolution::Resolution(Resolver& resolver, std::string_view host, std::uint16_t port, TimePoint deadline)
    : resolver_(resolver), host_(host), port_(port), deadline_(deadline) {}

bool Resolver::Resolution::await_ready() {
  literal_ = Address::from_ip(host_, port_);
  if (literal_) {
    return true;
  }
  const auto found = resolver_.names_.find(std::string(host_));
  return found != resolver_.names_.end() && resolver_.loop_.now() < found->second.fresh_until;
}

void Resolver::Resolution::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  const std::string host(host_);
  Name& name = resolver_.names_[host];
  next_ = std::exchange(name.waiting, this);
  timer_.context = this;
  timer_.on_expiry = expire;
  resolver_.loop_.timers().arm(timer_, deadline_);
  if (name.asked_until <= resolver_.loop_.now()) {
    resolver_.ask(host);
  }
}

void Resolver::Resolution::expire(Timer& timer) {
  auto& resolution = *static_cast<Resolution*>(timer.context);
  resolution.timed_out_ = true;
  Resolution** slot = &resolution.resolver_.names_[std::string(resolution.host_)].waiting;
  while (*slot != &resolution) {
    slot = &(*slot)->next_;
  }
  *slot = resolution.next_;
  resolution.waiter_.resume();
}

Result<Addresses> Resolver::Resolution::await_resume() {
  timer_.cancel();
  if (literal_) {
    return Addresses{*literal_};
  }
  Addresses addresses = resolver_.names_[std::string(host_)].addresses;
  if (addresses.empty()) {
    return timed_out_ ? Error{ErrorKind::timed_out, Side::upstream, 0, "the backend's name took too long to resolve"}
                      : Error{ErrorKind::unresolved, Side::upstream, 0, "the backend's name has no address"};
  }
  for (Address& address : addresses) {
    address.set_port(port_);
  }
  return addresses;
}

void Resolver::ask(const std::string& host) {
  forget_old();
  const auto answer = [this, host](Addresses addresses) {
    loop_.post([this, host, found = std::move(addresses)]() mutable { answered(host, std::move(found)); });
  };
  if (thread_.ask(host, answer, this)) {
    names_[host].asked_until = loop_.now() + asked_for;  // a full mailbox loses the answer
  }
}

void Resolver::answered(const std::string& host, Addresses addresses) {
  Name& name = names_[host];
  name.asked_until = TimePoint{};
  name.fresh_until = loop_.now() + (addresses.empty() ? failed_for : fresh_for);
  if (!addresses.empty()) {
    name.addresses = std::move(addresses);
  }
  Resolution* waiting = std::exchange(name.waiting, nullptr);
  while (waiting != nullptr) {
    std::exchange(waiting, waiting->next_)->waiter_.resume();
  }
}

void Resolver::forget_old() {
  if (names_.size() > names_max) {
    std::erase_if(names_, [&](const auto& entry) {
      return entry.second.waiting == nullptr && entry.second.asked_until <= loop_.now() &&
             entry.second.fresh_until <= loop_.now();
    });
  }
}

}  // namespace fairlead::io
