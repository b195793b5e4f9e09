// System calls that the kernel refuses to the calling thread from now on, for tests of what follows. By seccomp, which
// can't be undone: use a thread that ends with the test.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <span>

namespace fairlead::testing {

/// False: there is no seccomp here.
inline bool filter_calls(std::span<sock_filter> steps) {
  const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

}  // namespace fairlead::testing
