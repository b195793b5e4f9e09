#include "app/signals.hpp"

#include <pthread.h>

#include <initializer_list>

namespace fairlead::app {

Signals::Signals() : waiter_(::pthread_self()) {
  ::sigemptyset(&waited_for_);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, ended}) {
    ::sigaddset(&waited_for_, signal);
  }
  ::pthread_sigmask(SIG_BLOCK, &waited_for_, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

int Signals::wait() {
  int signal = 0;
  while (::sigwait(&waited_for_, &signal) != 0) {
  }
  return signal;
}

void Signals::end() {
  ::pthread_kill(waiter_, ended);
}

}  // namespace fairlead::app
